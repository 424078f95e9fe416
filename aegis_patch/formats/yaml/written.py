"""YAML as a person would have written it who knows the form that ours has.

Raises `Unusual` where an entry has no place in that form.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

import yaml

from aegis_patch.formats.named_blocks import Unusual
from aegis_patch.formats.yaml.entries import (
    ASSIGNED,
    DOUBTED,
    NAMED,
    Entry,
    Part,
    comments,
    entries,
)
from aegis_patch.formats.yaml.nodes import Node, indent, is_comment


@dataclass(slots=True)
class _Element:
    """An entry, or a comment on lines of its own: a name to find it by, and its lines."""

    name: tuple[str, str]
    lines: list[str]


def anew(ours: Part, theirs: Part) -> str:
    """All that theirs says, in the form of ours."""
    form, _ = ours.form
    wanted = [entry.said for entry in entries(theirs)] or [None]
    if form == "scalar":
        one = wanted[0][1] if isinstance(wanted[0], tuple) else " ".join(map(_text, wanted))
        return _put(ours, ours.value, _quoted(_text(one), ours.value.style))
    said = [_quoted(_text(one), _quote(ours)) for one in wanted]
    if form == "line":
        return _put(ours, ours.value, _in_brackets(ours, said))
    if form == "brackets":
        raise Unusual("brackets over several lines")
    pad = " " * _column(ours)
    head = ours.lines[ours.item.line]
    return head + "".join(f"{pad}- {one}\n" for one in said)


def with_entries(names: set[str], base: Part, ours: Part, theirs: Part) -> str:
    """Ours with these entries as theirs has them, or without them where theirs has none."""
    found = {entry.name: entry for entry in entries(theirs)}
    mine = {entry.name: entry for entry in entries(ours)}
    if not all(_is_flat(side[n].item.value) for side in (found, mine) for n in names if n in side):
        raise Unusual("more than one line says")
    new, gone = comments(theirs) - comments(base), comments(base) - comments(theirs)
    elements = _elements(ours)
    there = names & found.keys()
    kept: list[_Element] = []
    for element in elements:
        kind, name = element.name
        if kind == "entry" and name in names:
            if name in there:  # in the place where it was
                element.lines = _lines(ours, theirs, found[name])
                there.remove(name)
            else:
                continue
        elif kind == "comment" and name in gone:
            continue
        kept.append(element)
    order = _elements(theirs)
    for number, element in enumerate(order):
        kind, name = element.name
        if kind == "entry" and name in there:
            lead = _lead(order[:number], set(new))
            pad = " " * _column(ours)
            lines = [f"{pad}{text}\n" for _, text in (each.name for each in lead)]
            at = _behind(kept, order[: number - len(lead)])
            kept.insert(at, _Element(element.name, [*lines, *_lines(ours, theirs, found[name])]))
    return _joined(ours, kept)


def _lead(above: list[_Element], new: set[str]) -> list[_Element]:
    """The new comments right above."""
    lead: list[_Element] = []
    while above and above[-1].name[0] == "comment" and above[-1].name[1] in new:
        lead.insert(0, above.pop())
    return lead


def _behind(kept: list[_Element], above: list[_Element]) -> int:
    """Behind the nearest of those above that ours has, too; or before all."""
    names = [element.name for element in kept]
    for element in reversed(above):
        if names.count(element.name) == 1:
            return names.index(element.name) + 1
    return 0


def _elements(part: Part) -> list[_Element]:
    """The entries and comments of a collection, in order; all of its lines but head and foot."""
    items = {entry.item.line: entry for entry in entries(part)}
    if part.form[0] == "line":
        return [_Element(("entry", e.name), [part.source(e.item)]) for e in entries(part)]
    if part.form[0] == "scalar" or len(items) < len(part.value.items) or part.item.line in items:
        raise Unusual("entries that do not begin lines of their own")
    made: list[_Element] = []
    at, end = part.item.line + 1, _foot(part)
    while at < end:
        entry = items.get(at)
        stop = entry.item.value.stop if entry else at + 1
        while entry and stop < end and is_comment(part.lines[stop], entry.item.column + 1):
            stop += 1
        line = part.lines[at]
        if not line.strip() and made:
            made[-1].lines.append(line)
        else:
            name = ("entry", entry.name) if entry else ("comment", line.strip())
            made.append(_Element(name, part.lines[at:stop]))
        at = stop
    return made


def _joined(ours: Part, kept: list[_Element]) -> str:
    form, _ = ours.form
    if form == "line":
        said = ["".join(element.lines) for element in kept]
        return _put(ours, ours.value, _in_brackets(ours, said))
    entry_at = [at for at, element in enumerate(kept) if element.name[0] == "entry"]
    head, foot = ours.lines[ours.item.line], "".join(ours.lines[_foot(ours) : ours.stop])
    if form == "brackets":
        for at in entry_at[:-1]:
            kept[at].lines[-1] = _with_comma(kept[at].lines[-1])
    elif not entry_at:
        bare = re.fullmatch(r"( *[^ ].*:)( *(?: #.*)?\n)", head)
        if not bare:
            raise Unusual("a head that holds more")
        head = f"{bare[1]} {'{}' if ours.is_mapping else '[]'}{bare[2]}"
    return head + "".join(line for element in kept for line in element.lines) + foot


def _with_comma(line: str) -> str:
    found = re.fullmatch(r"(.*?)(,?)(\s*)(\s#.*)?\n?", line.rstrip("\n"))
    return line if not found or found[2] else f"{found[1]},{found[3]}{found[4] or ''}\n"


def _foot(part: Part) -> int:
    if part.form[0] != "brackets":
        return part.stop
    last = part.value.stop - 1
    if part.lines[last].strip().rstrip("}]"):
        raise Unusual("brackets that do not close on a line of their own")
    return last


def _column(part: Part) -> int:
    """Where the entries begin."""
    if part.form[0] == "line":
        return 0
    if part.value.items:
        return indent(part.lines[part.value.items[0].line])
    return part.item.column + 2


def _lines(ours: Part, theirs: Part, entry: Entry) -> list[str]:
    """An entry of theirs as ours would have it."""
    form, _ = ours.form
    said = _keyed(ours, theirs, entry) if ours.is_mapping else [_item(ours, theirs, entry)]
    if form == "line":
        return said
    if form == "brackets":
        said[-1] += ","
    elif not ours.is_mapping:
        said[0] = f"- {said[0]}"
    pad = " " * _column(ours)
    return [f"{pad}{line}\n" for line in said]


def _item(ours: Part, theirs: Part, entry: Entry) -> str:
    key, said, value = ours.key, entry.said, entry.item.value
    if not theirs.is_mapping:
        if value.kind is not yaml.ScalarEvent:
            return _one_line(theirs.source(entry.item))
        return _quoted(value.said, _quote(ours, value.style))
    if key in ASSIGNED and (said is None or isinstance(said, str)):
        text = entry.name if said is None else f"{entry.name}={said}"
        return _quoted(text, _quote(ours, ""))
    if key in NAMED and said == NAMED[key]:
        return _quoted(entry.name, _quote(ours, ""))
    raise Unusual("more than a list holds")


def _keyed(ours: Part, theirs: Part, entry: Entry) -> list[str]:
    if theirs.is_mapping:
        key, value = theirs.text[entry.item.start : entry.item.end], entry.item.value
        return _valued(ours, theirs, key, value)
    key = _quoted(entry.name, "")
    if entry.said is None:
        return [f"{key}:"]
    if isinstance(entry.said, str):
        return [f"{key}: {_quoted(entry.said, _quote(ours))}"]
    if not isinstance(entry.said, dict):
        raise Unusual("no text, and no entry with keys")
    rows = [f"{inner}: {_quoted(said, '')}" for inner, said in entry.said.items()]
    return _nested(ours, key, rows, in_lines=True)


def _valued(ours: Part, theirs: Part, key: str, value: Node) -> list[str]:
    source = theirs.text[value.start : value.end].strip()
    if value.kind is not yaml.MappingStartEvent or not value.items:
        return [f"{key}: {_one_line(source)}".rstrip()]
    rows = [_one_line(theirs.source(item)) for item in value.items]
    keep = value.flow and "\n" not in source
    made = _nested(ours, key, rows, in_lines=not value.flow)
    return [f"{key}: {source}"] if keep and len(made) == 1 else made


def _nested(ours: Part, key: str, rows: list[str], *, in_lines: bool) -> list[str]:
    """A mapping in one of ours: over several lines as the others there are, or in braces."""
    beside = [item.value for item in ours.value.items if item.value.items]
    if beside and ours.key in NAMED:
        in_lines = not beside[-1].flow
    if in_lines and ours.form[0] == "lines":
        return [f"{key}:", *(f"  {row}" for row in rows)]
    return [f"{key}: {{ {', '.join(rows)} }}"]


def _in_brackets(ours: Part, said: list[str]) -> str:
    source = ours.text[ours.value.start : ours.value.end]
    inner = source[1:-1]
    pad = " " if inner.startswith(" ") or (not inner and ours.is_mapping) else ""
    return source[0] + (f"{pad}{', '.join(said)}{pad}" if said else "") + source[-1]


def _put(part: Part, node: Node, made: str) -> str:
    """The part with something else in the place of a node."""
    start = part.text.rfind("\n", 0, part.item.start) + 1
    end = start + len("".join(part.lines[part.item.line : part.stop]))
    return part.text[start : node.start] + made + part.text[node.end : end]


def _quote(part: Part, otherwise: str = '"') -> str:
    """How the scalars of a collection are quoted, if all are so."""
    styles = {i.value.style for i in part.value.items if i.value.kind is yaml.ScalarEvent}
    return styles.pop() if len(styles) == 1 else otherwise


def _quoted(text: str, style: str) -> str:
    """A text in quotes like these, if it can be; in double ones where it needs them."""
    if not text.isprintable():
        raise Unusual("a text of several lines")
    if style == "'":
        return "'" + text.replace("'", "''") + "'"
    if not style and not DOUBTED.fullmatch(text):
        try:
            if yaml.safe_load(f"[{text}]") == [text] == yaml.safe_load(f"- {text}"):
                return text
        except yaml.YAMLError:
            pass
    return json.dumps(text, ensure_ascii=False)


def _text(said: object) -> str:
    if not isinstance(said, str):
        raise Unusual("no text")
    return said


def _one_line(source: str) -> str:
    if "\n" in source.strip():
        raise Unusual("a text of several lines")
    return source.strip()


def _is_flat(node: Node) -> bool:
    return not any(item.value.items for item in node.items)
