"""Anchors: the comments `yours below`, one at the end of each shared list.

Components put their lines in right above an anchor, and what is below it is the user's. So two
series that meet there do not clash: what is there stays, and what comes goes behind it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_ANCHOR = re.compile(rb"\s*(?:#|<!--|//) yours below\b")
_IMPORTED_OR_BLANK = re.compile(rb"(?:from \S+ import \w+ as \w+)?\s*\Z")


def is_anchor(line: bytes) -> bool:
    """Whether a line is an anchor, however far it is indented."""
    return bool(_ANCHOR.match(line))


def behind(there: Sequence[bytes], coming: Sequence[bytes]) -> list[bytes]:
    """The lines of both sides above one anchor, their common heading only once.

    For an empty list may be none at all, so whoever needs it first brings its heading.
    """
    heading = coming[0]
    if not heading.rstrip().endswith(b":") or heading not in there:
        return [*there, *coming]
    end = there.index(heading) + 1
    while end < len(there) and _indent(there[end]) > _indent(heading):
        end += 1
    return [*there[:end], *coming[1:], *there[end:]]


def are_items(near: Sequence[bytes], coming: Sequence[bytes]) -> bool:
    """Whether lines inserted right above some others are items of a list with an anchor.

    Items are about nothing but themselves; a comment may be about the line below it. Of lines that
    aren't indented only imports are a list, with blank lines between them: they register something.
    """
    if all(map(_IMPORTED_OR_BLANK.match, coming)):
        rest = (line for line in near if not _IMPORTED_OR_BLANK.match(line))
        return is_anchor(next(rest, b""))
    depth = _indent(coming[0])
    is_comment = any(line.lstrip().startswith(b"#") for line in coming)
    if not depth or is_comment or any(_indent(line) != depth for line in coming):
        return False
    for line in near:
        if is_anchor(line) or _indent(line) != depth or not line.strip():
            return is_anchor(line) and _indent(line) == depth
    return False


def _indent(line: bytes) -> int:
    return len(line) - len(line.lstrip())
