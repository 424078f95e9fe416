"""A Stack is a value: a release, the answers and what is present; `aegis.toml` is its record.

The record is a file of the pristine tree. Its slots (`# slot: NAME`) belong to the release, its
values are read and written by key, never merged as text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from aegis_patch import documents
from aegis_patch.component import Catalogue, closure, is_chosen, requirements
from aegis_patch.errors import Refused

RECORD = "aegis.toml"
CORE = "core"
By = Literal["you", "need"]
_OURS = ("upstream", "answers", "components")  # the sections whose values are ours to write
_HEADER = re.compile(r"\s*\[+([^\[\]]+)\]+\s*(?:#.*)?$")
_COMMENT = re.compile(r"""=\s*(?:"(?:[^"\\]|\\.)*"|'[^']*'|\{[^}]*\})(\s*#.*)$""")
_KEY = re.compile(r"""\s*([A-Za-z0-9_-]+|"(?:[^"\\]|\\.)*"|'[^']*')\s*=""")


@dataclass(frozen=True, slots=True)
class Presence:
    """That a component is there: from which release, and who asked for it."""

    release: str
    by: By


@dataclass(frozen=True, slots=True)
class Stack:
    """A release of an upstream, the answers, and the names that are present.

    `present` holds every name, integrations included; the core is always there and not in it.
    """

    url: str
    release: str
    commit: str
    answers: Mapping[str, str]
    present: Mapping[str, Presence]

    @property
    def names(self) -> frozenset[str]:
        """Every present name."""
        return frozenset(self.present)

    def chosen(self) -> frozenset[str]:
        """The names that the user asked for."""
        return frozenset(name for name, there in self.present.items() if there.by == "you")


def add(stack: Stack, catalogue: Catalogue, name: str) -> Stack:
    """The stack with `name`, what it requires, and the integrations that become due."""
    return _closed(stack, catalogue, stack.names | {name}, stack.chosen() | {name})


def remove(stack: Stack, catalogue: Catalogue, name: str, keep: Iterable[str] = ()) -> Stack:
    """The stack without `name`, its variants, what only they needed, and integrations now undue.

    A requirement in `keep` stays, and is the user's from now on.
    """
    kept = frozenset(keep)
    gone = _with_variants(stack, catalogue, name) | frozenset(orphans(stack, catalogue, name))
    names = stack.names - (gone - kept)
    return _closed(stack, catalogue, names, (stack.chosen() | kept) & names)


def orphans(stack: Stack, catalogue: Catalogue, name: str) -> tuple[str, ...]:
    """What is there by need, was needed by `name` or its variants, and by nothing without them."""
    leaving = gone = _with_variants(stack, catalogue, name)
    needed = requirements(catalogue, leaving) & stack.names
    while True:
        left = [other for other in stack.names - gone if is_chosen(catalogue[other])]
        still = requirements(
            catalogue, [need for other in left for need in catalogue[other].requires]
        )
        found = {n for n in needed - gone - still if stack.present[n].by == "need"}
        if not found:
            return tuple(sorted(gone - leaving))
        gone |= found


def rebase(stack: Stack, catalogue: Catalogue, url: str, release: str, commit: str) -> Stack:
    """The closure of the stack at another release."""
    moved = replace(stack, url=url, release=release, commit=commit)
    return _closed(moved, catalogue, stack.names, stack.chosen())


def closed(stack: Stack, catalogue: Catalogue) -> Stack:
    """The closure of a stack at its own release."""
    return rebase(stack, catalogue, stack.url, stack.release, stack.commit)


def answer(stack: Stack, answers: Mapping[str, str]) -> Stack:
    """The stack under other answers."""
    return replace(stack, answers={**stack.answers, **answers})


def parse(text: bytes, where: str = RECORD) -> Stack:
    """Read a record.

    Raises:
        Refused: it is not TOML, or does not say what a record has to say.
    """
    try:
        record: dict[str, Any] = documents.toml(text.decode())
        upstream, answers = record["upstream"], record["answers"]
        fields = [str(upstream[key]) for key in ("url", "release", "commit")]
        present = {name: _presence(value) for name, value in record["components"].items()}
        if not all(isinstance(value, str) for value in answers.values()):
            raise TypeError("every answer is a string")
    except KeyError as error:
        raise _nonsense(f"{error.args[0]} is missing", where) from error
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        marked = re.search(rb"^<<<<<<< ", text, re.MULTILINE)
        line = text[: marked.start()].count(b"\n") + 1 if marked else 0
        what = f"conflict markers are in it, from line {line}" if marked else str(error)
        raise _nonsense(what, where) from error
    return Stack(fields[0], fields[1], fields[2], answers, present)


