"""Conflict markers, as the text merge writes them and git users know them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

LABELS = ("before", "HEAD (yours)", "aegis (theirs)")


@dataclass(frozen=True, slots=True)
class Place:
    """Lines of ours and of theirs that meet.

    `start` and `stop` are the lines of the file, counted from 0, that the place takes, markers
    included.
    """

    start: int
    stop: int
    mine: Sequence[bytes]
    wanted: Sequence[bytes]


def places(lines: Sequence[bytes]) -> Iterator[Place]:
    """Where a file that was merged has markers."""
    start = middle = -1
    for number, line in enumerate(lines):
        if line.startswith(f"<<<<<<< {LABELS[1]}".encode()):
            start = number
        elif line.rstrip(b"\r\n") == b"=======" and start > middle:  # more underline a heading
            middle = number
        elif line.startswith(f">>>>>>> {LABELS[2]}".encode()):
            mine, wanted = lines[start + 1 : middle], lines[middle + 1 : number]
            yield Place(start, number + 1, mine, wanted)
