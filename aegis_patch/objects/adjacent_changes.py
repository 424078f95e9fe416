"""Merges changes to neighbouring lines, for which git reports a conflict.

If they change different lines of base, and don't both insert lines at one point, every line has
its place, and there is only one result.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from aegis_patch.formats import anchors
from aegis_patch.objects import texts


class Hunk(NamedTuple):
    """The lines of base from `start` to before `end`, and those that replace them."""

    start: int
    end: int
    lines: tuple[bytes, ...]


def merged(base: bytes, ours: bytes, theirs: bytes, *, apart: bool = False) -> bytes | None:
    """A text with the changes of both sides; None where two of them meet.

    They meet if they change one line, insert at one point, or if one inserts lines beside lines
    that the other deletes, because the new ones may be about those; not if they are items of a list
    with an anchor. Right above an anchor both may insert lines: ours come first. With `apart`,
    neighbouring changes meet too.
    """
    if b"\0" in base + ours + theirs:
        return None  # git finds no hunks in it
    lines = texts.lines(base)
    result: list[bytes] = []
    last: dict[bool, Hunk] = {}
    at = 0
    hunks = dict.fromkeys(_hunks(base, theirs), False) | dict.fromkeys(_hunks(base, ours), True)
    for hunk, mine in sorted(hunks.items(), key=lambda each: _place(lines, *each)):
        result += lines[at : hunk.start]
        other = last.get(not mine)
        if other and _is_at_one_anchor(lines, other, hunk):
            result[len(result) - len(other.lines) :] = anchors.behind(other.lines, hunk.lines)
        elif other and _meet(lines, other, hunk, apart):
            return None
        else:
            result += hunk.lines
        last[mine] = hunk
        at = hunk.end
    result += lines[at:]
    if not all(line.endswith(b"\n") for line in result[:-1]):
        return None  # a last line without an end is no longer the last
    return b"".join(result)


def takes_away(base: bytes, ours: bytes, theirs: bytes) -> bool:
    """Whether one side only deletes lines where the other makes another change."""
    for one in _hunks(base, ours):
        for other in _hunks(base, theirs):
            meets = one.start < other.end and other.start < one.end
            if meets and one != other and not (one.lines and other.lines):
                return True
    return False


def _hunks(base: bytes, side: bytes) -> list[Hunk]:
    lines = texts.lines(side)
    found = []
    for at, to in texts.hunks(base, side):
        found.append(Hunk(at.start, at.stop, tuple(lines[to.start : to.stop])))
    return found


def _place(base: Sequence[bytes], hunk: Hunk, mine: bool) -> tuple[int, int, bool]:
    """The order of hunks: ours first, or last if the lines are read from their end."""
    from_the_end = hunk.start > 0 and anchors.is_anchor(base[hunk.start - 1])
    return hunk.start, hunk.end, mine if from_the_end else not mine


def _is_at_one_anchor(base: Sequence[bytes], one: Hunk, other: Hunk) -> bool:
    """Whether both insert lines right above one anchor; below it, read from the end."""
    at = one.start
    if not at == one.end == other.start == other.end:
        return False
    return any(anchors.is_anchor(line) for line in base[max(at - 1, 0) : at + 1])


def _meet(base: Sequence[bytes], above: Hunk, below: Hunk, apart: bool) -> bool:
    if below.start != above.end:
        return below.start < above.end
    put_in = [hunk.start == hunk.end for hunk in (above, below)]
    if apart or all(put_in):
        return True
    if not any(put_in) or (above.lines and below.lines):
        return False
    return not _are_items(base, *((above, below) if put_in[0] else (below, above)))


def _are_items(base: Sequence[bytes], new: Hunk, gone: Hunk) -> bool:
    """Whether inserted lines are items of a list with an anchor; above it, read from the end."""
    if any(anchors.is_anchor(line) for line in base[gone.start : gone.end]):
        return False
    sides = (base[new.start :], base[: new.start][::-1])
    return any(anchors.are_items(side, new.lines) for side in sides)
