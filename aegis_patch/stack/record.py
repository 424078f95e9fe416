"""The record `aegis.toml`: a stack, written into a file of the pristine tree.

Its values are read and written by key, never merged as text; everything else in it is the user's.
The installed components are above the anchor `# yours below`. `[yours]`, which holds what the user
had written before a component brought the same, stands at the end, and only where there is such.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from aegis_patch.errors import Refused
from aegis_patch.formats import anchors, bounded_parsers
from aegis_patch.stack.stack import WHOLE, Presence, Stack, Yours, by_path

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

    What has no place there goes to the end of its section.

    Raises:
        Refused: the skeleton is written so that our values cannot be put into it.
    """
    text = "".join(_filled(skeleton, stack)).encode()
    written = parse(text)
    # A newer release may ask more; its own answers then stand in the skeleton.
    if written != replace(stack, answers={**written.answers, **stack.answers}):
        raise _nonsense("aegis can't write its values into it", RECORD)
    return text


def strip(record: bytes) -> bytes:
    """A record's skeleton: comments and the user's own lines, without our values."""
    out: list[str] = []
    section = ""
    for line in _lines(record):
        header = _section(line)
        section = header or section
        if section == "yours" and (header or line.strip()[:1] not in ("", "#")):
            if header and out and not out[-1].strip():
                out.pop()
            continue
        key = _key_of(line)
        if section == "components" and key:
            continue
        ours = section == "upstream" and key in ("url", "release", "commit")
        end = "\r\n" if line.endswith("\r\n") else "\n"
        out.append(f'{key} = ""{end}' if ours else line)
    return "".join(out).encode()


def with_comments(record: bytes, ours: bytes) -> bytes:
    """A record whose values have the comments that stand behind the same values of ours.

    Where a value has gone, its comment becomes a line above the anchor, or the last one.
    """
    comments = _comments(ours)
    there = {key for key, _ in _values(record)}
    alone = {key: said.lstrip() for key, said in comments.items() if key not in there}
    out = []
    for (section, key), line in _values(record):
        value = line.rstrip("\r\n")
        end = line[len(value) :]
        if section == "components" and _is_anchor(line):
            out += [said + (end or "\n") for said in alone.values()]
            alone.clear()
        comment = "" if _COMMENT.search(value) else comments.get((section, key), "")
        out.append(value + comment + end)
    _finish(out, {" ".join(key): said for key, said in alone.items()}, "\n")
    return "".join(out).encode()


def _comments(record: bytes) -> dict[tuple[str, str], str]:
    """What stands behind our values, by section and key."""
    comments: dict[tuple[str, str], str] = {}
    for (section, key), line in _values(record):
        found = _COMMENT.search(line.rstrip())
        if key and section in _OURS and found:
            comments[section, key] = found.group(1).rstrip()
    return comments


def _filled(skeleton: bytes, stack: Stack) -> list[str]:
    end = "\r\n" if b"\r\n" in skeleton else "\n"
    left = _written(stack)
    replaced = {(section, key) for section in ("upstream", "answers") for key in left[section]}
    out: list[str] = []
    section = ""
    for line in _lines(strip(skeleton)):
        if header := _section(line):
            _finish(out, left.pop(section, {}), end)
            section = header
        if section == "components" and _is_anchor(line):
            out += [value + end for value in left.pop(section, {}).values()]
        key = _key_of(line)
        out.append(left[section].pop(key, "") + end if (section, key) in replaced else line)
    _finish(out, left.pop(section, {}), end)
    for header, values in left.items():
        out.append(f"{end}[{header}]{end}")
        _finish(out, values, end)
    _end_with_yours(out, stack.yours, end)
    return out


def _written(stack: Stack) -> dict[str, dict[str, str]]:
    """Our values as lines, by section and key."""
    upstream = {"url": stack.url, "release": stack.release, "commit": stack.commit}
    return {
        "upstream": {key: f"{key} = {_quoted(value)}" for key, value in upstream.items()},
        "answers": {key: f"{_key(key)} = {_quoted(value)}" for key, value in stack.answers.items()},
        "components": {name: _line(name, by) for name, by in sorted(stack.present.items())},
    }


def _end_with_yours(out: list[str], yours: Yours, end: str) -> None:
    if not yours:
        return
    if out and not out[-1].endswith("\n"):
        out[-1] += end
    out.append(f"{end}{_YOURS}{end}")
    out += [f"{line}{end}" for line in _yours_lines(yours)]


def _values(record: bytes) -> Iterator[tuple[tuple[str, str], str]]:
    section = ""
    for line in _lines(record):
        section = _section(line) or section
        yield (section, _key_of(line)), line


def _presence(value: Mapping[str, Any]) -> Presence:
    if value["by"] not in ("you", "need"):
        raise ValueError(f'by = "{value["by"]}" is neither "you" nor "need"')
    return Presence(str(value["release"]), value["by"])


def _yours(table: Mapping[str, Any]) -> Yours:
    """What the table says: a path with its lines, or with `true` for a whole file."""
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


def _lines(text: bytes) -> list[str]:
    # Not str.splitlines: a description may hold a NEL or a U+2028, which end no line in TOML.
    return re.findall(r"[^\n]*\n|[^\n]+", text.decode())


def _section(line: str) -> str:
    """The table that a line opens, by its name; "" if it opens none."""
    header = _HEADER.match(line)
    return "".join(header.group(1).split()) if header else ""


def _is_anchor(line: str) -> bool:
    return anchors.is_anchor(line.encode())


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


def _finish(out: list[str], values: Mapping[str, str], end: str) -> None:
    # What has no place of its own goes to the section's end, before its blank lines.
    if not values:
        return
    blank: list[str] = []
    while out and not out[-1].strip():
        blank.append(out.pop())
    if out and not out[-1].endswith("\n"):
        out[-1] += end
    out += [line + end for line in values.values()]
    out += blank


def _quoted(text: str) -> str:
    # A JSON string is a TOML basic string once DEL, which TOML forbids, is escaped.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _nonsense(what: str, where: str) -> Refused:
    return Refused(
        f"{where} can't be parsed: {what}",
        where=where,
        next=f"git log -p -- {where}",
    )
