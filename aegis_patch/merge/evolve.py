"""Plan → Outcome: head + (new - old), by changed path.

    new_head = merge(base = pristine(old), ours = HEAD, theirs = pristine(new))

Nothing here touches a project: the result is in the scratch store until it lands.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from aegis_patch.formats import python_names
from aegis_patch.merge import one_path, renames
from aegis_patch.merge.matched_paths import differing, obstructed
from aegis_patch.merge.outcome import (
    Clean,
    Conflict,
    Conflicted,
    Fate,
    Outcome,
    Plan,
    Sides,
    Unchanged,
)
from aegis_patch.merge.reason import Reason
from aegis_patch.objects.trees import Entry, Tree


def evolve(plan: Plan) -> Outcome:
    """Merge what changes between two pristine trees into HEAD."""
    edits: dict[str, Entry | None] = {}
    created: list[Sides] = []
    conflicts: list[Conflict] = []
    found, notes = differing(plan)
    for sides, fate in zip(found, _fates(plan, found), strict=True):
        if sides.was and sides.was in plan.head:
            edits |= {sides.was: None, sides.path: sides.ours}  # theirs moved it
        if isinstance(fate, Conflict):
            conflicts.append(fate)
            continue
        if fate and not sides.ours:
            created.append(sides)
        elif fate != sides.ours:
            edits[sides.path] = fate
    tree, taken = _with_created(plan, plan.head.replaced(edits), created)
    conflicts += taken
    if conflicts:
        return Conflicted(tree, tuple(conflicts), tuple(notes))
    return Clean(tree, tuple(notes)) if tree != plan.head else Unchanged(tuple(notes))


def _with_created(plan: Plan, tree: Tree, created: Iterable[Sides]) -> tuple[Tree, list[Conflict]]:
    """A tree with new files, and a conflict for each path that is already taken."""
    new: dict[str, Entry | None] = {}
    taken = []
    for sides in created:
        if obstructed(plan, tree, sides.path):
            taken.append(Conflict(sides, Reason.KIND, None))
        else:
            new[sides.path] = sides.theirs
    return tree.replaced(new), taken


def _fates(plan: Plan, found: Sequence[Sides]) -> Iterator[Fate]:
    """The result for each path; an import that only follows a renamed module is no change."""
    modules: dict[str, str] | None = None
    for sides in found:
        fate = one_path.merge(plan, sides)
        if isinstance(fate, Conflict):
            modules = _renamed_modules(plan, found) if modules is None else modules
            fate = one_path.following(plan, fate, modules)
        yield fate


def _renamed_modules(plan: Plan, found: Iterable[Sides]) -> dict[str, str]:
    """The modules of the old pristine tree that the user renamed."""
    there = set(plan.head.files())
    missing = set(plan.old.files()) - there
    moved = dict(renames.follow(plan.old, plan.head, sorted(missing)).files)
    for sides in found:
        if sides.was:
            moved[sides.was] = sides.path
    return python_names.renamed(moved)
