"""What has to be merged: each path as three trees have it, wherever one of the two moved it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import pygit2

from aegis_patch.merge import renames
from aegis_patch.merge.renames import Moves
from aegis_patch.merge.similarity import RELATED
from aegis_patch.objects import trees
from aegis_patch.objects.trees import Entry


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
    """Something worth telling about a path.

    `many` is what to say of {count} such files at once, and `to` the other place of this one,
    which that names as {to}. A change of the upstream that the result lacks is not `applied`.
    """

    path: str
    text: str
    many: str = field(default="", kw_only=True)
    to: str = field(default="", kw_only=True)
    applied: bool = field(default=True, kw_only=True)


@dataclass(frozen=True, slots=True)
class Trees:
    """The old pristine tree, HEAD and the new pristine tree, and where HEAD has what it moved.

    `ignorecase` is what git says of the file system, `brought` which paths a component brings that
    somebody asked for.
    """

    store: pygit2.Repository
    old: pygit2.Oid
    head: pygit2.Oid
    new: pygit2.Oid
    moved: Moves | None = None
    ignorecase: bool = False
    brought: Collection[str] = ()


def differing(at: Trees) -> tuple[list[tuple[Sides, ...]], list[Note]]:
    """What differs between the pristine trees, and what to tell of its moves.

    A file that the user split has the sides of each part; of all others there is one.
    """
    paths = trees.changed(at.store, at.old, at.new)
    ours = at.moved or renames.follow(at.store, at.old, at.head, paths)
    theirs = _moved_by_theirs(at, paths, ours)
    places = _places(at, paths, ours, theirs)
    theirs = {path: now for path, now in theirs.items() if path in places}
    left_out = _left_out(at, paths, ours)
    found: list[tuple[Sides, ...]] = []
    notes = list(dict.fromkeys(left_out.values()))
    for path in paths:
        if path in theirs.values() or path in left_out:
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
        notes += _told(path, place, now, every, ours)
    return found, notes


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
        trees.lookup(store, tree, parent) is not None for parent in renames.above(path)
    )


def _is_package(store: pygit2.Repository, tree: pygit2.Oid, directory: str) -> bool:
    return any(path.endswith(".py") for path in trees.files(store, tree, directory))


def _place(at: Trees, path: str, ours: Moves) -> str:
    """Where HEAD has a path, or should."""
    if trees.lookup(at.store, at.old, path):
        return ours.files.get(path, path)
    moved = ours.of_new(path)
    return path if moved is None or trees.lookup(at.store, at.old, moved) else moved


def _moved_by_theirs(at: Trees, paths: Iterable[str], ours: Moves) -> dict[str, str]:
    """Where the new pristine tree has what it moved and HEAD has changed, moved or split, too."""
    store = at.store
    missing = [path for path in paths if not trees.lookup(store, at.new, path)]
    edited = []
    for path in missing:
        mine = trees.lookup(store, at.head, _place(at, path, ours))
        is_moved = path in ours.files or path in ours.parts
        if is_moved or (mine and mine != trees.lookup(store, at.old, path)):
            edited.append(path)
    theirs = renames.follow(store, at.old, at.new, missing).files if edited else {}
    found = {path: now for path, now in theirs.items() if path in edited}
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


def _left_out(at: Trees, paths: Iterable[str], ours: Moves) -> dict[str, Note]:
    """New files of theirs that the user has deleted: where they were, or with their directory."""
    missing = [path for path in paths if not trees.lookup(at.store, at.new, path)]
    gone = [path for path in missing if _is_deleted(at, path, ours)]
    theirs = Moves()
    if gone:  # beside all that theirs moved, for that may look like what is gone
        theirs = renames.follow(at.store, at.old, at.new, missing, least=RELATED)
    found: dict[str, Note] = {}
    sure = renames.follow(at.store, at.old, at.new, missing) if gone else theirs
    for path in gone:
        moved = theirs.files.get(path)
        if moved and not _is_move(path, moved, theirs, sure):
            continue
        if places := theirs.parts.get(path) or ((moved,) if moved else ()):
            found |= dict.fromkeys(places, _stays_deleted(path, places, ours))
    for path in paths:
        if path not in found and (directory := _deleted_directory(at, path, ours, theirs)):
            text = f"left out: you deleted {directory}"
            found[path] = Note(path, text, many=f"{{count}} new files {text}", applied=False)
    return {path: note for path, note in found.items() if not trees.lookup(at.store, at.head, path)}


def _is_move(path: str, now: str, likely: Moves, sure: Moves) -> bool:
    """Whether a file is rather the same than one that looks alike."""
    (old, _, name), (new, _, other) = path.rpartition("/"), now.rpartition("/")
    if name == other == "__init__.py":  # one looks like another: what is beside it tells
        beside = (
            (was.rpartition("/")[0], place.rpartition("/")[0])
            for was, place in likely.files.items()
            if not was.endswith("/__init__.py")
        )
        return (old, new) in beside
    return name == other or sure.files.get(path) == now


def _stays_deleted(path: str, places: Sequence[str], ours: Moves) -> Note:
    now = ", ".join(places)
    if others := ours.hints.get(path):
        text = f"is gone, and {_alike(others)}: {now}, where aegis moved it, is left out"
        return Note(path, text, to=places[0], applied=False)
    many = "you deleted {count} files, which aegis moved to {to}; they stay deleted"
    text = f"you deleted it, and aegis moved it to {now}; it stays deleted"
    return Note(path, text, many=many, to=places[0], applied=False)


def _is_deleted(at: Trees, path: str, ours: Moves) -> bool:
    """Whether the user has deleted a file of the old pristine tree, rather than moved it."""
    is_gone = trees.lookup(at.store, at.old, path) and not trees.lookup(at.store, at.head, path)
    return bool(is_gone) and path not in ours.files and path not in ours.parts


def _deleted_directory(at: Trees, path: str, ours: Moves, theirs: Moves) -> str:
    """The directory of a new file that the user deleted as a whole, if so.

    It held several files: who deletes the only one, as an empty `__init__.py`, means no directory.
    Of a component that is asked for only what belongs to none of its parts stays out: its tests
    where `tests` is gone, not its code where that of the others is.
    """
    if trees.lookup(at.store, at.old, path):
        return ""
    was = {place: directory for directory, place in theirs.places.items()}
    for place in reversed(list(renames.above(path))):
        is_old = trees.subtree(at.store, at.old, place) is not None
        directory = place if is_old else was.get(place, place)
        if trees.lookup(at.store, at.head, directory):
            return ""  # a file of the user's is there instead
        if trees.subtree(at.store, at.head, directory):
            continue
        inside = list(trees.files(at.store, at.old, directory))
        known = any(each in ours.hints or not _is_deleted(at, each, ours) for each in inside)
        if len(inside) > 1 and not known:
            return "" if path in at.brought and "/" in directory else directory
    return ""


def _told(path: str, place: str, now: str, every: Sequence[Sides], ours: Moves) -> Iterator[Note]:
    """What became of a path: `place` is where HEAD has it, `now` where theirs has it."""
    moved, at = ours.files.get(path, ""), every[0]
    wanted = bool(at.base and at.theirs)
    if len(every) > 1:
        split = ", ".join(each.path for each in every)
        yield Note(path, f"followed to {split}, into which you split it")
    elif at.base and place not in (path, now) and now != path:
        yield Note(place, f"it stays where you moved it; aegis moved it to {now}")
    elif at.base and place != path:
        many = "{count} files followed to {to}, where you moved them"
        yield Note(path, f"followed to {place}, where you moved it", many=many, to=place)
    elif now != path:
        yield Note(now, f"your changes came along from {path}, which aegis moved")
    elif place != path:
        many = "{count} new files put into {to}, where you moved their directory"
        text = f"put into {place}, where you moved its directory"
        yield Note(path, text, many=many, to=place)
    elif others := ours.hints.get(path) or ours.parts.get(path) or ((moved,) if moved else ()):
        text = f"is gone, and {_alike(others)}: left as it is"
        yield Note(path, text, applied=not wanted)
    elif wanted and not at.ours:
        many = "you deleted {count} files; they stay deleted"
        yield Note(path, "you deleted it; it stays deleted", many=many, applied=False)


def _alike(others: Sequence[str]) -> str:
    return f"{', '.join(others)} {'look' if len(others) > 1 else 'looks'} like it"
