"""Plan → Outcome: head + (new - old), by changed path.

    new_head = merge(base = pristine(old), ours = HEAD, theirs = pristine(new))

Nothing here touches a project: what is built lies in the scratch store until it is landed.
"""

from __future__ import annotations

import pygit2

from aegis_patch.merge import one_path
from aegis_patch.merge.file_content import Reason
from aegis_patch.merge.matched_paths import differing, obstructed
from aegis_patch.merge.outcome import Clean, Conflict, Conflicted, Outcome, Plan, Unchanged
from aegis_patch.merge.sides import Sides
from aegis_patch.objects import trees
from aegis_patch.objects.trees import Entry


def evolve(store: pygit2.Repository, plan: Plan) -> Outcome:
    """Merge what changes between two pristine trees into HEAD."""
    edits: dict[str, Entry | None] = {}
    created: list[Sides] = []
    conflicts: list[Conflict] = []
    found, notes = differing(store, plan)
    for sides in found:
        fate = one_path.merge(store, plan, sides)
        if sides.was and trees.lookup(store, plan.head, sides.was):
            edits |= {sides.was: None, sides.path: sides.ours}  # theirs moved it
        if isinstance(fate, Conflict):
            conflicts.append(fate)
            continue
        if fate and not sides.ours:
            created.append(sides)
        elif fate != sides.ours:
            edits[sides.path] = fate
    tree = trees.replace(store, plan.head, edits)
    new: dict[str, Entry | None] = {}
    for sides in created:
        if obstructed(store, plan, tree, sides.path):
            conflicts.append(Conflict(sides, Reason.KIND, None))
        else:
            new[sides.path] = sides.theirs
    tree = trees.replace(store, tree, new)
    if conflicts:
        return Conflicted(tree, tuple(conflicts), tuple(notes))
    return Clean(tree, tuple(notes)) if tree != plan.head else Unchanged(tuple(notes))
