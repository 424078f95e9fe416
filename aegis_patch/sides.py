"""What has to be merged: each path as three trees have it, wherever one of the two moved it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import pygit2

from aegis_patch import moves, trees
from aegis_patch.moves import Moves
from aegis_patch.trees import Entry

_MANY = 3  # files of a directory that are told one by one


@dataclass(frozen=True, slots=True)
class Sides:
    """One path as the old pristine tree, HEAD and the new pristine tree have it.

    `was` is where it is in the old pristine tree, if one of the two moved it since.
    """

    path: str
    base: Entry | None
    ours: Entry | None
    theirs: Entry | None
    was: str = field(default="", kw_only=True)

    @property
    def pristine(self) -> str:
        """Where the old pristine tree has it."""
        return self.was or self.path


@dataclass(frozen=True, slots=True)
class Note:
    """Something worth telling about a path."""

    path: str
    text: str


@dataclass(frozen=True, slots=True)
class Trees:
    """The old pristine tree, HEAD and the new pristine tree, and where HEAD has what it moved.

    `ignorecase` is what git says of the file system.
    """

    store: pygit2.Repository
    old: pygit2.Oid
    head: pygit2.Oid
    new: pygit2.Oid
    moved: Moves | None = None
    ignorecase: bool = False


def differing(at: Trees) -> tuple[list[tuple[Sides, ...]], list[Note]]:
    """What differs between the pristine trees, and what to tell of its moves.

    A file that the user split has the sides of each part; of all others there is one.
    """
    paths = trees.changed(at.store, at.old, at.new)
    ours = at.moved or moves.follow(at.store, at.old, at.head, paths)
    theirs = _moved_by_theirs(at, paths, ours)
    places = _places(at, paths, ours, theirs)
    theirs = {path: now for path, now in theirs.items() if path in places}
    found: list[tuple[Sides, ...]] = []
    notes: list[Note] = []
    followed: dict[str, str] = {}
    for path in paths:
        if path in theirs.values():
            continue
        now = theirs.get(path, path)
        base = trees.lookup(at.store, at.old, path)
        wanted = trees.lookup(at.store, at.new, now)
        every = []
        for place in places.get(path, (path,)):
            mine = trees.lookup(at.store, at.head, place)
            where = place if place != path else now
            every.append(Sides(where, base, mine, wanted, was=path if where != path else ""))
        found.append(tuple(every))
        if base and len(every) == 1 and path != place and now in (path, place):
            followed[path] = place
        else:
            notes += _told(path, place, now, every, ours)
    return found, [*_followed(followed), *notes, *_come_anew(at, paths, ours)]


def _places(
    at: Trees, paths: Iterable[str], ours: Moves, theirs: Mapping[str, str]
) -> dict[str, tuple[str, ...]]:
    """Where HEAD has each path, or should: none where that is another path's place, too."""
    here = [path for path in paths if path not in theirs.values()]
    found = {path: ours.parts.get(path) or (_place(at, path, ours),) for path in here}
    taken = Counter(where for each in found.values() for where in each)
    return {
        path: each
        for path, each in found.items()
        if each == (path,) or all(taken[where] == 1 for where in each)
    }


def obstructed(at: Trees, tree: pygit2.Oid, path: str) -> bool:
    """Whether a new path has something of the user's in its way.

    It is under a file, at a directory, beside a module or package of its name, or, where git
    cannot tell them apart, beside a name in another case.
    """
    store, name = at.store, path.removesuffix("/__init__.py")
    if name != path and trees.lookup(store, tree, f"{name}.py"):
        return True
    if path.endswith(".py") and _is_package(store, tree, path.removesuffix(".py")):
        return True
    if at.ignorecase and trees.other_case(store, tree, path):
        return True
    return trees.subtree(store, tree, path) is not None or any(
        trees.lookup(store, tree, parent) is not None for parent in moves.above(path)
    )


