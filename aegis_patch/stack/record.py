"""The record `aegis.toml`: a stack, written into a file of the pristine tree.

Its values are read and written by key, never merged as text; everything else in it is the user's.
The installed components are above the anchor `# yours below`. `[yours]`, which holds what the user
had written before a component brought the same, stands at the end, and only where there is such.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from aegis_patch.errors import Refused
from aegis_patch.formats import anchors, bounded_parsers
from aegis_patch.stack.stack import WHOLE, Presence, Stack, Yours, by_path
from aegis_patch.values import replace

RECORD = "aegis.toml"
_OURS = ("upstream", "answers", "components")  # the sections whose values are ours to write
_YOURS = "[yours]  # yours before a component brought the same; kept when it is removed"
_HEADER = re.compile(r"\s*\[+([^\[\]]+)\]+\s*(?:#.*)?$")
_COMMENT = re.compile(r"""=\s*(?:"(?:[^"\\]|\\.)*"|'[^']*'|\{[^}]*\})(\s*#.*)$""")
_KEY = re.compile(r"""\s*([A-Za-z0-9_-]+|"(?:[^"\\]|\\.)*"|'[^']*')\s*=""")


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
            raise TypeError("every answer is a string")
    except KeyError as error:
        raise _nonsense(f"{error.args[0]} is missing", where) from error
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        marked = re.search(rb"^<<<<<<< ", text, re.MULTILINE)
        line = text[: marked.start()].count(b"\n") + 1 if marked else 0
        what = f"it has conflict markers, from line {line}" if marked else str(error)
        raise _nonsense(what, where) from error
    return Stack(fields[0], fields[1], fields[2], answers, present, yours)


def write(skeleton: bytes, stack: Stack) -> bytes:
    """Write a stack into a record's skeleton: its values replaced, the names above the anchor.

    A value without a place goes to the end of its section.

    Raises:
        Refused: our values can't be written into this skeleton.
    """
    text = _filled(skeleton, stack).encode()
    written = parse(text)
    # A newer release may ask more; its own answers then stand in the skeleton.
    if written != replace(stack, answers={**written.answers, **stack.answers}):
        raise _nonsense("aegis can't write its values into it", RECORD)
    return text


def strip(record: bytes) -> bytes:
    """A record's skeleton: comments and the user's own lines, without our values."""
    out: list[str] = []
    for name, lines in _sections(record):
        if name == "yours" and out and not out[-1].strip():
            out.pop()
        out += _stripped(name, lines)
    return "".join(out).encode()


def _stripped(name: str, lines: Iterable[str]) -> Iterable[str]:
    """The lines of a section without our values."""
    if name == "yours":
        return [line for line in lines if line.strip()[:1] in ("", "#")]
    if name == "components":
        return [line for line in lines if not _key_of(line)]
    return map(_emptied, lines) if name == "upstream" else lines


def with_comments(record: bytes, ours: bytes) -> bytes:
    """A record with the comments that ours has behind the same values and above them.

    If a value is gone, its comment becomes a line of its own where the components end.
    """
    comments = _comments(ours)
    sections = _sections(record)
    for name, lines in sections:
        for at, line in enumerate(lines):
            comment = comments.pop((name, _key_of(line)), "")
            value = line.rstrip("\r\n")
            if comment and not _COMMENT.search(value):
                lines[at] = value + comment + line[len(value) :]
    left = [comment.lstrip() for comment in comments.values()]
    components = _section(sections, "components", "\n")
    _move_above(components, _lines_above(ours))
    _insert(components, left, "\n")
    return _joined(sections).encode()


def _comments(record: bytes) -> dict[tuple[str, str], str]:
    """The comments behind our values, by section and key."""
    comments: dict[tuple[str, str], str] = {}
    for name, lines in _sections(record):
        for line in lines if name in _OURS else ():
            found = _COMMENT.search(line.rstrip())
            if found and (key := _key_of(line)):
                comments[name, key] = found.group(1).rstrip()
    return comments


