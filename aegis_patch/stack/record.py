"""The record `aegis.toml`: a stack, written into a file of the pristine tree.

Its values are read and written by key, never merged as text; everything else in it is the user's.
The installed components are above the anchor `# yours below`. `[yours]` is at the end, if the user
had written something before a component brought the same.
"""

from __future__ import annotations

import codecs
import functools
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any

from aegis_patch.errors import Refused
from aegis_patch.formats import anchors, bounded_parsers
from aegis_patch.stack.stack import WHOLE, Presence, Stack, Yours, by_path
from aegis_patch.values import replace

RECORD = "aegis.toml"
_YOURS = "[yours]  # yours before a component brought the same; kept when it is removed"
_HEADER = r"\s*\[+([^\[\]]+)\]+\s*(?:#.*)?$"
_COMMENT = r"""=\s*(?:"(?:[^"\\]|\\.)*"|'[^']*'|\{[^}]*\})(\s*#.*)$"""
_KEY = r"""\s*([A-Za-z0-9_-]+|"(?:[^"\\]|\\.)*"|'[^']*')\s*="""
_FORM = 'a value has another form than in `worker = { release = "0.10.0", by = "you" }`'
_Section = tuple[str, list[str]]  # its name, and its lines


@functools.lru_cache(maxsize=64)
def parse(text: bytes, where: str = RECORD) -> Stack:
    """Read a record.

    Raises:
        Refused: it isn't TOML, or lacks something.
    """
    try:
        record: dict[str, Any] = bounded_parsers.toml(text.decode())
        upstream, answers = record["upstream"], record["answers"]
        fields = [str(upstream[key]) for key in ("url", "release", "commit")]
        present = {name: _presence(value) for name, value in record["components"].items()}
        yours = _yours(record.get("yours", {}))
        if not all(isinstance(value, str) for value in answers.values()):
            raise ValueError("every answer is a string")
        if "" in present:  # which `write` could not replace
            raise ValueError('a component has the name ""')
        if "\0" in "".join([*fields, *(each.release for each in present.values())]):
            raise ValueError("a URL or a release has a null character")  # no command takes one
    except KeyError as error:
        raise _nonsense(f"{error.args[0]} is missing", where) from error
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        marked = re.search(rb"^<<<<<<< ", text, re.MULTILINE)
        line = text[: marked.start()].count(b"\n") + 1 if marked else 0
        what = str(error) if isinstance(error, ValueError) else _FORM
        what = f"it has conflict markers, from line {line}" if marked else what
        what = "it begins with a byte-order mark" if text.startswith(codecs.BOM_UTF8) else what
        raise _nonsense(what, where) from error
    return Stack(fields[0], fields[1], fields[2], answers, present, yours)


def write(record: bytes, stack: Stack) -> bytes:
    """Write a stack into a record, in place: its values are replaced, names go above the anchor.

    So the user's comments stay after the same value and above the same component. The comment of a
    removed value becomes a line of its own.

    Raises:
        Refused: our values can't be written into this record.
    """
    text = _filled(record, stack).encode()
    with suppress(Refused):
        written = parse(text)
        # A newer release may ask more questions; its own answers are then in the record.
        if written == replace(stack, answers={**written.answers, **stack.answers}):
            return text
    raise _nonsense("aegis can't write its values into it", RECORD)


def _filled(record: bytes, stack: Stack) -> str:
    end = "\r\n" if b"\r\n" in record else "\n"
    sections = _without_yours(_sections(record))
    for name, values in _written(stack).items():
        lines = _section(sections, name, end)
        lines[:] = _replaced(lines, values, end, is_whole=name == "components")
        for key, value in values.items():
            _insert(lines, key if name == "components" else "", value, end)
    if stack.yours:
        lines = _section(sections, "yours", end, _YOURS)
        for line in _yours_lines(stack.yours):
            _insert(lines, "", line, end)
    return "".join(line for _, lines in sections for line in lines)


def _without_yours(sections: Iterable[_Section]) -> list[_Section]:
    """The sections without the learnt lines; comments there are the user's."""
    kept = list[_Section]()
    for name, lines in sections:
        if name != "yours":
            kept.append((name, lines))
            continue
        above = kept[-1][1]
        if above and not above[-1].strip():
            above.pop()
        above += [line for line in lines if line.strip()[:1] in ("", "#")]
    return kept