def _is_package(store: pygit2.Repository, tree: pygit2.Oid, directory: str) -> bool:
    return any(path.endswith(".py") for path in trees.files(store, tree, directory))


def _place(at: Trees, path: str, ours: Moves) -> str:
    """Where HEAD has a path, or should."""
    if trees.lookup(at.store, at.old, path):
        moved = ours.files.get(path)
        return path if moved is None or moves.is_outside(moved) else moved
    moved = ours.of_new(path)
    known = moved is None or moves.is_outside(moved) or trees.lookup(at.store, at.old, moved)
    return path if moved is None or known else moved


def _moved_by_theirs(at: Trees, paths: Iterable[str], ours: Moves) -> dict[str, str]:
    """Where the new pristine tree has what it moved and HEAD has changed or moved, too."""
    store = at.store
    edited = []
    for path in paths:
        if trees.lookup(store, at.new, path) or path in ours.parts:
            continue
        mine = trees.lookup(store, at.head, _place(at, path, ours))
        if mine and (path in ours.files or mine != trees.lookup(store, at.old, path)):
            edited.append(path)
    found = moves.follow(store, at.old, at.new, edited).files if edited else {}
    rest = trees.replace(store, at.head, dict.fromkeys(found))
    return {
        path: now
        for path in edited
        if (now := found.get(path))
        and (
            now == _place(at, path, ours)
            or not (trees.lookup(store, rest, now) or obstructed(at, rest, now))
        )
    }


def _followed(files: Mapping[str, str]) -> Iterator[Note]:
    """Files that were followed, each by itself or, where there are many, their directory."""
    together: dict[tuple[str, str], list[str]] = {}
    for path, where in files.items():
        (old, _, name), (new, _, now) = path.rpartition("/"), where.rpartition("/")
        together.setdefault((old, new) if name == now else (path, where), []).append(path)
    for (old, new), paths in together.items():
        if len(paths) > _MANY:
            told = f"{len(paths)} files followed to {new or '.'}, where you moved them"
            yield Note(old or ".", told)
        else:
            yield from (
                Note(path, f"followed to {files[path]}, where you moved it") for path in paths
            )


def _told(path: str, place: str, now: str, every: Sequence[Sides], ours: Moves) -> Iterator[Note]:
    """What became of a path that was not simply followed: `place` is HEAD's, `now` is theirs."""
    moved, at = ours.files.get(path, ""), every[0]
    if len(every) > 1:
        split = ", ".join(each.path for each in every)
        yield Note(path, f"followed to {split}, into which you split it")
    elif moves.is_outside(moved):
        yield Note(path, f"you moved it out of the project, to {moved}: it stays as it is there")
    elif at.base and place != path:
        yield Note(place, f"it stays where you moved it; aegis moved it to {now}")
    elif now != path:
        yield Note(now, f"your changes came along from {path}, which aegis moved")
    elif place != path:
        yield Note(path, f"put into {place}, where you moved its directory")
    elif others := ours.hints.get(path) or ours.parts.get(path) or ((moved,) if moved else ()):
        look = "look" if len(others) > 1 else "looks"
        yield Note(path, f"is gone, and {', '.join(others)} {look} like it: left as it is")
    elif at.base and at.theirs and not at.ours:
        yield Note(path, "you deleted it; it stays deleted")


def _come_anew(at: Trees, paths: Iterable[str], ours: Moves) -> list[Note]:
    """What theirs moved though the user deleted it."""
    gone = [
        path
        for path in paths
        if not trees.lookup(at.store, at.new, path)
        and trees.lookup(at.store, at.old, path)
        and not trees.lookup(at.store, at.head, path)
        and path not in ours.files
        and path not in ours.parts
    ]
    found = moves.follow(at.store, at.old, at.new, gone).files if gone else {}
    return [
        Note(found[path], f"this is {path}, which you deleted, at its new place")
        for path in gone
        if path in found and not trees.lookup(at.store, at.head, found[path])
    ]
