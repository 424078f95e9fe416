"""Lines that the user had written before a component brought the same.

They are found when the component is added, written into the record (`yours`), and kept when it is
removed. No commit is asked, so a squash merge or a shallow clone loses nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from aegis_patch.merge import one_path, renames
from aegis_patch.merge.outcome import Conflict, Note, Outcome, Plan, Sides, Unchanged
from aegis_patch.merge.written_twice import units, written_twice
from aegis_patch.stack.record import RECORD
from aegis_patch.stack.stack import WHOLE, Stack, Yours, by_path
from aegis_patch.values import replace

if TYPE_CHECKING:
    from aegis_patch.objects.trees import Tree
    from aegis_patch.upstream.workbench import Bench

_FILE = "you already had this file; it stays when the component is removed"
_LINE = "you already had this; it stays when the component is removed: {}"


def written_down(plan: Plan, outcome: Outcome) -> Outcome:
    """The outcome with these lines in its record, and a note on each."""
    if isinstance(outcome, Unchanged) or plan.record is None:
        return outcome
    yours = _found(plan, outcome.tree)
    if not yours:
        return outcome
    plan = replace(plan, record=replace(plan.record, yours=joined(plan.record.yours, yours)))
    base, ours, theirs = (tree.lookup(RECORD) for tree in (plan.old, plan.head, plan.new))
    fate = one_path.merge(plan, Sides(RECORD, base, ours, theirs))
    assert not isinstance(fate, Conflict)  # it is merged by key
    tree = outcome.tree.replaced({RECORD: fate})
    return replace(outcome, tree=tree, notes=(*outcome.notes, *_notes(yours)))


def _found(plan: Plan, result: Tree) -> Yours:
    """The lines that the user and a component both wrote, and that the result holds once.

    In a conflict (the result then has the user's side) these are all lines that both wrote. A file
    that only one of them has, or that differs, teaches nothing.
    """
    if plan.less is None:
        return frozenset()
    pairs = set[tuple[str, str]]()
    for path in {*plan.less.changed(plan.new)} - {RECORD}:
        base, theirs = (tree.lookup(path) for tree in (plan.old, plan.new))
        place = plan.moved.place(path) if plan.moved else path
        ours, merged = (tree.lookup(place) for tree in (plan.head, result))
        if base is None:
            if ours and theirs and ours.id == theirs.id:
                pairs.add((path, WHOLE))
            continue
        sides = Sides(path, base, ours, theirs)
        if one_path.is_same_but_for_layout(sides, {}):  # a formatter's lines may read like ours
            continue
        if twice := written_twice(sides, merged):
            brought = _units(plan.new, path) - _units(plan.less, path)
            pairs.update((path, _shown(unit)) for unit in twice & brought.keys())
    return frozenset(pairs)


def _notes(yours: Yours) -> Iterator[Note]:
    for path, line in sorted(yours):
        yield Note(path, _FILE if line == WHOLE else _LINE.format(line.strip()))


def joined(one: Yours, other: Yours) -> Yours:
    """Both sets as one; a whole file needs no lines of its own."""
    pairs = set[tuple[str, str]]()
    for path, lines in by_path(one | other).items():
        pairs.update((path, line) for line in ({WHOLE} if WHOLE in lines else lines))
    return frozenset(pairs)


def carried(yours: Yours, old: Tree, new: Tree) -> Yours:
    """The lines that the new pristine tree still has, at their new paths."""
    pairs = set[tuple[str, str]]()
    for path, lines in by_path(yours).items():
        place = path
        if path not in new:
            place = renames.follow(old, new, [path]).files.get(path, path)
        if place in new:
            there = {WHOLE, *map(_shown, _units(new, place))}
            pairs.update((place, line) for line in lines & there)
    return frozenset(pairs)


def kept(bench: Bench, old: Stack, new: Stack) -> dict[str, frozenset[bytes]]:
    """The lines that stay though their component is removed, because they are the user's.

    A file that is the user's as a whole counts with all its lines.
    """
    going = old.names - new.names
    if not going or not old.yours:
        return {}
    less, more = bench.pristine(old.without(going)), bench.pristine(old)
    lines: dict[str, frozenset[bytes]] = {}
    for path, mine in by_path(old.yours).items():
        before = _units(more, path)
        if WHOLE in mine:
            if path not in less:
                lines[path] = frozenset(before)
            continue
        leaving = before - _units(less, path)
        stays = frozenset(unit for unit in leaving if _shown(unit) in mine)
        if stays:
            lines[path] = stays
    return lines


def _units(tree: Tree, path: str) -> Counter[bytes]:
    return units(path, tree.read(path))


def _shown(unit: bytes) -> str:
    return unit.decode("utf-8", "backslashreplace")