def _lines_above(record: bytes) -> dict[str, list[str]]:
    """The user's own lines above a component, by its name; what is above the first stays there."""
    above: dict[str, list[str]] = {}
    own: list[str] = []
    is_first = True
    for line in _section(_sections(record), "components", "\n")[1:]:
        if not (key := _key_of(line)):
            own.append(line)
            continue
        if own and not is_first:
            above[key] = own
        own, is_first = [], False
    return above


def _move_above(lines: list[str], above: Mapping[str, list[str]]) -> None:
    """Put the user's own lines above the same component again, as far as both are there."""
    for key, own in above.items():
        keys = [_key_of(line) for line in lines]
        if key in keys and all(line in lines for line in own):
            for line in own:
                lines.remove(line)
            at = [_key_of(line) for line in lines].index(key)
            lines[at:at] = own


def _filled(skeleton: bytes, stack: Stack) -> str:
    end = "\r\n" if b"\r\n" in skeleton else "\n"
    sections = _sections(strip(skeleton))
    for name, values in _written(stack).items():
        lines = _section(sections, name, end)
        for at, line in enumerate(lines):
            if value := values.pop(_key_of(line), ""):
                lines[at] = value + end
        _insert(lines, values.values(), end)
    if stack.yours:
        _insert(_section(sections, "yours", end, _YOURS), _yours_lines(stack.yours), end)
    return _joined(sections)


def _written(stack: Stack) -> dict[str, dict[str, str]]:
    """Our values as lines, by section and key."""
    upstream = {"url": stack.url, "release": stack.release, "commit": stack.commit}
    return {
        "upstream": {key: f"{key} = {_quoted(value)}" for key, value in upstream.items()},
        "answers": {key: f"{_key(key)} = {_quoted(value)}" for key, value in stack.answers.items()},
        "components": {name: _line(name, by) for name, by in sorted(stack.present.items())},
    }


# Sections and lines of a record.


def _sections(record: bytes) -> list[tuple[str, list[str]]]:
    """The sections by name, each with its header; lines above the first header have none."""
    sections: list[tuple[str, list[str]]] = [("", [])]
    # Not str.splitlines: a description may hold a NEL or a U+2028, which end no line in TOML.
    for line in re.findall(r"[^\n]*\n|[^\n]+", record.decode()):
        if header := _HEADER.match(line):
            sections.append(("".join(header.group(1).split()), []))
        sections[-1][1].append(line)
    return sections


def _section(
    sections: list[tuple[str, list[str]]], name: str, end: str, header: str = ""
) -> list[str]:
    """The lines of a section, which is added if it is missing."""
    for known, lines in sections:
        if known == name:
            return lines
    if sections[-1][1] and not sections[-1][1][-1].endswith("\n"):
        sections[-1][1][-1] += end
    sections.append((name, [f"{end}{header or f'[{name}]'}{end}"]))
    return sections[-1][1]


def _insert(lines: list[str], new: Iterable[str], end: str) -> None:
    """Put lines in above a section's anchor, or else at its end, before blank lines."""
    at = len(lines)
    while at and not lines[at - 1].strip():
        at -= 1
    for number, line in enumerate(lines):
        if anchors.is_anchor(line.encode()):
            at = number
    put_in = [line + end for line in new]
    if put_in and at and not lines[at - 1].endswith("\n"):
        lines[at - 1] += end
    lines[at:at] = put_in


def _joined(sections: Iterable[tuple[str, list[str]]]) -> str:
    return "".join(line for _, lines in sections for line in lines)


def _emptied(line: str) -> str:
    """A line of ours without its value."""
    key = _key_of(line)
    end = "\r\n" if line.endswith("\r\n") else "\n"
    return f'{key} = ""{end}' if key in ("url", "release", "commit") else line


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


def _key_of(line: str) -> str:
    """The key that a line sets; "" if it sets none."""
    found = _KEY.match(line)
    if not found:
        return ""
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