def write(skeleton: bytes, stack: Stack) -> bytes:
    """Write a stack into a record's skeleton: its values replaced, each name below its slot.

    What has no place of its own there goes to the end of its section.

    Raises:
        Refused: the skeleton is written so that our values cannot be put into it.
    """
    end = "\r\n" if b"\r\n" in skeleton else "\n"
    wanted = {
        "upstream": {"url": stack.url, "release": stack.release, "commit": stack.commit},
        "answers": dict(stack.answers),
        "components": dict[str, str](),
    }
    left = {
        section: {key: f"{_key(key)} = {_quoted(value)}" for key, value in values.items()}
        for section, values in wanted.items()
    }
    left["components"] = {name: _line(name, there) for name, there in sorted(stack.present.items())}
    out: list[str] = []
    section = ""
    for line in _lines(strip(skeleton)):
        if header := _section(line):
            _finish(out, left.pop(section, {}), end)
            section = header
        slot = line.removeprefix("# slot: ").strip() if line.startswith("# slot: ") else ""
        key = _key_of(line)
        if key in wanted.get(section, {}):
            out.append(left[section].pop(key, "") + end)
        else:
            out.append(line)
        if section == "components" and slot in left.get(section, {}):
            out.append(left[section].pop(slot) + end)
    _finish(out, left.pop(section, {}), end)
    for header, values in left.items():
        out.append(f"{end}[{header}]{end}")
        _finish(out, values, end)
    text = "".join(out).encode()
    written = parse(text)
    # A newer release may ask more; its own answers then stand in the skeleton.
    if replace(written, answers={**written.answers, **stack.answers}) != replace(
        stack, answers=written.answers
    ):
        raise _nonsense("aegis cannot write its values into it", RECORD)
    return text


def strip(record: bytes) -> bytes:
    """A record's skeleton: comments and the user's own lines, without our values."""
    out: list[str] = []
    section = ""
    for line in _lines(record):
        section = _section(line) or section
        key = _key_of(line)
        if section == "components" and key:
            continue
        ours = section == "upstream" and key in ("url", "release", "commit")
        end = "\r\n" if line.endswith("\r\n") else "\n"
        out.append(f'{key} = ""{end}' if ours else line)
    return "".join(out).encode()


def with_comments(record: bytes, ours: bytes) -> bytes:
    """A record whose values have the comments that stand behind the same values of ours.

    Where a value has gone, its comment becomes a line below its slot.
    """
    comments = {
        (section, key): found.group(1).rstrip()
        for (section, key), line in _values(ours)
        if key and section in _OURS and (found := _COMMENT.search(line.rstrip()))
    }
    there = {key for key, _ in _values(record)}
    alone = {key: said.lstrip() for key, said in comments.items() if key not in there}
    out = []
    for (section, key), line in _values(record):
        value = line.rstrip("\r\n")
        bare = (section, key) in comments and not _COMMENT.search(value)
        out.append(value + (comments[section, key] if bare else "") + line[len(value) :])
        slot = line.removeprefix("# slot: ").strip() if line.startswith("# slot: ") else ""
        if said := alone.pop((section, slot), ""):
            out.append(said + (line[len(value) :] or "\n"))
    _finish(out, {" ".join(key): said for key, said in alone.items()}, "\n")
    return "".join(out).encode()


def _values(record: bytes) -> Iterator[tuple[tuple[str, str], str]]:
    section = ""
    for line in _lines(record):
        section = _section(line) or section
        yield (section, _key_of(line)), line


def _closed(
    stack: Stack, catalogue: Catalogue, names: Iterable[str], chosen: frozenset[str]
) -> Stack:
    seeds = [name for name in names if catalogue[name].kind != "integration"]
    present = {
        name: Presence(stack.release, "you" if name in chosen else "need")
        for name in sorted(closure(catalogue, seeds))
    }
    return replace(stack, present=present)


def _with_variants(stack: Stack, catalogue: Catalogue, name: str) -> frozenset[str]:
    variants = (other for other in stack.names if catalogue[other].kind == "variant")
    return frozenset(v for v in variants if name in requirements(catalogue, [v])) | {name}


def _presence(value: Mapping[str, Any]) -> Presence:
    if value["by"] not in ("you", "need"):
        raise ValueError(f'by = "{value["by"]}" is neither "you" nor "need"')
    return Presence(str(value["release"]), value["by"])


def _lines(text: bytes) -> list[str]:
    # Not str.splitlines: a description may hold a NEL or a U+2028, which end no line in TOML.
    return re.findall(r"[^\n]*\n|[^\n]+", text.decode())


def _section(line: str) -> str:
    """The table that a line opens, by its name; "" if it opens none."""
    header = _HEADER.match(line)
    return "".join(header.group(1).split()) if header else ""


def _key_of(line: str) -> str:
    """The key that a line sets; "" if it sets none."""
    found = _KEY.match(line)
    if not found:
        return ""
    try:
        return next(iter(documents.toml(f"{found.group(1)} = 0")))
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
        f"the record does not make sense: {what}",
        where=where,
        next=f"git log -p -- {where}, and put back what it said",
    )
