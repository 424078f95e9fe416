"""Whether two texts of a file mean the same: a formatter's changes are no edits of the user's.

In Python the layout and the order of statements don't count; in other files the ends of lines
don't. Our anchors never count.
"""

from __future__ import annotations

from aegis_patch.formats import anchors


def is_same(path: str, one: bytes, other: bytes) -> bool:
    """Whether two texts of the file at a path, ours and a user's, differ in their layout alone."""
    if b"\0" in one + other:
        return one == other
    ours, our_anchors = _read(one)
    mine, my_anchors = _read(other)
    if not my_anchors <= our_anchors:
        return False  # a comment of their own that only looks like an anchor
    return ours == mine or (path.endswith((".py", ".pyi")) and _is_same_python(one, other))


def is_formatted(path: str, one: bytes, other: bytes) -> bool:
    """Whether a formatter made the one text of a Python file of the other."""
    from aegis_patch.formats import python

    try:
        return path.endswith(".py") and python.is_formatted(one.decode(), other.decode())
    except (ValueError, RecursionError, MemoryError):
        return False


def _read(text: bytes) -> tuple[list[bytes], set[bytes]]:
    """The lines of a text without their ends, and its anchors."""
    lines, found = list[bytes](), set[bytes]()
    for line in text.splitlines():
        if anchors.is_anchor(line):
            found.add(line.strip())
        else:
            lines.append(line.rstrip())
    return lines, found


def _is_same_python(one: bytes, other: bytes) -> bool:
    from aegis_patch.formats import python

    try:
        return python.pieces(_without_anchors(one)) == python.pieces(_without_anchors(other))
    except (ValueError, RecursionError, MemoryError):
        return False


def _without_anchors(text: bytes) -> str:
    lines = [line for line in text.splitlines(keepends=True) if not anchors.is_anchor(line)]
    return b"".join(lines).decode()
