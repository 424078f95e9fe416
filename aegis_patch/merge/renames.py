"""Finds moved files: the paths in a later tree of the files of an earlier one.

Following a file wrongly is worse than not following it. If in doubt, a person gets a hint. Lines
are compared as a bag, in any order; a score is the percentage that two files share.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import TypeVar

import pygit2
from pygit2.enums import FileMode

from aegis_patch.errors import in_words
from aegis_patch.objects.trees import Entry, Tree, above
from aegis_patch.values import dataclass

_Value = TypeVar("_Value")

MOST = 1000  # new files that are read; of more, those of the same name
ALIKE = 80  # per cent that a file must have in common with another to be known
RELATED = 50  # per cent from which a person may want to hear of it
AHEAD = 20  # per cent by which it must be more alike than every other
LARGER = 10  # times as large as all that is sought: a data set is not read
_SMALL = 1 << 16  # bytes that are read in any case

Files = Mapping[str, Entry]
Scores = Mapping[str, Mapping[str, int]]


@dataclass(frozen=True, slots=True)
class Moves:
    """Where the files of an earlier tree are in a later one.

    `hints` are uncertain new paths of a file; `places` are new paths of whole directories.
    """

    files: Mapping[str, str] = {}
    hints: Mapping[str, tuple[str, ...]] = {}
    places: Mapping[str, str] = {}

    def of_new(self, path: str) -> str | None:
        """The path of a new file whose directory moved, or None."""
        for directory in above(path):
            if directory in self.places:
                inside = path.removeprefix(f"{directory}/")
                return f"{self.places[directory]}/{inside}".removeprefix("/")
        return None

    def place(self, path: str) -> str:
        """A file's path in the later tree, moved or not."""
        return self.files.get(path) or self.of_new(path) or path

    def may_be(self, path: str) -> str:
        """The hints for a missing file as a sentence, or ""."""
        others = (self.files[path],) if path in self.files else self.hints.get(path, ())
        if not others:
            return ""
        return f"{in_words(others)} {'look' if len(others) > 1 else 'looks'} similar"


def destination(path: str, place: str) -> str:
    """Where a file went, for a person: just the directory if the name is the same."""
    directory, _, name = place.rpartition("/")
    return f"{directory}/" if directory and path.rpartition("/")[2] == name else place


def follow(before: Tree, after: Tree, paths: Iterable[str]) -> Moves:
    """Where some paths of one tree are in a later one, as far as that is certain.

    The most certain evidence comes first, and takes its files out of the search: the same bytes;
    then far more lines in common than with any other file; then the name, in a moved directory.
    """
    paths = tuple(paths)
    tops = _gone_directories(before, after, paths)
    sought = _sought(before, after, paths, tops)
    added = _added(before, after) if sought else {}
    if not added:
        return Moves()
    files = _identical(sought, added)
    left = _without(added, files.values())
    if len(left) > MOST:
        left = _of_like_name(sought, left)
    scores = _compared(_without(sought, files), left)
    files |= _winners(scores)
    hints = {path: tuple(sorted(others)) for path, others in scores.items() if others}
    beside = _by_directory(added)
    for path, where in list(files.items()):
        if _is_of_a_copy(after, beside, path, where):
            hints[path] = (files.pop(path),)
    places = _places(before, tops, files)
    there = Moves(places=places)
    for path in _without(sought, files):
        place = there.of_new(path)  # a name is proof enough there: a person may see a conflict
        if place and place in added and place not in files.values():
            files[path] = place
    return Moves(files, _without(hints, files), places)


def _gone_directories(before: Tree, after: Tree, paths: Iterable[str]) -> set[str]:
    """The outermost directories of some paths that only the earlier tree has."""
    found = set()
    for path in paths:
        for directory in reversed(list(above(path))):
            if before.subtree(directory) is None:
                break
            if after.subtree(directory) is None:
                found.add(directory)
                break
    return found


def _sought(
    before: Tree, after: Tree, paths: Iterable[str], tops: Iterable[str]
) -> dict[str, Entry]:
    """The missing ones of some paths, and all files of missing directories."""
    wanted = dict.fromkeys(paths)
    for top in tops:
        wanted |= dict.fromkeys(before.files(top))
    found = {}
    for path in wanted:
        entry = before.lookup(path)
        if entry and path not in after:
            found[path] = entry
    return found


def _added(before: Tree, after: Tree) -> dict[str, Entry]:
    found = {}
    for path, (was, now) in before.differences(after).items():
        if now and not was:
            found[path] = now
    return found


def _of_like_name(sought: Iterable[str], added: Mapping[str, Entry]) -> dict[str, Entry]:
    names = {path.rpartition("/")[2] for path in sought}
    names |= {name.removesuffix(".py") for name in names}  # a package of a module's name
    return {path: entry for path, entry in added.items() if names & set(path.split("/")[-2:])}


