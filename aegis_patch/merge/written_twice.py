"""What a file says, piece by piece, and what both sides wrote."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from aegis_patch.formats import acceptance
from aegis_patch.objects import texts
from aegis_patch.objects.trees import Entry, bytes_of

if TYPE_CHECKING:
    from aegis_patch.merge.sides import Sides

_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"|\'[^\']*\'')


def written_twice(sides: Sides, merged: Entry | None) -> set[bytes]:
    """What both sides added and the merge holds fewer times than both wrote it: see `units`."""
    if sides.ours is None or sides.theirs is None or merged is None:
        return set()
    found = []
    for entry in (sides.base, sides.ours, sides.theirs, merged):
        data = bytes_of(entry)
        if texts.is_binary(data):
            return set()
        found.append(units(sides.path, data))
    return acceptance.made_once(*found)


def units(path: str, data: bytes) -> Counter[bytes]:
    """What a file says, piece by piece: its lines; in TOML its strings, in whatever layout."""
    is_toml = path.endswith(".toml")
    found = Counter[bytes]()
    for line in data.splitlines():
        if not line.strip():
            continue
        if not is_toml:
            found[line] += 1
        elif not line.lstrip().startswith(b"#"):
            found.update(_strings(line) or [line.strip()])
    return found


def _strings(line: bytes) -> list[bytes]:
    """What stands in quotes in a line of TOML, without the quotes."""
    return [piece[1:-1] for piece in _STRING.findall(line)]
