"""What lines of ours name that come in, and the user has renamed, moved or deleted.

A merge cannot know it: the lines are clean, and do not run. Only what is sure is told: the new
pristine tree has the name, and the result has it nowhere that it could be found.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import pygit2

from aegis_patch import compose, imports, trees
from aegis_patch.sides import Note

_COMPOSE = "compose.yaml"
_MANY = 3  # names in one file that are told one by one
_DOTTED = re.compile(r"(?<![\w.])[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+")


def absent(
    store: pygit2.Repository,
    before: pygit2.Oid,
    after: pygit2.Oid,
    theirs: pygit2.Oid,
    moved: Mapping[str, str],
    unsettled: Collection[str] = (),
) -> list[Note]:
    """What the Python files and compose.yaml name in lines that a step brings, and is not there.

    `moved` says where the user has files of the pristine tree, `unsettled` which paths await a
    person: what these will hold nobody knows yet.
    """
    was = {where: path for path, where in moved.items()}
    suspect = _suspect(store, after, theirs, unsettled)
    notes = []
    for path in trees.changed(store, before, after):
        entry = trees.lookup(store, after, path)
        at = was.get(path, path)
        if entry is None or path in unsettled or not (path.endswith(".py") or at == _COMPOSE):
            continue
        data = trees.blob(store, entry)
        new = _new(trees.blob(store, trees.lookup(store, before, path)), data)
        wanted = trees.blob(store, trees.lookup(store, theirs, at))
        if at == _COMPOSE:
            found = _undefined(store, before, after, path, wanted)
            new |= dict.fromkeys((number for number, _ in found), "")
        else:
            found = [*_outside(path, data, new, suspect), *_inside(data, wanted)]
        places: dict[str, set[int]] = {}
        for number, name in found:
            if number in new:
                places.setdefault(name, set()).add(number)
        notes += [Note(path, text) for text in _told(places)]
    return notes


@dataclass(frozen=True, slots=True)
class _Suspect:
    """Modules of ours that are not there, and those that are another text there.

    `pieces` holds a piece of the name of each: who names none of these names none of them.
    """

    missing: frozenset[str]
    edited: Mapping[str, tuple[bytes, bytes]]
    pieces: re.Pattern[bytes]

    def module(self, dotted: str) -> str:
        """The missing module with which a dotted name begins, or nothing."""
        while dotted and dotted not in self.missing:
            dotted = dotted.rpartition(".")[0]
        return dotted

    def lost(self, module: str) -> frozenset[str]:
        """What our text of a module binds and the user's does not."""
        return _lost(*self.edited[module])


def _suspect(
    store: pygit2.Repository, after: pygit2.Oid, theirs: pygit2.Oid, unsettled: Collection[str]
) -> _Suspect:
    missing: set[str] = set()
    edited: dict[str, tuple[bytes, bytes]] = {}
    for path in trees.files(store, theirs):
        ours, mine = (trees.lookup(store, tree, path) for tree in (theirs, after))
        if ours == mine or path in unsettled or not path.endswith(".py"):
            continue
        name = imports.module(path)
        if mine:
            edited[name] = (trees.blob(store, ours), trees.blob(store, mine))
        elif "." in name:
            missing.add(name)
    if missing:  # from there, or from another directory at which Python may begin
        missing.difference_update(_reachable(trees.files(store, after)))
    last = {re.escape(name.rpartition(".")[2].encode()) for name in missing | edited.keys()}
    return _Suspect(frozenset(missing), edited, re.compile(b"|".join(sorted(last)) or b"(?!)"))


def _reachable(paths: Iterable[str]) -> Iterator[str]:
    for path in paths:
        name = imports.module(path) if path.endswith(".py") else ""
        while name:
            yield name
            name = name.partition(".")[2]


def _new(before: bytes, after: bytes) -> dict[int, str]:
    known = set(before.splitlines())
    return {
        number: line.decode("utf-8", "replace")
        for number, line in enumerate(after.splitlines(), 1)
        if line not in known
    }


def _outside(
    path: str, data: bytes, new: Mapping[int, str], suspect: _Suspect
) -> Iterator[tuple[int, str]]:
    """Modules, also in text as "app.clock.api:router", and names that are taken from modules."""
    if not suspect.pieces.search(data):
        return
    for number, line in new.items() if suspect.missing else ():
        yield from ((number, name) for name in map(suspect.module, _DOTTED.findall(line)) if name)
    tree = imports.parsed(data)
    for number, module, name in imports.imported(path, tree) if tree else ():
        if missing := suspect.module(f"{module}.{name}"):
            yield number, missing
        elif module in suspect.edited and name in suspect.lost(module):
            yield number, f"{name} of {module}"


def _inside(data: bytes, wanted: bytes) -> Iterator[tuple[int, str]]:
    """Names that our own text of the file binds, and the merged one does not."""
    if data == wanted or not wanted:
        return
    if (lost := _lost(wanted, data)) and (tree := imports.parsed(data)):
        yield from (each for each in imports.used(tree) if each[1] in lost)


def _undefined(
    store: pygit2.Repository, before: pygit2.Oid, after: pygit2.Oid, path: str, wanted: bytes
) -> list[tuple[int, str]]:
    """Services and volumes that our own compose.yaml has, and no Compose file there has."""
    was, mine = (compose.read(_text(store, tree, path)) for tree in (before, after))
    ours = compose.read(wanted)
    if not ours or not mine:
        return []
    missing = ours.has - mine.has
    old = {each[1:] for each in was.needs} if was else set[tuple[str, str]]()
    found = [
        (number, name)
        for number, by, name in mine.needs
        if name in missing and (by, name) not in old
    ]
    if not found:
        return []
    others = [each for each in trees.files(store, after) if compose.NAME.search(each)]
    read = (compose.read(_text(store, after, each)) for each in others)
    elsewhere = frozenset[str]().union(*(each.has for each in read if each))
    return [(number, name) for number, name in found if name not in elsewhere]


def _text(store: pygit2.Repository, tree: pygit2.Oid, path: str) -> bytes:
    return trees.blob(store, trees.lookup(store, tree, path))


@cache
def _lost(ours: bytes, mine: bytes) -> frozenset[str]:
    """What our text of a module binds and the user's does not, as far as that is sure."""
    wanted, there = imports.parsed(ours), imports.parsed(mine)
    if not wanted or not there:
        return frozenset()
    names, known = imports.bound(wanted), imports.bound(there)
    return frozenset() if names is None or known is None else frozenset(names - known)


def _told(places: Mapping[str, Collection[int]]) -> Iterator[str]:
    """A line for each name, or where there are many, as when a whole package moved, one for all."""
    if len(places) > _MANY:
        lines = sorted({number for numbers in places.values() for number in numbers})
        yield f"{_named(lines)} what is no longer there: {', '.join(places)}"
        return
    for name, numbers in places.items():
        yield f"{_named(sorted(numbers))} {name}, which is no longer there"


def _named(lines: Sequence[int]) -> str:
    told = ", ".join(map(str, lines))
    return f"line {told} names" if len(lines) == 1 else f"lines {told} name"
