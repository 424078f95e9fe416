"""What a file says, piece by piece, and what both sides wrote."""

from __future__ import annotations

import re
from collections import Counter

import pygit2

from aegis_patch.merge.sides import Sides
from aegis_patch.objects import texts, trees
from aegis_patch.objects.trees import Entry

_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"|\'[^\']*\'')


def written_twice(store: pygit2.Repository, sides: Sides, merged: Entry | None) -> frozenset[bytes]:
    """What both sides added and the merge holds fewer times than both wrote it: see `units`."""
    if sides.ours is None or sides.theirs is None or merged is None:
        return frozenset()
    data = [trees.blob(store, entry) for entry in (sides.base, sides.ours, sides.theirs, merged)]
    if any(texts.is_binary(text) for text in data):
        return frozenset()
    before, mine, wanted, result = (units(sides.path, text) for text in data)
    added_by_both = (mine - before).keys() & (wanted - before).keys()
    return frozenset(
        unit for unit in added_by_both if result[unit] < mine[unit] + wanted[unit] - before[unit]
    )


def units(path: str, data: bytes) -> Counter[bytes]:
    """What a file says, piece by piece: its lines; in TOML its strings, in whatever layout."""
    lines = [line for line in data.splitlines() if line.strip()]
    if not path.endswith(".toml"):
        return Counter(lines)
    return Counter(
        piece
        for line in lines
        if not line.lstrip().startswith(b"#")
        for piece in strings(line) or [line.strip()]
    )


def strings(line: bytes) -> list[bytes]:
    """What stands in quotes in a line of TOML, without the quotes."""
    return [piece[1:-1] for piece in _STRING.findall(line)]
