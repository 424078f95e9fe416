"""Plan → Outcome: head + (new - old), by changed path.

    new_head = merge(base = pristine(old), ours = HEAD, theirs = pristine(new))

Nothing here touches a project: what is built lies in the scratch store until it is landed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

import pygit2
from pygit2.enums import FileMode

from aegis_patch.formats import python_names, same_meaning
from aegis_patch.merge import one_path, renames, split_files
from aegis_patch.merge.file_content import Reason
from aegis_patch.merge.outcome import Clean, Conflict, Conflicted, Fate, Outcome, Plan, Unchanged
from aegis_patch.merge.sides import Sides, Trees, differing, obstructed
from aegis_patch.objects import trees
from aegis_patch.objects.texts import is_binary
from aegis_patch.objects.trees import Entry


def evolve(store: pygit2.Repository, plan: Plan) -> Outcome:
    """Merge what changes between two pristine trees into HEAD."""
    edits: dict[str, Entry | None] = {}
    created: list[Sides] = []
    conflicts: list[Conflict] = []
    at = Trees(store, plan.old, plan.head, plan.new, plan.moved, plan.ignorecase, plan.brought)
    found, notes = differing(at)
    for each, fate in _fates(store, plan, found):
        if each.was and trees.lookup(store, plan.head, each.was):
            edits |= {each.was: None, each.path: each.ours}  # theirs moved it
        if isinstance(fate, Conflict):
            conflicts.append(fate)
            continue
        if fate and not each.ours:
            created.append(each)
        elif fate != each.ours:
            edits[each.path] = fate
    tree = trees.replace(store, plan.head, edits)
    blocked = [each for each in created if obstructed(at, tree, each.path)]
    conflicts += [Conflict(each, Reason.KIND, None) for each in blocked]
    new = {each.path: each.theirs for each in created if each not in blocked}
    tree = trees.replace(store, tree, new)
    if conflicts:
        return Conflicted(tree, tuple(conflicts), tuple(notes))
    return Clean(tree, tuple(notes)) if tree != plan.head else Unchanged(tuple(notes))


def _fates(
    store: pygit2.Repository, plan: Plan, found: Sequence[tuple[Sides, ...]]
) -> Iterator[tuple[Sides, Fate]]:
    fates = [
        (parts[0], one_path.merge(store, plan, parts[0])) for parts in found if len(parts) == 1
    ]
    goes = [isinstance(it, Conflict) and it.reason is Reason.DELETED_BY_US for _, it in fates]
    modules = _renamed_modules(store, plan, found) if any(goes) else {}
    for (sides, fate), asked in zip(fates, goes, strict=True):
        yield sides, None if asked and _only_formatted(store, plan, sides, modules) else fate
    for parts in found:
        if len(parts) > 1:
            yield from zip(parts, split_files.merge_parts(store, plan, parts), strict=True)


def _renamed_modules(
    store: pygit2.Repository, plan: Plan, found: Iterable[tuple[Sides, ...]]
) -> dict[str, str]:
    """Which modules of the old pristine tree the user has under another name."""
    there = set(trees.files(store, plan.head))
    missing = [path for path in trees.files(store, plan.old) if path not in there]
    followed = renames.follow(store, plan.old, plan.head, missing).files
    moved = {path: place for path, place in followed.items() if place}
    moved |= {part.was: part.path for parts in found for part in parts if part.was}
    return python_names.renamed(moved)


def _only_formatted(
    store: pygit2.Repository, plan: Plan, sides: Sides, modules: Mapping[str, str]
) -> bool:
    """Whether a file could go, but for what the user changed of its layout.

    That includes the names of modules of ours that they moved.
    """
    if not (sides.base and sides.ours) or sides.base.mode != sides.ours.mode:
        return False
    if sides.ours.mode == FileMode.LINK or one_path.merge(
        store, plan, replace(sides, ours=sides.base)
    ):
        return False
    texts = [trees.blob(store, entry) for entry in (sides.base, sides.ours)]
    if not any(map(is_binary, texts)):
        texts = [python_names.under(text, modules) for text in texts]
    return same_meaning.is_same(sides.path, *texts)
