"""A file that the user split: each change happens once, in one of the parts."""

from __future__ import annotations

import difflib
import itertools
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

import pygit2

from aegis_patch.merge import one_path
from aegis_patch.merge.file_content import Reason
from aegis_patch.merge.outcome import Conflict, Fate, Plan
from aegis_patch.merge.sides import Sides
from aegis_patch.objects import trees
from aegis_patch.objects.trees import Entry


def merge_parts(store: pygit2.Repository, plan: Plan, parts: Sequence[Sides]) -> list[Fate]:
    """A file that the user split: each change of theirs has to happen once, in one of the parts."""
    base, theirs = parts[0].base, parts[0].theirs
    if base is None or theirs is None:
        return [one_path.merge(store, plan, _pure(store, part)) for part in parts]
    now = list(parts)
    for before, after in itertools.pairwise(_change_by_change(store, base, theirs)):
        now = [replace(part, base=before, theirs=after) for part in now]
        fates = [one_path.merge(store, plan, part) for part in now]
        kept = [
            part.ours if isinstance(fate, Conflict) else fate
            for part, fate in zip(now, fates, strict=True)
        ]
        change = _gained(store, [before], [after])
        if _gained(store, [part.ours for part in now], kept) != change:
            return _stuck_parts(parts, fates)
        now = [replace(part, ours=entry) for part, entry in zip(now, kept, strict=True)]
    return [part.ours for part in now]


def _stuck_parts(parts: Sequence[Sides], fates: Sequence[Fate]) -> list[Fate]:
    """All parts as they are, and a person decides about one in which a change was tried."""
    at = next((n for n, fate in enumerate(fates) if isinstance(fate, Conflict)), 0)
    return [
        Conflict(part, Reason.SPLIT, part.ours) if number == at else part.ours
        for number, part in enumerate(parts)
    ]


def _change_by_change(store: pygit2.Repository, base: Entry, theirs: Entry) -> list[Entry]:
    """From base to theirs, with one change more each time."""
    old, new = (trees.blob(store, entry).splitlines(keepends=True) for entry in (base, theirs))
    found = difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    texts = [
        b"".join([*new[:above], *old[below:]])
        for kind, _, below, _, above in found
        if kind != "equal"
    ]
    made = [Entry(store.create_blob(text), theirs.mode) for text in texts]
    return [base, *made]


def _gained(
    store: pygit2.Repository, before: Iterable[Entry | None], after: Iterable[Entry | None]
) -> Counter[bytes]:
    """How many more or fewer of each line there are in some files."""
    gained = Counter[bytes]()
    for entry in after:
        gained.update(_lines(store, entry))
    for entry in before:
        gained.subtract(_lines(store, entry))
    return Counter({line: count for line, count in gained.items() if count})


def _pure(store: pygit2.Repository, part: Sides) -> Sides:
    """A part of a file that goes: if nothing in it is the user's own, as if it were a whole one."""
    mine = _lines(store, part.ours) - _lines(store, part.base)
    return part if mine else replace(part, base=part.ours)


def _lines(store: pygit2.Repository, entry: Entry | None) -> Counter[bytes]:
    return Counter(line for line in trees.blob(store, entry).splitlines() if line.strip())
