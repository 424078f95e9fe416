"""Which files are alike, by their bytes or by shared lines.

Lines are compared as a bag, in whatever order; a score says how many per cent of two files that is.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping

import pygit2
from pygit2.enums import FileMode

from aegis_patch.objects.trees import Entry

ALIKE = 80  # per cent that a file must have in common with another to be known
RELATED = 50  # per cent from which a person may want to hear of it
AHEAD = 20  # per cent by which it must be more alike than every other
LARGER = 10  # times as large as all that is sought: a data set is not read
_SMALL = 1 << 16  # bytes that are read in any case

Files = Mapping[str, Entry]
Scores = Mapping[str, Mapping[str, int]]


def identical(sought: Files, added: Files) -> dict[str, str]:
    """Pairs with the same bytes, unique on both sides; empty files are all alike."""
    here, there = _by_content(sought), _by_content(added)
    found = {}
    for content, paths in here.items():
        places = there.get(content, [])
        if len(paths) == len(places) == 1 and sought[paths[0]].size:
            found[paths[0]] = places[0]
    return found


def compared(sought: Files, added: Files) -> dict[str, dict[str, int]]:
    """For each sought file, related ones and the per cent that they share.

    What is far too large to be mostly what is sought is not read.
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


def winners(scores: Scores) -> dict[str, str]:
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
