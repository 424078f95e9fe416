"""The comments at which components put their lines in, where the user has taken some out.

They are ours, and say nothing. Put back for as long as it takes to merge, they hold the places.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from aegis_patch.merges.touching import Hunk

_SLOT = re.compile(rb"\s*(?:#|<!--) (?:slot: |yours below\b)")


def without(lines: Sequence[bytes]) -> list[bytes]:
    """The lines but for slots."""
    return [line for line in lines if not _SLOT.match(line)]


def missing(base: Sequence[bytes], ours: Collection[bytes]) -> frozenset[bytes]:
    """The slots of base of which ours has none that reads so."""
    return frozenset(line for line in base if _SLOT.match(line)).difference(ours)


def restored(
    base: Sequence[bytes], hunks: Sequence[Hunk], wanted: Collection[bytes]
) -> list[bytes]:
    """Ours, which is base with these hunks, with wanted slots back where nothing replaced them."""
    result: list[bytes] = []
    at = 0
    for start, end, lines in hunks:
        result += base[at:start]
        result += lines or (line for line in base[start:end] if line in wanted)
        at = end
    return [*result, *base[at:]]
