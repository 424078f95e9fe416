"""Which files are alike: by their bytes, by the lines that they share, or as parts of one.

Lines are compared as a bag, in whatever order; a score says how many per cent of two files that is.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping

import pygit2
from pygit2.enums import FileMode

from aegis_patch.objects import trees
from aegis_patch.objects.trees import Entry

ALIKE = 80  # per cent that a file must have in common with another to be known by itself
RELATED = 50  # where its directory speaks for it too
AHEAD = 20  # per cent by which it must be more alike than every other
LARGER = 10  # times as large as all that is sought: a data set is not read
_SMALL = 1 << 16  # bytes that are read in any case
_TELLING = 3  # lines that a part of a file must have
_COMMON = re.compile(rb"\W*|(import|from) .*")  # a line that any file may have

Scores = Mapping[str, Mapping[str, int]]


def identical(
    store: pygit2.Repository, sought: Mapping[str, Entry], added: Mapping[str, Entry]
) -> dict[str, str]:
    """Where the same bytes are, once here and once there; empty files are all alike."""
    here, there = _by_content(sought), _by_content(added)
    return {
        paths[0]: there[key][0]
        for key, paths in here.items()
        if len(paths) == len(there.get(key, ())) == 1 and trees.size(store, sought[paths[0]])
    }


def comparable(
    store: pygit2.Repository, sought: Mapping[str, Entry], added: Mapping[str, Entry]
) -> dict[str, Entry]:
    """What was added, without what is far too large to be mostly what is sought."""
    largest = max((trees.size(store, entry) for entry in sought.values()), default=0)
    most = max(_SMALL, LARGER * largest)
    return {path: entry for path, entry in added.items() if trees.size(store, entry) <= most}


def compared(
    store: pygit2.Repository, sought: Mapping[str, Entry], added: Mapping[str, Entry]
) -> dict[str, dict[str, int]]:
    """For each file that is sought, the ones that are related, and by how many per cent."""
    here, there = _lines(store, sought), _lines(store, added)
    return {
        path: {
            other: score
            for other, theirs in there.items()
            if (score := _alike(lines, theirs)) >= RELATED
        }
        for path, lines in here.items()
    }


def winners(scores: Scores, least: int) -> dict[str, str]:
    """The one file that each is: alike enough, far more than every other, and for no other file."""
    found = {}
    for path, others in scores.items():
        first, second = (*sorted(others.values(), reverse=True), 0, 0)[:2]
        if first >= least and first - second >= AHEAD:
            found[path] = max(others, key=lambda other: others[other])
    taken = Counter(found.values())
    return {path: where for path, where in found.items() if taken[where] == 1}


def split(
    store: pygit2.Repository,
    sought: Mapping[str, Entry],
    added: Mapping[str, Entry],
    found: Mapping[str, str],
) -> tuple[dict[str, tuple[str, ...]], dict[str, tuple[str, ...]]]:
    """Files that were split, with their parts, which hold different lines; then what only looks so.

    `found` says where files went as a whole, which is no part of another one.
    """
    whole, free = (_telling(store, files) for files in (sought, added))
    parts, pieces = {}, {}
    for path, lines in whole.items():
        others = {where for other, where in found.items() if other != path}
        shared = {
            other: both
            for other, theirs in free.items()
            if other not in others
            and len(both := lines & theirs) >= _TELLING
            and len(both) * 2 >= len(theirs)
        }
        order = sorted(shared, key=lambda other: (-len(shared[other]), other))
        covered = frozenset().union(*shared.values())
        twice = sum(map(len, shared.values())) - len(covered)
        if len(order) > 1 and twice * 8 <= len(covered) and len(covered) * 2 >= len(lines):
            parts[path] = tuple(order)
        elif order:
            pieces[path] = tuple(order)
    taken = Counter(part for each in parts.values() for part in each)
    doubtful = {path for path, each in parts.items() if any(taken[part] > 1 for part in each)}
    pieces |= {path: parts[path] for path in doubtful}
    return {path: each for path, each in parts.items() if path not in doubtful}, pieces


def _by_content(files: Mapping[str, Entry]) -> dict[tuple[pygit2.Oid, bool], list[str]]:
    found: dict[tuple[pygit2.Oid, bool], list[str]] = {}
    for path, entry in files.items():
        found.setdefault((entry.id, entry.mode == FileMode.LINK), []).append(path)
    return found


def _lines(store: pygit2.Repository, files: Mapping[str, Entry]) -> dict[str, Counter[bytes]]:
    """The lines of each regular file that has some."""
    return {
        path: Counter(trees.blob(store, entry).splitlines())
        for path, entry in files.items()
        if entry.mode in (FileMode.BLOB, FileMode.BLOB_EXECUTABLE) and trees.size(store, entry)
    }


def _alike(one: Counter[bytes], other: Counter[bytes]) -> int:
    total = one.total() + other.total()
    if min(one.total(), other.total()) * 200 < RELATED * total:
        return 0
    return (one & other).total() * 200 // total


def _telling(store: pygit2.Repository, files: Mapping[str, Entry]) -> dict[str, frozenset[bytes]]:
    """The lines of each file that tell where they come from."""
    return {
        path: frozenset(line for raw in lines if not _COMMON.fullmatch(line := raw.strip()))
        for path, lines in _lines(store, files).items()
    }
