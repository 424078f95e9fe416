"""A Stack is a value: a release, the answers and what is present; `aegis.toml` is its record.

The record is a file of the pristine tree. Its slots (`# slot: NAME`) belong to the release, its
values are read and written by key, never merged as text.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from aegis_patch.component import Catalogue, closure, dependants, requirements
from aegis_patch.errors import Refused

RECORD = "aegis.toml"
CORE = "core"
By = Literal["you", "need"]


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
    """The stack without `name`, its variants, what only it needed, and integrations now undue.

    A requirement in `keep` stays, and is the user's from now on.
    """
    kept = frozenset(keep)
    gone = {name} | {other for other in stack.names if _varies(catalogue, other, name)}
    for need in orphans(stack, catalogue, name):
        if need not in kept:
            gone.add(need)
    names = stack.names - gone
    return _closed(stack, catalogue, names, (stack.chosen() | kept) & names)


def orphans(stack: Stack, catalogue: Catalogue, name: str) -> tuple[str, ...]:
    """What is there by need, was needed by `name`, and would be needed by nothing without it."""
    gone = {name}
    needed = [need for need in sorted(requirements(catalogue, [name])) if need in stack.present]
    while True:
        left = stack.names - gone
        found = [
            need
            for need in needed
            if need in left
            and stack.present[need].by == "need"
            and not dependants(catalogue, need, left)
        ]
        if not found:
            return tuple(sorted(gone - {name}))
        gone.update(found)


def rebase(stack: Stack, catalogue: Catalogue, url: str, release: str, commit: str) -> Stack:
    """The closure of the stack at another release."""
    moved = replace(stack, url=url, release=release, commit=commit)
    return _closed(moved, catalogue, stack.names, stack.chosen())


def answer(stack: Stack, answers: Mapping[str, str]) -> Stack:
    """The stack under other answers."""
    return replace(stack, answers={**stack.answers, **answers})


def parse(text: bytes, where: str = RECORD) -> Stack:
    """Read a record.

    Raises:
        Refused: it is not TOML, or does not say what a record has to say.
    """
    try:
        record: dict[str, Any] = tomllib.loads(text.decode())
        upstream, answers = record["upstream"], record["answers"]
        fields = [str(upstream[key]) for key in ("url", "release", "commit")]
        present = {name: _presence(value) for name, value in record["components"].items()}
        if not all(isinstance(value, str) for value in answers.values()):
            raise TypeError("every answer is a string")
    except KeyError as error:
        raise _nonsense(f"{error.args[0]} is missing", where) from error
    except (ValueError, TypeError, AttributeError) as error:
        raise _nonsense(str(error), where) from error
    return Stack(fields[0], fields[1], fields[2], answers, present)


def write(skeleton: bytes, stack: Stack) -> bytes:
    """Write a stack into a record's skeleton: its values replaced, each name below its slot."""
    values = {
        "[upstream]": {"url": stack.url, "release": stack.release, "commit": stack.commit},
        "[answers]": dict(stack.answers),
    }
    slots = {name: _line(name, there) for name, there in sorted(stack.present.items())}
    out: list[str] = []
    section = ""
    for line in strip(skeleton).decode().splitlines(keepends=True):
        if line.startswith("["):
            out += _rest(section, slots, out)
            section = line.strip()
        key = line.split("=")[0].strip()
        known = values.get(section, {})
        out.append(f"{key} = {_quoted(known[key])}\n" if key in known else line)
        slot = line.removeprefix("# slot: ").strip()
        if section == "[components]" and line.startswith("# slot: ") and slot in slots:
            out.append(slots.pop(slot))
    out += _rest(section, slots, out)
    return "".join(out).encode()


def strip(record: bytes) -> bytes:
    """A record's skeleton: comments and the user's own lines, without our values."""
    out: list[str] = []
    section = ""
    for line in record.decode().splitlines(keepends=True):
        section = line.strip() if line.startswith("[") else section
        key = line.split("=")[0].strip()
        if section == "[components]" and "=" in line and not line.startswith("#"):
            continue
        ours = section == "[upstream]" and key in ("url", "release", "commit")
        out.append(f'{key} = ""\n' if ours else line)
    return "".join(out).encode()


def _closed(
    stack: Stack, catalogue: Catalogue, names: Iterable[str], chosen: frozenset[str]
) -> Stack:
    seeds = [name for name in names if catalogue[name].kind != "integration"]
    present = {
        name: Presence(stack.release, "you" if name in chosen else "need")
        for name in sorted(closure(catalogue, seeds))
    }
    return replace(stack, present=present)


def _varies(catalogue: Catalogue, other: str, name: str) -> bool:
    return catalogue[other].kind == "variant" and name in catalogue[other].requires


def _presence(value: Mapping[str, Any]) -> Presence:
    if value["by"] not in ("you", "need"):
        raise ValueError(f'by = "{value["by"]}" is neither "you" nor "need"')
    return Presence(str(value["release"]), value["by"])


def _line(name: str, there: Presence) -> str:
    key = name if name.replace("-", "").replace("_", "").isalnum() else _quoted(name)
    return f'{key} = {{ release = {_quoted(there.release)}, by = "{there.by}" }}\n'


def _rest(section: str, slots: dict[str, str], out: list[str]) -> list[str]:
    # Names without a slot of their own go to the section's end, before its blank line.
    if section != "[components]" or not slots:
        return []
    rest = list(slots.values())
    slots.clear()
    blank = []
    while out and not out[-1].strip():
        blank.append(out.pop())
    if out and not out[-1].endswith("\n"):
        out[-1] += "\n"
    return rest + blank


def _quoted(text: str) -> str:
    # A JSON string is a TOML basic string once DEL, which TOML forbids, is escaped.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _nonsense(what: str, where: str) -> Refused:
    return Refused(
        f"the record does not make sense: {what}",
        where=where,
        next=f"git log -p -- {where}, and put back what it said",
    )
