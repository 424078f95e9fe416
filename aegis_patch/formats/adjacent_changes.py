"""Changes that touch without a line between them: there is one result, though git asks.

git takes it for a conflict when one side changes a line and the other changes, or puts lines in
beside, the next. Where the lines of base that they change are not the same ones, and not both put
lines in at one point, every line has its place.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Hunk(NamedTuple):
    """The lines of base from `start` to before `end` become these."""

    start: int
    end: int
    lines: tuple[bytes, ...]


def merged(
    base: Sequence[bytes],
    ours: Sequence[Hunk],
    theirs: Sequence[Hunk],
    *,
    like: Sequence[bytes] = (),
) -> bytes | None:
    """The lines of base with the hunks of both, which are in order; None where two of them meet.

    That is, where a person has to decide, since they change one line, or one point, or one puts
    lines in beside lines that the other takes away: it may have been about those. Where it is only
    asked whether the result can be `like` a text, that text says what stands first at a point.
    """
    result: list[bytes] = []
    last: dict[bool, Hunk] = {}
    at = 0
    both = set(ours) & set(theirs)
    hunks = [(hunk, True) for hunk in ours] + [(hunk, False) for hunk in theirs if hunk not in both]
    for hunk, mine in sorted(hunks):
        if (other := last.get(not mine)) and _meet(other, hunk, like):
            return None
        last[mine] = hunk
        result += base[at : hunk.start]
        before = len(result)
        result += hunk.lines
        if other and like and other.start == other.end == hunk.start == hunk.end:
            before -= len(other.lines)
            turned = [*hunk.lines, *other.lines]
            if list(like[before : before + len(turned)]) == turned:
                result[before:] = turned
        at = hunk.end
    result += base[at:]
    if not all(line.endswith(b"\n") for line in result[:-1]):
        return None  # behind a last line that nothing ends
    return b"".join(result)


def _meet(above: Hunk, below: Hunk, like: Sequence[bytes]) -> bool:
    if below.start != above.end:
        return below.start < above.end
    put_in = [hunk.start == hunk.end for hunk in (above, below)]
    gone = [not hunk.lines for hunk in (above, below)]
    return not like and (all(put_in) or (any(put_in) and any(gone)))


def takes_away(ours: Sequence[Hunk], theirs: Sequence[Hunk]) -> bool:
    """Whether one side only takes lines away where the other puts some in or changes them."""
    return any(
        one.start < other.end and other.start < one.end and not (one.lines and other.lines)
        for one in ours
        for other in theirs
        if one != other
    )
