"""Moves a project's lines beside an anchor above it, where they become a component's."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from aegis_patch.formats import anchors
from aegis_patch.objects import adjacent_changes, texts
from aegis_patch.objects.trees import Entry, Tree

_Edits = list[tuple[range, Sequence[bytes]]]


def merged(base: bytes, ours: bytes, theirs: bytes) -> bytes | None:
    """A text in which lines that were inserted beside an anchor stay there; None for a conflict.

    Between them and the anchor may be lines that `ours` lacks: another component's, or ones that
    somebody had written there before.
    """
    lines, new = texts.lines(base), texts.lines(theirs)
    edits, gone, lacking = _Edits(), set[int](), set[int]()
    for at, _ in texts.hunks(base, ours):
        lacking.update(at)
    for at, to in texts.hunks(base, theirs):
        edits.append((at, new[to.start : to.stop]))
        up = down = at.start
        while up - 1 in lacking:
            up -= 1
        while down in lacking:
            down += 1
        ends = [*lines[max(up - 1, 0) : up], *lines[down : down + 1]]
        if not at and any(map(anchors.is_anchor, ends)):
            gone.update(range(up, down))
    edits += [(range(n, n + 1), []) for n in gone]
    edits.sort(key=lambda edit: (edit[0].start, edit[0].stop))
    if any(one.stop > two.start for (one, _), (two, _) in pairwise(edits)):
        return None
    without = texts.spliced(lines, [(range(n, n + 1), []) for n in sorted(gone)])
    return adjacent_changes.merged(b"".join(without), ours, b"".join(texts.spliced(lines, edits)))


def lifted(start: Tree, made: Tree) -> Tree:
    """A tree in which a project's own lines right below an anchor stand above it."""
    moved: dict[str, Entry | Tree | None] = {}
    for path, (was, now) in start.differences(made).items():
        if was and now and (data := _lifted(was.data, now.data)):
            moved[path] = now.rewritten(data)
    return made.replaced(moved)


def _lifted(was: bytes, now: bytes) -> bytes | None:
    """The text with these lines moved; None if there are none."""
    lines, new = texts.lines(was), texts.lines(now)
    edits, is_moved = _Edits(), False
    for at, to in texts.hunks(was, now):
        below = not at and at.start > 0 and anchors.is_anchor(lines[at.start - 1])
        is_moved = is_moved or below
        edits.append((range(at.start - below, at.stop - below), new[to.start : to.stop]))
    return b"".join(texts.spliced(lines, edits)) if is_moved else None
