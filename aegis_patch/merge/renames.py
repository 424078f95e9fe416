"""Where files went: what a later tree has under other paths than an earlier one.

To follow a file wrongly is worse than not to follow it: what is in doubt is a hint for a person.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

import pygit2
from pygit2.enums import FileMode

from aegis_patch.merge import similarity
from aegis_patch.merge.similarity import ALIKE, Scores
from aegis_patch.objects import trees
from aegis_patch.objects.trees import Entry

MOST = 1000  # new files that are read; of more, those of the same name

_T = TypeVar("_T")
_Files = dict[str, Entry]


@dataclass(frozen=True, slots=True)
class Moves:
    """Where the files of an earlier tree are in a later one.

    `parts` are the files into which one was split, the largest first; `hints` those that one may
    have become, though that is not sure; `places` where directories went as a whole.
    """

    files: Mapping[str, str] = field(default_factory=dict)
    parts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    hints: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    places: Mapping[str, str] = field(default_factory=dict)

    def of_new(self, path: str) -> str | None:
        """Where a new file belongs, if its directory went to another place."""
        return next(
            (_below(self.places[at], at, path) for at in above(path) if at in self.places), None
        )


def follow(
    store: pygit2.Repository,
    before: pygit2.Oid,
    after: pygit2.Oid,
    paths: Iterable[str],
    least: int = ALIKE,
) -> Moves:
    """Where some paths of one tree are in a later one, as far as that is sure.

    The surest comes first, for what it found is out of the question for the rest: the same bytes;
    far more lines in common than with every other; the same name, where the rest of a directory
    went; several parts; the same name, where a directory went as a whole.
    """
    paths = tuple(paths)
    gone = {top for path in paths if (top := _gone(store, before, after, path))}
    sought = _sought(store, before, after, paths, gone)
    if not sought:
        return Moves()
    added = _added(store, before, after)

    same = _not_copied(store, before, after, similarity.identical(store, sought, added))
    sought, added = _without(sought, same), _without(added, same.values())
    if len(added) > MOST:
        added = _of_like_name(sought, added)
    near = similarity.comparable(store, sought, added)
    scores = similarity.compared(store, sought, near)
    found = _not_copied(store, before, after, similarity.winners(scores, least))
    found |= _by_place({**same, **found}, sought, added, scores)
    parts, pieces = similarity.split(store, sought, near, found)
    files = {**same, **_without(found, parts)}
    left = _without(_without(sought, files), parts)

    places = _places(store, before, gone, files)
    files |= _by_name(places, left, added, files)
    return Moves(files, parts, _hints(_without(left, files), scores, pieces), places)


def above(path: str) -> Iterator[str]:
    """The directories of a path, the innermost first."""
    while path := path.rpartition("/")[0]:
        yield path


def _gone(store: pygit2.Repository, before: pygit2.Oid, after: pygit2.Oid, path: str) -> str | None:
    """The outermost directory of a path that is there before and not after."""
    for directory in reversed(list(above(path))):
        if trees.subtree(store, before, directory) is None:
            return None
        if trees.subtree(store, after, directory) is None:
            return directory
    return None


def _sought(
    store: pygit2.Repository,
    before: pygit2.Oid,
    after: pygit2.Oid,
    paths: Iterable[str],
    gone: Iterable[str],
) -> _Files:
    """What is missing of some paths, and all that was in directories that are."""
    inside = [path for top in gone for path in trees.files(store, before, top)]
    return {
        path: entry
        for path in (*paths, *inside)
        if (entry := trees.lookup(store, before, path)) and trees.lookup(store, after, path) is None
    }


def _added(store: pygit2.Repository, before: pygit2.Oid, after: pygit2.Oid) -> _Files:
    found = trees.differences(store, before, after).items()
    return {path: now for path, (was, now) in found if now and not was}


def _not_copied(
    store: pygit2.Repository, before: pygit2.Oid, after: pygit2.Oid, files: Mapping[str, str]
) -> dict[str, str]:
    """Without what is in a copy of its directory: more of it is there anew, and here as well."""
    beside = functools.cache(functools.partial(_beside, store))
    found = {}
    for path, where in files.items():
        at, to = (each.rpartition("/")[0] for each in (path, where))
        here, there, was = beside(after, at), beside(after, to), beside(before, to)
        if here == there or here.isdisjoint(there - was):
            found[path] = where
    return found


def _beside(
    store: pygit2.Repository, tree: pygit2.Oid, directory: str
) -> set[tuple[str, pygit2.Oid]]:
    """What a directory holds, without empty files, which are all alike."""
    inside = trees.subtree(store, tree, directory)
    entries = [*store[inside].peel(pygit2.Tree)] if inside else []
    return {
        (str(each.name), each.id)
        for each in entries
        if each.filemode == FileMode.BLOB and trees.size(store, Entry(each.id, each.filemode))
    }


def _of_like_name(sought: Iterable[str], added: Mapping[str, Entry]) -> _Files:
    names = {path.rpartition("/")[2] for path in sought}
    names |= {name.removesuffix(".py") for name in names}  # a package of a module's name
    return {path: entry for path, entry in added.items() if names & set(path.split("/")[-2:])}


def _by_place(
    found: Mapping[str, str],
    sought: Mapping[str, Entry],
    added: Mapping[str, Entry],
    scores: Scores,
) -> dict[str, str]:
    """Files where the others of their directory went, under the name that they had."""
    more = {}
    for path in _without(sought, found):
        at = next((at for at in above(path) if _any_from(found, at)), None)
        place = _place(found, at) if at else None
        if at is None or place is None:
            continue
        where = _below(place, at, path)
        if where in found.values() or where not in added:
            continue
        if sought[path] == added[where] or where in scores.get(path, ()):
            more[path] = where
    return more


def _places(
    store: pygit2.Repository,
    before: pygit2.Oid,
    gone: Iterable[str],
    files: Mapping[str, str],
) -> dict[str, str]:
    """Git's rule: nothing is left of a directory, and its files went to one place.

    Most of them have to be found there; of each directory in it, all that are found.
    """
    found = {}
    for top in gone:
        paths = list(trees.files(store, before, top))
        for at in {at for path in paths for at in above(path) if f"{at}/".startswith(f"{top}/")}:
            inside = [path for path in paths if path.startswith(f"{at}/")]
            place = _place(files, at)
            if place is not None and sum(path in files for path in inside) * 2 > len(inside):
                found[at] = place
    return found


def _by_name(
    places: Mapping[str, str],
    sought: Iterable[str],
    added: Mapping[str, Entry],
    files: Mapping[str, str],
) -> dict[str, str]:
    """In a directory that went as a whole, a name is proof enough: a person may see a conflict."""
    there = Moves(places=places)
    return {
        path: where
        for path in sought
        if (where := there.of_new(path)) and where in added and where not in files.values()
    }


def _any_from(files: Mapping[str, str], directory: str) -> bool:
    return any(path.startswith(f"{directory}/") for path in files)


def _place(files: Mapping[str, str], directory: str) -> str | None:
    """The one place to which files of a directory went, each at its depth."""
    places = set()
    for path, where in files.items():
        if path.startswith(f"{directory}/"):
            inner = path.removeprefix(f"{directory}/").rpartition("/")[0]
            to = f"/{where}".rpartition("/")[0]
            if inner and not to.endswith(f"/{inner}"):
                return None
            places.add((to.removesuffix(f"/{inner}") if inner else to).removeprefix("/"))
    return places.pop() if len(places) == 1 else None


def _hints(
    left: Iterable[str], scores: Scores, pieces: Mapping[str, tuple[str, ...]]
) -> dict[str, tuple[str, ...]]:
    """What each of some files may have become."""
    found = {path: {*scores.get(path, ()), *pieces.get(path, ())} for path in left}
    return {path: tuple(sorted(others)) for path, others in found.items() if others}


def _without(files: Mapping[str, _T], paths: Iterable[str]) -> dict[str, _T]:
    out = {*paths}
    return {path: what for path, what in files.items() if path not in out}


def _below(place: str, directory: str, path: str) -> str:
    return f"{place}/{path.removeprefix(f'{directory}/')}".removeprefix("/")
