"""Whether two texts of a file mean the same: a formatter's changes are no edits of the user's.

In Python the layout and the order of statements don't count; in other files the ends of lines
don't. Our anchors never count.
"""

from __future__ import annotations

from aegis_patch.formats import anchors


def is_same(path: str, one: bytes, other: bytes, *, in_order: bool = False) -> bool:
    """Whether two texts of the file at a path, ours and a user's, differ in their layout alone.

    With `in_order`, the order of statements and comments counts.
    """
    if b"\0" in one + other:
        return one == other
    ours, our_anchors = _read(one)
    mine, my_anchors = _read(other)
    if not my_anchors <= our_anchors:
        return False  # a comment of their own that only looks like an anchor
    return ours == mine or (is_python(path) and _is_same_python(one, other, in_order))


def _read(text: bytes) -> tuple[list[bytes], set[bytes]]:
    """The lines of a text without their ends, and its anchors."""
    lines, found = list[bytes](), set[bytes]()
    for line in text.splitlines():
        if anchors.is_anchor(line):
            found.add(line.strip())
        else:
            lines.append(line.rstrip())
    return lines, found


def is_python(path: str) -> bool:
    """Whether a file is called as Python is."""
    return path.endswith((".py", ".pyi"))


def _is_same_python(one: bytes, other: bytes, in_order: bool) -> bool:
    from aegis_patch.formats import python

    try:
        ours, mine = _without_anchors(one), _without_anchors(other)
        if in_order and python.order(ours) != python.order(mine):
            return False
        return python.pieces(ours) == python.pieces(mine)
    except (ValueError, RecursionError, MemoryError):
        return False


def _without_anchors(text: bytes) -> str:
    lines = [line for line in text.splitlines(keepends=True) if not anchors.is_anchor(line)]
    return b"".join(lines).decode()
