"""A release, opened: the tree of its base, its catalogue and its update notes."""

from __future__ import annotations

from collections.abc import Mapping

import pygit2

from aegis_patch.objects.trees import Tree
from aegis_patch.stack.component import Component
from aegis_patch.values import dataclass, replace


@dataclass(frozen=True, slots=True)
class Upstream:
    """A release, opened: the trees of its base and its notes, and its catalogue of components.

    `folds` caches the fold of each set of names (`pristine.key`), `recorded` has those that were
    recorded with the release.
    """

    url: str
    release: str
    commit: str
    base: Tree
    catalogue: Mapping[str, Component]
    notes: Tree | None
    folds: dict[str, Tree]
    recorded: Tree | None = None

    def fold(self, key: str) -> Tree | None:
        """The fold of a set of names, if it was recorded or made already."""
        if key not in self.folds and self.recorded and (fold := self.recorded.subtree(key)):
            self.folds[key] = fold
        return self.folds.get(key)

    def within(self, store: pygit2.Repository) -> Upstream:
        """The same release in another store that sees it; derived trees are written there."""
        notes, recorded = (each and each.within(store) for each in (self.notes, self.recorded))
        folds = {key: tree.within(store) for key, tree in self.folds.items()}
        base = self.base.within(store)
        return replace(self, base=base, notes=notes, recorded=recorded, folds=folds)