def _replaced(
    lines: Iterable[str], values: dict[str, str], end: str, *, is_whole: bool
) -> Iterator[str]:
    """A section's lines with its values, which are removed from `values`.

    If these are the whole section, other values are removed, but leave their comments.
    """
    for line in lines:
        key = _key_of(line)
        found = re.search(_COMMENT, line.rstrip())
        comment = found[1].rstrip() if found else ""
        if key in values:
            yield values.pop(key) + comment + end
        elif not (key and is_whole):
            yield line
        elif comment:
            yield comment.lstrip() + end


def _written(stack: Stack) -> dict[str, dict[str, str]]:
    """Our values as lines, by section and key."""
    upstream = {"url": stack.url, "release": stack.release, "commit": stack.commit}
    return {
        "upstream": {key: f"{key} = {_quoted(value)}" for key, value in upstream.items()},
        "answers": {key: f"{_key(key)} = {_quoted(value)}" for key, value in stack.answers.items()},
        "components": {name: _line(name, by) for name, by in sorted(stack.present.items())},
    }


# Sections and lines of a record.


def _sections(record: bytes) -> list[_Section]:
    """The sections by name, each with its header; lines above the first header have none."""
    sections: list[_Section] = [("", [])]
    # Not str.splitlines: a description may hold a NEL or a U+2028, which end no line in TOML.
    for line in re.findall(r"[^\n]*\n|[^\n]+", record.decode()):
        if header := re.match(_HEADER, line):
            sections.append(("".join(header.group(1).split()), []))
        sections[-1][1].append(line)
    return sections


def _section(sections: list[_Section], name: str, end: str, header: str = "") -> list[str]:
    """The lines of a section, which is added if it is missing."""
    for known, lines in sections:
        if known == name:
            return lines
    if sections[-1][1] and not sections[-1][1][-1].endswith("\n"):
        sections[-1][1][-1] += end
    sections.append((name, [f"{end}{header or f'[{name}]'}{end}"]))
    return sections[-1][1]


def _insert(lines: list[str], key: str, new: str, end: str) -> None:
    """Insert a line after the last lesser key, or above the first; without a key or other keys,
    above a section's anchor, or else at its end, before blank lines.
    """
    at = len(lines)
    while at and not lines[at - 1].strip():
        at -= 1
    for number, line in enumerate(lines):
        if anchors.is_anchor(line.encode()):
            at = number
    known = [(_key_of(line), number) for number, line in enumerate(lines) if _key_of(line)]
    if key and known:
        lesser = [number for other, number in known if other < key]
        at = lesser[-1] + 1 if lesser else known[0][1]
    if at and not lines[at - 1].endswith("\n"):
        lines[at - 1] += end
    lines.insert(at, new + end)


def _presence(value: Mapping[str, Any]) -> Presence:
    if value["by"] not in ("you", "need"):
        raise ValueError(f'by = "{value["by"]}" is neither "you" nor "need"')
    return Presence(str(value["release"]), value["by"])


def _yours(table: Mapping[str, Any]) -> Yours:
    """The pairs of a table: a path with its lines, or with `true` for a whole file."""
    pairs = set[tuple[str, str]]()
    for path, lines in table.items():
        if lines is True:
            pairs.add((path, WHOLE))
        elif isinstance(lines, list) and all(isinstance(line, str) for line in lines):
            pairs.update((path, line) for line in lines)
        else:
            raise ValueError(f"yours: {path} is neither a list of lines nor true")
    return frozenset(pairs)


def _yours_lines(yours: Yours) -> Iterator[str]:
    for path, lines in by_path(yours).items():
        written = "true" if WHOLE in lines else f"[{', '.join(map(_quoted, sorted(lines)))}]"
        yield f"{_key(path)} = {written}"


@functools.lru_cache(maxsize=1000)
def _key_of(line: str) -> str:
    """The key that a line sets; "" if it sets none."""
    found = re.match(_KEY, line)
    if not found or found[1][0] not in "\"'":
        return found[1] if found else ""
    try:
        return next(iter(bounded_parsers.toml(f"{found.group(1)} = 0")))
    except ValueError:
        return ""


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _quoted(name)


def _line(name: str, there: Presence) -> str:
    return f'{_key(name)} = {{ release = {_quoted(there.release)}, by = "{there.by}" }}'


def _quoted(text: str) -> str:
    # A JSON string is a TOML basic string once DEL, which TOML forbids, is escaped.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _nonsense(what: str, where: str) -> Refused:
    return Refused(f"{where} can't be parsed: {what}", where=where, next=f"git log -p -- {where}")
