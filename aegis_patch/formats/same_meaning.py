"""Whether two texts of a file say the same: what a formatter changes is nothing that a user wrote.

In Python that is its syntax tree, its comments, and imports in whatever order; in any other file
the ends of its lines. Our anchors say nothing anywhere.
"""

from __future__ import annotations

from collections.abc import Sequence

from aegis_patch.formats import anchors


def is_same(path: str, one: bytes, other: bytes) -> bool:
    """Whether two texts of the file at a path, ours and a user's, differ in their layout alone."""
    if b"\0" in one + other:
        return one == other
    ours, mine = (text.splitlines() for text in (one, other))
    if not _anchors(mine) <= _anchors(ours):
        return False  # a comment of their own that only looks like an anchor
    ours, mine = ([line for line in side if not anchors.is_anchor(line)] for side in (ours, mine))
    if [line.rstrip() for line in ours] == [line.rstrip() for line in mine]:
        return True
    if not path.endswith((".py", ".pyi")):
        return False
    from aegis_patch.formats import python

    try:
        one, other = (b"\n".join([*lines, b""]) for lines in (ours, mine))
        return python.meaning(one.decode()) == python.meaning(other.decode())
    except (ValueError, RecursionError, MemoryError):
        return False


def _anchors(lines: Sequence[bytes]) -> set[bytes]:
    return {line.strip() for line in lines if anchors.is_anchor(line)}
