"""A release, opened: the tree of its base, its catalogue and its update notes."""

from __future__ import annotations

from collections.abc import Mapping

from aegis_patch.objects.trees import Tree
from aegis_patch.stack.component import Component
from aegis_patch.values import dataclass


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
