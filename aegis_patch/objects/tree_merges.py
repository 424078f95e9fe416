"""Three-way merges of whole trees by text alone: for pristine trees, never for a user's."""

from __future__ import annotations

from collections.abc import Callable

import pygit2
from pygit2 import enums
from pygit2.enums import FileMode

from aegis_patch.objects import texts
from aegis_patch.objects.trees import Entry, Tree

Settle = Callable[[bytes, bytes, bytes], bytes | None]


def merge(
    base: Tree, ours: Tree, theirs: Tree, settle: Settle | None = None
) -> tuple[Tree, tuple[str, ...]]:
    """The merged tree, and the paths that clash; with a clash, the tree is `ours`.

    Args:
        settle: makes the text of a file from its three sides; None where that is for the merge.
    """
    differing = base.differences(theirs)
    gone = [path for path, (was, now) in differing.items() if not now and ours.lookup(path) == was]
    rest = ours.replaced(dict.fromkeys(gone))
    edits: dict[str, Entry | None] = {}
    clashes = []
    for path, (was, wanted) in differing.items():
        mine = ours.lookup(path)
        is_blocked = was is None and rest.is_in_the_way(path)
        if mine == was and not is_blocked:
            edits[path] = wanted
        elif merged := _merged_file(was, mine, wanted, settle):
            edits[path] = merged
        elif mine != wanted:
            clashes.append(path)
    return (ours if clashes else ours.replaced(edits)), tuple(clashes)


def _merged_file(
    was: Entry | None, mine: Entry | None, wanted: Entry | None, settle: Settle | None
) -> Entry | None:
    """A file merged as text; None for a clash, such as a side that lacks it."""
    if was is None or mine is None or wanted is None:
        return None
    sides = was.data, mine.data, wanted.data
    modes = {was.mode, mine.mode, wanted.mode}
    if modes & {FileMode.LINK, FileMode.COMMIT} or len(modes) > 2:
        return None
    mode = wanted.mode if mine.mode == was.mode else mine.mode
    data = settle(*sides) if settle else None
    if data is None:
        merged = texts.merge_text(mine.store, *sides)
        data = merged.data if merged.clean else None
    return None if data is None else Entry.written(mine.store, data, mode)


def merge_towards(base: Tree, ours: Tree, theirs: Tree, wanted: Tree) -> Tree:
    """The merged tree; a path that clashes is as in `wanted`."""
    index = _merged(base, ours, theirs, enums.MergeFavor.NORMAL)
    clashes = {side.path for sides in index.conflicts or () for side in sides if side}
    for path in clashes:
        del index.conflicts[path]
    return _written(index, ours).replaced({path: wanted.lookup(path) for path in clashes})


def merge_loosely(base: Tree, ours: Tree, theirs: Tree) -> Tree:
    """The merged tree, with the lines of both sides where they clash.

    For a merge base that never was a tree of its own; never for a result.
    """
    index = _merged(base, ours, theirs, enums.MergeFavor.UNION)
    left = list(index.conflicts or ())  # deleted here, changed there; or binary
    for sides in left:
        path = next(side.path for side in sides if side)
        del index.conflicts[path]
        if sides[1]:
            index.add(sides[1])
    return _written(index, ours)


def _merged(base: Tree, ours: Tree, theirs: Tree, favor: enums.MergeFavor) -> pygit2.Index:
    return ours.store.merge_trees(base.id, ours.id, theirs.id, favor, enums.MergeFlag(0))


def _written(index: pygit2.Index, like: Tree) -> Tree:
    return Tree(like.store, index.write_tree(like.store))
