"""Conflict markers, as the text merge writes them and git users know them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from aegis_patch.objects import texts
from aegis_patch.objects.texts import LABELS
from aegis_patch.values import dataclass

_OPENING = rb"(?m)^<{7} "
_MIDDLE = rb"(?m)^={7}\r?$"
_CLOSING = rb"(?m)^>{7} "


@dataclass(frozen=True, slots=True)
class Place:
    """Lines of ours and of theirs that meet.

    `start` and `stop` are the lines of the file, counted from 0, that it takes up, markers
    included; `base` is the marker of the base, if the style shows that.
    """

    start: int
    stop: int
    mine: Sequence[bytes]
    wanted: Sequence[bytes]
    base: int | None = None


def places(lines: Sequence[bytes]) -> Iterator[Place]:
    """The marked places of a merged file."""
    start = base = middle = -1
    for number, line in enumerate(lines):
        if line.startswith(f"<<<<<<< {LABELS[1]}".encode()):
            start = number
        elif line.startswith(f"||||||| {LABELS[0]}".encode()) and start > middle:
            base = number
        elif line.rstrip(b"\r\n") == b"=======" and start > middle:  # more underline a heading
            middle = number
        elif line.startswith(f">>>>>>> {LABELS[2]}".encode()):
            has_base = base > start
            mine = lines[start + 1 : base if has_base else middle]
            wanted = lines[middle + 1 : number]
            yield Place(start, number + 1, mine, wanted, base if has_base else None)


def line_of(data: bytes) -> int:
    """The line of the first conflict markers in a text, of any kind; 0 without any."""
    start = re.search(_OPENING, data)
    middle = re.compile(_MIDDLE).search(data, start.end()) if start else None
    if start and middle and re.compile(_CLOSING).search(data, middle.end()):
        return data.count(b"\n", 0, start.start()) + 1
    return 0


def resolved(data: bytes, *, mine: bool) -> bytes:
    """A marked text with one of its sides alone."""
    lines = texts.lines(data)
    chosen = []
    for place in places(lines):
        chosen.append((range(place.start, place.stop), place.mine if mine else place.wanted))
    return b"".join(texts.spliced(lines, chosen))
