"""Finds lines that both sides wrote and the merge has once."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from aegis_patch.formats import acceptance
from aegis_patch.objects import texts
from aegis_patch.objects.trees import Entry, bytes_of

if TYPE_CHECKING:
    from aegis_patch.merge.outcome import Sides

_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"|\'[^\']*\'')


def written_twice(sides: Sides, merged: Entry | None) -> set[bytes]:
    """The units that both sides added, and that the merge has less often than both together."""
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
    """The units of a file: its lines, or in TOML its strings, in any layout."""
    is_toml = path.endswith(".toml")
    found = Counter[bytes]()
    for line in data.splitlines():
        if not line.strip():
            continue
        if not is_toml:
            found[line] += 1
        elif not line.lstrip().startswith(b"#"):
            strings = [piece[1:-1] for piece in _STRING.findall(line)]
            found.update(strings or [line.strip()])
    return found
