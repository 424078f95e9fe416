"""A release, opened: the tree of its base, its catalogue and its update notes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from aegis_patch.objects.trees import Tree
from aegis_patch.stack.component import Component


@dataclass(frozen=True, slots=True)
class Upstream:
    """A release, opened: the trees of its base and its notes, and its catalogue of components.

    `met` and `made` remember, for each series, the tree that it is written against and the one that
    it makes.
    """

    url: str
    release: str
    commit: str
    base: Tree
    catalogue: Mapping[str, Component]
    notes: Tree | None = None
    met: dict[str, Tree] = field(default_factory=dict, compare=False, repr=False)
    made: dict[str, Tree] = field(default_factory=dict, compare=False, repr=False)
