"""What of the user's still refers to what a removal takes away, with file and line."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pygit2

from aegis_patch import git, imports, trees, uvlock, yours
from aegis_patch.bench import Bench
from aegis_patch.errors import Refused
from aegis_patch.project import Project
from aegis_patch.record import RECORD
from aegis_patch.stack import Stack

SHOWN = 20  # of many
_SETTINGS = ".env"  # not in git, though it is where variables are set


@dataclass(frozen=True, slots=True)
class Reference:
    """A line of the user's that names something that goes."""

    path: str
    line: int
    name: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line} still names {self.name}"


@dataclass(frozen=True, slots=True)
class _Gone:
    modules: frozenset[str]
    variables: frozenset[str]
    services: frozenset[str]
    distributions: frozenset[str]

    @property
    def words(self) -> set[str]:
        """What a file outside of the packages that go has to hold to refer to any of it."""
        outer = {name for name in self.modules if name.rpartition(".")[0] not in self.modules}
        last = {name.rpartition(".")[2] for name in outer}
        return last | self.variables | self.services | self.distributions


def strictly(found: Sequence[Reference]) -> Refused:
    """The refusal of a removal that would leave these behind."""
    return Refused(
        f"what would go is still named in {len(found)} place{'s' * (len(found) != 1)}",
        where=", ".join(map(str, found[:SHOWN])),
        next="change these lines and commit, or remove without --strict",
    )


def references(bench: Bench, there: Project, old: Stack, new: Stack) -> list[Reference]:
    """The user's lines that name a module, variable, service or distribution that goes."""
    store = bench.store
    before, after = bench.pristine(old), bench.pristine(new)
    gone = _gone(store, there.tree, before, after)
    moved = yours.moved(bench, there, there.tree, before, after)
    was = {where: path for path, where in moved.files.items()}
    was |= {part: path for path, parts in moved.parts.items() for part in parts}
    found: set[Reference] = set()
    packages = [name.replace(".", "/") for name in gone.modules]
    inside = {path for place in packages for path in trees.files(store, there.tree, place)}
    for path in inside.union(git.naming(there.root, str(there.head), gone.words)):
        at = was.get(path, path)
        deleted = trees.lookup(store, before, at) and not trees.lookup(store, after, at)
        mine = trees.read(store, there.tree, path)
        if path in (uvlock.LOCK, RECORD) or deleted or trees.is_binary(mine):
            continue
        known = trees.read(store, before, at)
        found |= set(_in_text(path, mine, known, gone))
    settings = there.root / _SETTINGS
    if settings.is_file():
        found |= set(_in_text(_SETTINGS, settings.read_bytes(), b"", gone))
    if found:  # what the user had written first stays, and with it what it names
        kept = yours.lines(bench, there, old, new).values()
        text = b"\n".join(line for lines in kept for line in lines).decode("utf-8", "replace")
        stays = set(re.findall(r"[A-Za-z0-9_-]+", text))
        found = {each for each in found if each.name not in stays}
    return sorted(found, key=lambda each: (each.path, each.line, each.name))


def _gone(
    store: pygit2.Repository, mine: pygit2.Oid, before: pygit2.Oid, after: pygit2.Oid
) -> _Gone:
    """What goes with the component and is not the user's as well."""
    files = [path for path in trees.changed(store, before, after) if path.endswith(".py")]
    modules = {imports.module(path) for path in files if trees.lookup(store, after, path) is None}
    names = yours.brings(store, after, before)
    own = yours.brings(store, before, mine)
    variables, services, distributions = (
        frozenset(names[kind] - own[kind]) for kind in ("variable", "service", "distribution")
    )
    return _Gone(frozenset(modules), variables, services, distributions)


def _in_text(path: str, data: bytes, known: bytes, gone: _Gone) -> Iterator[Reference]:
    theirs = set(known.splitlines())
    lines = data.splitlines()
    own = {number for number, line in enumerate(lines, 1) if line not in theirs}
    patterns = [
        rf"(?<![\w.])({_any(gone.modules)})(?!\w)",
        rf"(?<!\w)({_any(gone.variables)})(?!\w)",
        rf"(?<![\w-])({_any(gone.services)})(?![\w-])"
        if path.endswith((".yml", ".yaml"))
        else rf"(?:@|//)({_any(gone.services)})(?=[:/\s\"']|$)",
    ]
    for number in own:
        line = lines[number - 1].decode("utf-8", "replace")
        for pattern in patterns:
            yield from (Reference(path, number, name) for name in re.findall(pattern, line))
    if path.endswith(".py"):
        yield from (
            Reference(path, number, name)
            for number, name in _imported(path, data)
            if number in own and (name in gone.modules or name in gone.distributions)
        )


def _any(names: frozenset[str]) -> str:
    longest = sorted(names, key=lambda name: (-len(name), name))
    return "|".join(re.escape(name) for name in longest) or "(?!)"


def _imported(path: str, data: bytes) -> Iterator[tuple[int, str]]:
    """Each module that a file imports, and each distribution as far as its name tells."""
    if tree := imports.parsed(data):
        for number, module, name in imports.imported(path, tree):
            yield number, f"{module}.{name}" if name else module
            yield number, module.partition(".")[0].replace("_", "-")
