"""What the last word of a command line can become, for a shell. Loads neither Typer nor pygit2.

Only the project of a fork costs more: git reads its names and releases from the mirror.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from aegis_patch.terminal.plain_line import (
    CHOICES,
    DIRECTORIES,
    FLAGS,
    MANY_WORDS,
    ONE_WORD,
    VALUES,
    WHERE,
)
from aegis_patch.terminal.run import ALIASES, COMMANDS, DRY, GROUPS, WITH_PATCH, command
from aegis_patch.upstream import bundled

_COMMON = ["--project-path", "--json", "--quiet", "--yes", "--no-interactive", "--help"]
_MANY = {*MANY_WORDS, "Paths", "Files"}
_WORDS = {*ONE_WORD, *_MANY, *CHOICES, "Target"}
_PATHS = {*DIRECTORIES, "Directories", "Paths", "Files", "Target"}
_PATHS |= {"Where", "AnswersFile", "From", "ProjectOf"}
_SAFE = re.compile(r"[\w.+-]+", re.ASCII)  # a shell inserts a name of somebody's as it is


def answer(words: list[str]) -> int:
    """Print a candidate a line, a command with its help after a tab; 1 where a path is typed."""
    *before, current = words or [""]
    current = "" if current == "=" else current  # bash splits `--to=0.7.0` at its equals sign
    verb, kind, where = _read([word for word in before if word != "="])
    typed = "".join(current.rpartition(",")[:2])
    if current.startswith("-"):
        found: Iterable[str] = _options(verb)
    elif kind in _PATHS:
        return 1
    elif kind == "Command":
        found = (f"{name}\t{help}" for name, help in _next_words(verb).items())
    elif kind in {"SeriesName", "SeriesNames", "SeriesTest", "Required"}:
        found = (typed + name for name in _series(where.absolute()))
    else:
        values = {*_values(kind, verb, where)} - {*before, *typed.split(",")}
        found = (typed + name for name in sorted(values))
    print(*(f"{each}\n" for each in found if each.startswith(current)), sep="", end="")
    return 0


def _read(words: list[str]) -> tuple[str, str, Path]:
    """The command, the type (as `options` has it) of what comes next, and the project's place."""
    verb, kind, where, typed = "", "", Path(), 0
    for word in words:
        if kind:
            where = Path(word).expanduser() if kind == "Where" else where
            kind = ""
        elif word[:1] == "-":
            kind = _value_type(word, verb)
        elif verb in COMMANDS:
            typed += 1
        else:
            verb = f"{verb} {word}".strip()
    return verb, kind or _word_type(verb, typed), where


def _value_type(option: str, verb: str) -> str:
    """The type of the value that an option takes, if it takes one."""
    kind = "Where" if option in WHERE else VALUES.get(option, "")
    return kind if kind in ("Where", *_types(verb)) else ""


def _word_type(verb: str, typed: int) -> str:
    """The type of the next word that is no option, after so many of the command's own."""
    if verb in ("", *GROUPS):
        return "Command"
    types = [type for type in _types(verb) if type in _WORDS]
    if types and types[-1] in _MANY:
        typed = min(typed, len(types) - 1)
    return types[typed] if typed < len(types) else ""


def _types(verb: str) -> list[str]:
    return [*command(verb).__annotations__.values()] if verb in COMMANDS else []


def _next_words(before: str) -> dict[str, str]:
    """The words that can follow those of a command's name, and what each is for."""
    found = {}
    start = f"{before} " if before else ""
    for name in COMMANDS:
        if name.startswith(start) and name not in ALIASES:
            word = name.removeprefix(start).split()[0]
            group = GROUPS.get(start + word)
            found[word] = group or (command(name).__doc__ or "").partition("\n")[0]
    return found


def _options(verb: str) -> list[str]:
    types = _types(verb)
    own = [option for option, type in {**FLAGS, **VALUES}.items() if type in types]
    for option, users in {"--dry-run": DRY, "--diff": WITH_PATCH}.items():
        if any(f"{user} ".startswith(f"{verb} ".lstrip()) for user in users):
            own.append(option)
    return own + _COMMON + ([] if verb else ["--version"])


def _values(kind: str, verb: str, where: Path) -> Iterable[str]:
    """What can be typed for a value, or a word, of some type."""
    if kind in CHOICES:
        return CHOICES[kind]
    record = {} if verb in {"init", "adopt"} else _record(where.absolute())
    upstream = record.get("upstream", {})
    url, release = upstream.get("url", "aegis"), upstream.get("release", "")
    there = [name for name in record.get("components", {}) if "+" not in name]
    found: Iterable[str] = ()
    if kind in {"To", "Release"}:
        found = _releases(url)
    elif kind == "Component":
        found = ["core", *there]
    elif kind in {"Names", "Components"}:
        found = there if verb == "remove" else {*_components(url, release)} - {*there}
    return filter(_SAFE.fullmatch, found)


def _series(where: Path) -> list[str]:
    """The components of the upstream that a directory is in."""
    places = (where, *where.parents)
    found = next((each for each in places if (each / "patches").is_dir()), where)
    return sorted(each.parent.name for each in found.glob("patches/*/series"))


def _record(start: Path) -> dict[str, Any]:
    """The record on disk, here or in the nearest parent; empty if it can't be read."""
    for place in (start, *start.parents):
        if (place / "aegis.toml").is_file():
            with suppress(OSError, ValueError, RecursionError):
                return tomllib.loads((place / "aegis.toml").read_text())
            break
    return {}


def _releases(url: str) -> Iterable[str]:
    if url == "aegis":
        return bundled.index()
    from aegis_patch.upstream import fork

    return fork.releases(url) if fork.is_mirrored(url) else ()


def _components(url: str, release: str) -> Iterable[str]:
    """The components that a release has, or the newest one if it is none of ours."""
    if url == "aegis":
        index = bundled.index()
        names: list[str] = index.get(release, [*index.values()][-1])["components"]
        return names
    from aegis_patch.upstream import fork

    return fork.component_names(url, release) if fork.is_mirrored(url) else ()
