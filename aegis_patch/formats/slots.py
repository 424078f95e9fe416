"""The comments at which components put their lines in, where the user has taken some out.

They are ours, and say nothing. Put back for as long as it takes to merge, they hold the places.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence

from aegis_patch.formats.adjacent_changes import Hunk

_SLOT = re.compile(rb"\s*(?:#|<!--) (?:slot: |yours below\b)")


def without(lines: Sequence[bytes]) -> list[bytes]:
    """The lines but for slots."""
    return [line for line in lines if not _SLOT.match(line)]


def found(lines: Iterable[bytes]) -> frozenset[bytes]:
    """The slots among the lines, however far they are indented."""
    return frozenset(line.strip() for line in lines if _SLOT.match(line))


def missing(base: Sequence[bytes], ours: Collection[bytes]) -> frozenset[bytes]:
    """The slots of base of which ours has none that reads so, however far it is indented."""
    there = found(ours)
    return frozenset(line for line in base if _SLOT.match(line) and line.strip() not in there)


def restored(
    base: Sequence[bytes], hunks: Sequence[Hunk], wanted: Collection[bytes]
) -> list[bytes]:
    """Ours, which is base with these hunks, with wanted slots back where they alone were taken out.

    What replaced one stands in its place; where one went with other lines, what is put in there may
    have been about those. Blank lines may go with it where it is a `#` comment: in Markdown they
    part what stands above from what stands below.
    """
    result: list[bytes] = []
    at = 0
    for start, end, lines in hunks:
        result += base[at:start]
        taken = base[start:end]
        back = [line for line in taken if line in wanted]
        markup = any(line.lstrip().startswith(b"<") for line in back)
        beside = without(taken)
        alone = not beside or (b"".join(beside).isspace() and not markup)
        result += lines or (back if alone else ())
        at = end
    return [*result, *base[at:]]
