"""Completes the last word of a command line, for a shell. Loads neither Typer nor pygit2.

Only the project of a fork costs more: git reads its names and releases from the mirror.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

from aegis_patch.terminal import options
from aegis_patch.terminal.run import ALIASES, COMMANDS, GROUPS, command, is_offered
from aegis_patch.upstream import bundled

_SAFE = re.compile(r"[\w.+-]+", re.ASCII)  # a shell inserts a name of somebody's as it is
_NOTHING = Annotated[str, options.Typed()]  # the type of a word that no command takes


def answer(words: list[str]) -> int:
    """Print the candidates, one a line, a command with its help after a tab; 1 for a path."""
    *before, current = words or [""]
    current = "" if current == "=" else current  # bash splits `--to=0.7.0` at its equals sign
    verb, type, where = _read([word for word in before if word != "="])
    typed = "".join(current.rpartition(",")[:2])
    if current.startswith("-"):
        found: Iterable[str] = _options(verb) if verb in ("", *GROUPS, *COMMANDS) else ()
    elif type is None:
        found = (f"{name}\t{help}" for name, help in _next_words(verb).items())
    elif options.typed(type).completes == "paths":
        return 1
    else:
        values = {*_values(type, verb, where.absolute())} - {*before, *typed.split(",")}
        found = (typed + name for name in sorted(values))
    print(*(f"{each}\n" for each in found if each.startswith(current)), sep="", end="")
    return 0


def _read(words: list[str]) -> tuple[str, Any, Path]:
    """The command, the type of the next word (None: of its name), and the project's place."""
    verb, awaited, where, typed = "", "", Path(), 0
    types = options.COMMON
    for word in words:
        if awaited:
            where = Path(word).expanduser() if awaited == "where" else where
            awaited = ""
        elif word[:1] == "-":
            option = options.flags(types).get(word, "")
            awaited = option if option and options.base(types[option]) is not bool else ""
        elif verb in COMMANDS:
            typed += 1
        else:
            verb = f"{verb} {word}".strip()
            types = {**types, **_own(verb)}
    return verb, types[awaited] if awaited else _next_word(verb, typed), where


def _next_word(verb: str, typed: int) -> Any:
    """The type of the next word that isn't an option, after so many of the command's own."""
    if verb in ("", *GROUPS):
        return None
    words = [type for type in _own(verb).values() if not options.typed(type).flags]
    if words and options.takes_many(words[-1]):
        typed = min(typed, len(words) - 1)
    return words[typed] if typed < len(words) else _NOTHING


def _own(verb: str) -> dict[str, Any]:
    return options.besides_common(command(verb)) if verb in COMMANDS else {}


def _next_words(before: str) -> dict[str, str]:
    """The words that can follow those of a command's name, with a help text for each."""
    found = {}
    start = f"{before} " if before else ""
    for name in COMMANDS:
        if name.startswith(start) and name not in ALIASES:
            word = name.removeprefix(start).split()[0]
            group = GROUPS.get(start + word)
            found[word] = group or (command(name).__doc__ or "").partition("\n")[0]
    return found


def _options(verb: str) -> list[str]:
    common = {name: type for name, type in options.COMMON.items() if is_offered(verb, name)}
    flags = [flag for flag in options.flags({**_own(verb), **common}) if flag.startswith("--")]
    return [*flags, "--help", *([] if verb else ["--version"])]


def _values(type: Any, verb: str, where: Path) -> Iterable[str]:
    """The candidates for a value, or a word, of some type."""
    kind = options.typed(type).completes
    if kind == "series":
        return _series(where)
    record = {} if verb in {"init", "adopt"} else _record(where)
    upstream = record.get("upstream", {})
    url, release = upstream.get("url", "aegis"), upstream.get("release", "")
    there = [name for name in record.get("components", {}) if "+" not in name]
    found: Iterable[str] = options.choices(type)
    if kind == "releases":
        found = _releases(url)
    elif kind == "installed":
        found = ["core", *there]
    elif kind == "components":
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
    """The components of a release; those of the newest one if it isn't ours."""
    if url == "aegis":
        index = bundled.index()
        names: list[str] = index.get(release, [*index.values()][-1])["components"]
        return names
    from aegis_patch.upstream import fork

    return fork.component_names(url, release) if fork.is_mirrored(url) else ()
