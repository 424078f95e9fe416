"""Anchors: the comments `yours below`, one where the lines of each shared list end.

Components put their lines in right above an anchor, and what is below it is the user's. So two
series that meet there do not clash: what is there stays, and what comes goes behind it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from aegis_patch.formats.adjacent_changes import Hunk

_ANCHOR = re.compile(rb"\s*(?:#|<!--|//) yours below\b")


def is_anchor(line: bytes) -> bool:
    """Whether a line is an anchor, however far it is indented."""
    return bool(_ANCHOR.match(line))


def joined(base: Sequence[bytes], ours: Sequence[Hunk], theirs: Sequence[Hunk]) -> bytes | None:
    """The lines of base with the changes of both, which are in order; None where two clash.

    Changes clash that no unchanged line parts, but for the same change of both, which is made once,
    and for lines that both put in right above an anchor.
    """
    result: list[bytes] = []
    at = 0
    mine, wanted = list(ours), list(theirs)
    while mine or wanted:
        if mine and wanted and mine[0].start == wanted[0].start:
            hunk = _one(base, mine.pop(0), wanted.pop(0))
        elif not wanted or (mine and mine[0].start < wanted[0].start):
            hunk = mine.pop(0)
        else:
            hunk = wanted.pop(0)
        following = [side[0].start for side in (mine, wanted) if side]
        if hunk is None or any(start <= hunk.end for start in following):
            return None
        result += [*base[at : hunk.start], *hunk.lines]
        at = hunk.end
    return b"".join([*result, *base[at:]])


def _one(base: Sequence[bytes], mine: Hunk, wanted: Hunk) -> Hunk | None:
    """Two changes that start at one line, made one."""
    if mine == wanted:
        return mine
    at = mine.start
    put_in = mine.end == wanted.end == at
    if put_in and at < len(base) and is_anchor(base[at]):
        return Hunk(at, at, tuple(_behind(mine.lines, wanted.lines)))
    return None


def _behind(mine: Sequence[bytes], wanted: Sequence[bytes]) -> list[bytes]:
    """The lines of both; those below a heading that mine has as well go below that one."""
    heading = wanted[0]
    if not heading.rstrip().endswith(b":") or heading not in mine:
        return [*mine, *wanted]
    end = mine.index(heading) + 1
    while end < len(mine) and _indent(mine[end]) > _indent(heading):
        end += 1
    return [*mine[:end], *wanted[1:], *mine[end:]]


def _indent(line: bytes) -> int:
    return len(line) - len(line.lstrip())
