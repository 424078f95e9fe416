"""Changes that touch without a line between them: there is one result, though git asks.

git takes it for a conflict when one side changes a line and the other changes, or puts lines in
beside, the next. Where the lines of base that they change are not the same ones, and not both put
lines in at one point, every line has its place.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from aegis_patch.formats import anchors


class Hunk(NamedTuple):
    """The lines of base from `start` to before `end` become these."""

    start: int
    end: int
    lines: tuple[bytes, ...]


def merged(
    base: Sequence[bytes], ours: Sequence[Hunk], theirs: Sequence[Hunk], *, apart: bool = False
) -> bytes | None:
    """The lines of base with the hunks of both, which are in order; None where two of them meet.

    That is, where a person has to decide, since they change one line, or one point, or one puts
    lines in beside lines that the other takes away: it may have been about those. Right above an
    anchor both may put lines in: first ours. Where changes have to be `apart`, those that touch
    meet as well.
    """
    result: list[bytes] = []
    last: dict[bool, Hunk] = {}
    at = 0
    both = set(ours) & set(theirs)
    hunks = [(hunk, True) for hunk in ours] + [(hunk, False) for hunk in theirs if hunk not in both]
    for hunk, mine in sorted(hunks, key=lambda each: _place(base, *each)):
        result += base[at : hunk.start]
        other = last.get(not mine)
        if other and _is_at_one_anchor(base, other, hunk):
            result[len(result) - len(other.lines) :] = anchors.behind(other.lines, hunk.lines)
        elif other and _meet(other, hunk, apart):
            return None
        else:
            result += hunk.lines
        last[mine] = hunk
        at = hunk.end
    result += base[at:]
    if not all(line.endswith(b"\n") for line in result[:-1]):
        return None  # behind a last line that nothing ends
    return b"".join(result)


def _place(base: Sequence[bytes], hunk: Hunk, mine: bool) -> tuple[int, int, bool]:
    """What stands first: ours, but for lines that are read from their end."""
    from_the_end = hunk.start > 0 and anchors.is_anchor(base[hunk.start - 1])
    return hunk.start, hunk.end, mine if from_the_end else not mine


def _is_at_one_anchor(base: Sequence[bytes], one: Hunk, other: Hunk) -> bool:
    """Whether both put lines in right above one anchor; below it, read from the end."""
    at = one.start
    if not at == one.end == other.start == other.end:
        return False
    return any(anchors.is_anchor(line) for line in base[max(at - 1, 0) : at + 1])


def _meet(above: Hunk, below: Hunk, apart: bool) -> bool:
    if below.start != above.end:
        return below.start < above.end
    put_in = [hunk.start == hunk.end for hunk in (above, below)]
    gone = [not hunk.lines for hunk in (above, below)]
    return apart or all(put_in) or (any(put_in) and any(gone))


def takes_away(ours: Sequence[Hunk], theirs: Sequence[Hunk]) -> bool:
    """Whether one side only takes lines away where the other puts some in or changes them."""
    return any(
        one.start < other.end and other.start < one.end and not (one.lines and other.lines)
        for one in ours
        for other in theirs
        if one != other
    )
