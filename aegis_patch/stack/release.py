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

    `folds` remembers the fold of each set of names (`pristine.key`): those that were recorded with
    the release, and those made since.
    """

    url: str
    release: str
    commit: str
    base: Tree
    catalogue: Mapping[str, Component]
    notes: Tree | None
    folds: dict[str, Tree]

    def within(self, store: pygit2.Repository) -> Upstream:
        """The same release in another store that sees it: what is made of it is written there."""
        notes = self.notes.within(store) if self.notes else None
        folds = {key: tree.within(store) for key, tree in self.folds.items()}
        return replace(self, base=self.base.within(store), notes=notes, folds=folds)