def _by_directory(files: Mapping[str, Entry]) -> dict[str, dict[str, Entry]]:
    found: dict[str, dict[str, Entry]] = {}
    for path, entry in files.items():
        directory, _, name = path.rpartition("/")
        found.setdefault(directory, {})[name] = entry
    return found


def _is_of_a_copy(
    after: Tree, added: Mapping[str, Mapping[str, Entry]], path: str, where: str
) -> bool:
    """Whether a file is in a copy of its directory, which has other files of it too."""
    here, there = (each.rpartition("/")[0] for each in (path, where))
    if here == there:
        return False
    for name, entry in added[there].items():
        if after.lookup(f"{here}/{name}".removeprefix("/")) == entry and entry.size:
            return True
    return False


def _places(before: Tree, tops: Iterable[str], files: Mapping[str, str]) -> dict[str, str]:
    """Moved directories, by git's rule: nothing is left, and all files that are found went to one
    place.

    At least half of the files have to be found. Empty files, which are all alike, don't count.
    """
    found = {}
    for top in tops:
        paths = list(before.files(top))
        filled = [path for path in paths if before.read(path)]
        for directory in _directories(top, paths):
            held = [path for path in filled if path.startswith(f"{directory}/")]
            moved = {path: files[path] for path in held if path in files}
            place = _place(directory, moved)
            if place is not None and len(moved) * 2 >= len(held):
                found[directory] = place
    return found


def _directories(top: str, paths: Iterable[str]) -> set[str]:
    """A directory and those inside it that have files."""
    found = {top}
    for path in paths:
        found.update(at for at in above(path) if at.startswith(f"{top}/"))
    return found


def _place(directory: str, moved: Mapping[str, str]) -> str | None:
    """The one place to which the files of a directory went, with their depth; or None."""
    places = set()
    for path, where in moved.items():
        inner = path.removeprefix(f"{directory}/").rpartition("/")[0]
        to = f"/{where}".rpartition("/")[0]
        if inner and not to.endswith(f"/{inner}"):
            return None
        places.add((to.removesuffix(f"/{inner}") if inner else to).removeprefix("/"))
    return places.pop() if len(places) == 1 else None


def _without(files: Mapping[str, _Value], paths: Iterable[str]) -> dict[str, _Value]:
    out = {*paths}
    return {path: what for path, what in files.items() if path not in out}


# Which files are alike, by their bytes or by shared lines.


def _identical(sought: Files, added: Files) -> dict[str, str]:
    """Pairs with the same bytes, unique on both sides; empty files are all alike."""
    here, there = _by_content(sought), _by_content(added)
    found = {}
    for content, paths in here.items():
        places = there.get(content, [])
        if len(paths) == len(places) == 1 and sought[paths[0]].size:
            found[paths[0]] = places[0]
    return found


def _compared(sought: Files, added: Files) -> dict[str, dict[str, int]]:
    """For each sought file, related ones and the per cent that they share.

    What is far too large to consist mostly of a missing file isn't read.
    """
    largest = max((entry.size for entry in sought.values()), default=0)
    most = max(_SMALL, LARGER * largest)
    here, there = _lines(sought, most), _lines(added, most)
    scores: dict[str, dict[str, int]] = {}
    for path, mine in here.items():
        scores[path] = {}
        for other, lines in there.items():
            score = _score(mine, lines)
            if score >= RELATED:
                scores[path][other] = score
    return scores


def _winners(scores: Scores) -> dict[str, str]:
    """The match of each file: alike enough, far ahead of any other, and of no other file."""
    found = {}
    for path, others in scores.items():
        first, second = (*sorted(others.values(), reverse=True), 0, 0)[:2]
        if first >= ALIKE and first - second >= AHEAD:
            found[path] = max(others, key=lambda other: others[other])
    taken = Counter(found.values())
    return {path: where for path, where in found.items() if taken[where] == 1}


def _by_content(files: Files) -> dict[tuple[pygit2.Oid, bool], list[str]]:
    found = defaultdict(list)
    for path, entry in files.items():
        found[entry.id, entry.mode == FileMode.LINK].append(path)
    return found


def _lines(files: Files, most: int) -> dict[str, Counter[bytes]]:
    """The lines of each regular file that isn't empty or too large."""
    found = {}
    for path, entry in files.items():
        is_regular = entry.mode in (FileMode.BLOB, FileMode.BLOB_EXECUTABLE)
        if is_regular and 0 < entry.size <= most:
            found[path] = Counter(entry.data.splitlines())
    return found


def _score(one: Counter[bytes], other: Counter[bytes]) -> int:
    total = one.total() + other.total()
    if min(one.total(), other.total()) * 200 < RELATED * total:
        return 0
    return (one & other).total() * 200 // total
