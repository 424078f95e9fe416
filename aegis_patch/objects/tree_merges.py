"""Three-way merges of whole trees by text alone: for pristine trees, never for a user's."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pygit2
from pygit2.enums import MergeFavor, MergeFlag

from aegis_patch.objects.trees import Entry, Tree

Settle = Callable[[bytes, bytes, bytes], bytes | None]


def merge(
    base: Tree, ours: Tree, theirs: Tree, settle: Settle | None = None
) -> tuple[Tree, tuple[str, ...]]:
    """The merged tree, and the paths that clash; with a clash, the tree is `ours`.

    Args:
        settle: makes the text of a file that clashes from its three sides, or None.
    """
    if ours == base:
        return theirs, ()
    if theirs in (base, ours):
        return ours, ()
    index = _merged(base, ours, theirs)
    clashes = set[str]()
    for sides in list(index.conflicts or ()):
        if settled := _settled(ours.store, sides, settle):
            del index.conflicts[settled.path]
            index.add(settled)
        else:
            clashes.update(side.path for side in sides if side)
    return (ours if clashes else _written(index, ours)), tuple(sorted(clashes))


def _settled(
    store: pygit2.Repository, sides: Sequence[pygit2.IndexEntry | None], settle: Settle | None
) -> pygit2.IndexEntry | None:
    """A file that all sides have with one mode, as `settle` makes it; None for a clash."""
    there = [side for side in sides if side]
    if settle is None or len(there) < 3 or len({side.mode for side in there}) > 1:
        return None
    base, ours, theirs = (Entry(store, side.id, side.mode).data for side in there)
    data = settle(base, ours, theirs)
    if data is None:
        return None
    return pygit2.IndexEntry(there[1].path, store.create_blob(data), there[1].mode)


def merge_towards(base: Tree, ours: Tree, theirs: Tree, wanted: Tree) -> Tree:
    """The merged tree; a path that clashes is as in `wanted`."""
    index = _merged(base, ours, theirs)
    clashes = {side.path for sides in index.conflicts or () for side in sides if side}
    for path in clashes:
        del index.conflicts[path]
    return _written(index, ours).replaced({path: wanted.lookup(path) for path in clashes})


def merge_loosely(base: Tree, ours: Tree, theirs: Tree) -> Tree:
    """The merged tree, with the lines of both sides where they clash.

    For a merge base that never was a tree of its own; never for a result.
    """
    index = _merged(base, ours, theirs, MergeFavor.UNION)
    left = list(index.conflicts or ())  # deleted here, changed there; or binary
    for sides in left:
        path = next(side.path for side in sides if side)
        del index.conflicts[path]
        if sides[1]:
            index.add(sides[1])
    return _written(index, ours)


def _merged(
    base: Tree, ours: Tree, theirs: Tree, favor: MergeFavor = MergeFavor.NORMAL
) -> pygit2.Index:
    return ours.store.merge_trees(base.id, ours.id, theirs.id, favor, MergeFlag(0))


def _written(index: pygit2.Index, like: Tree) -> Tree:
    return Tree(like.store, index.write_tree(like.store))
