"""Texts as git sees them: lines, hunks, and the three-way merge of one file."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import TypeVar

import pygit2
from pygit2 import enums
from pygit2.enums import FileMode

from aegis_patch.objects import trees
from aegis_patch.objects.trees import Entry
from aegis_patch.values import dataclass

LABELS = ("before", "HEAD (yours)", "aegis (theirs)")  # of base, ours and theirs at a conflict
BINARY_PROBE = 8000  # git looks for a NUL in as many bytes


_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Merged:
    """A text merge of one file: its bytes, with conflict markers unless it is clean."""

    data: bytes
    clean: bool


def merge_text(store: pygit2.Repository, base: bytes, ours: bytes, theirs: bytes) -> Merged:
    """Merge three texts of one file; any encoding survives."""
    sides = (base, ours, theirs)
    if b"\0" in b"".join(sides):  # pygit2 would cut the result off there
        return Merged(ours, clean=False)
    if ours == base or theirs in (base, ours):  # nor can it hand back an empty one
        return Merged(theirs if ours == base else ours, clean=True)
    if (apart := _merged_apart(base, ours, theirs)) is not None:
        return Merged(apart, clean=True)
    # pygit2 returns a merged file as UTF-8 text. Decoded as latin-1, any bytes pass through it.
    before, mine, wanted = (
        pygit2.IndexEntry(label, store.create_blob(data.decode("latin-1").encode()), FileMode.BLOB)
        for label, data in zip(LABELS, sides, strict=True)
    )
    result = store.merge_file_from_index(before, mine, wanted)
    return Merged(result.contents.encode("latin-1"), clean=result.automergeable)


def lines(data: bytes) -> list[bytes]:
    """The lines of a text as git counts them: only a line feed ends one."""
    return re.findall(rb"[^\n]*\n|[^\n]+", data)


def spliced(lines: Sequence[_T], edits: Iterable[tuple[range, Sequence[_T]]]) -> list[_T]:
    """Some lines, with each of the given ranges replaced."""
    made: list[_T] = []
    at = 0
    for span, others in edits:
        made += [*lines[at : span.start], *others]
        at = span.stop
    return [*made, *lines[at:]]


def hunks(old: bytes, new: bytes) -> Iterator[tuple[range, range]]:
    """Where two texts differ: the lines of the old one, and those in their place."""
    patch = pygit2.Patch.create_from(old, new, context_lines=0)
    for hunk in patch.hunks:
        at, to = hunk.old_start - (hunk.old_lines > 0), hunk.new_start - (hunk.new_lines > 0)
        yield range(at, at + hunk.old_lines), range(to, to + hunk.new_lines)


def touching(old: bytes, new: bytes, other: bytes) -> Iterator[tuple[range, range]]:
    """Where lines differ, as in `hunks`, at or right beside a place where another text differs."""
    changed = [at for at, _ in hunks(old, other)]
    for at, to in hunks(old, new):
        if any(touch(at, each) for each in changed):
            yield at, to


def touch(one: range, other: range) -> bool:
    """Whether lines overlap, or follow one another."""
    return one.start <= other.stop and other.start <= one.stop


def _merged_apart(base: bytes, ours: bytes, theirs: bytes) -> bytes | None:
    """The merge of changes with a line between them, which doesn't need pygit2."""
    edits = []
    for side in ours, theirs:
        changed = lines(side)
        edits += [(old, changed[new.start : new.stop]) for old, new in hunks(base, side)]
    edits.sort(key=lambda edit: edit[0].start)
    if any(one.stop >= two.start for (one, _), (two, _) in pairwise(edits)):
        return None
    return b"".join(spliced(lines(base), edits))


def merge_by_unique_lines(
    store: pygit2.Repository, base: bytes, ours: bytes, theirs: bytes
) -> bytes | None:
    """Merge three texts of one file with git's patience diff; None for a conflict.

    It aligns lines that occur once, where the usual diff may take a blank line for another.
    """
    if b"\0" in base + ours + theirs:
        return None
    nothing = trees.empty(store)
    before, mine, wanted = (
        nothing.replaced({"file": Entry.written(store, data)}).id for data in (base, ours, theirs)
    )
    how = (enums.MergeFavor.NORMAL, enums.MergeFlag(0), enums.MergeFileFlag.DIFF_PATIENCE)
    index = store.merge_trees(before, mine, wanted, *how)
    return None if index.conflicts else Entry(store, index["file"].id, FileMode.BLOB).data


def is_binary(data: bytes) -> bool:
    """Whether git treats it as binary: it has a NUL near the start."""
    return b"\0" in data[:BINARY_PROBE]


def lines_in(data: bytes) -> int:
    """How many lines git counts in a file; none in a binary one."""
    return 0 if is_binary(data) else data.count(b"\n") + (data[-1:] not in (b"", b"\n"))
