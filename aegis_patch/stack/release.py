"""A release, opened: the tree of its base and its catalogue."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pygit2

from aegis_patch.stack.component import Component


@dataclass(frozen=True, slots=True)
class Upstream:
    """A release, opened: the tree of its base and its catalogue of components.

    `met` and `made` remember, for each series, the tree that it is written against and the one that
    it makes, in the store of this opening.
    """

    url: str
    release: str
    commit: str
    base: pygit2.Oid
    catalogue: Mapping[str, Component]
    met: dict[str, pygit2.Oid] = field(default_factory=dict, compare=False, repr=False)
    made: dict[str, pygit2.Oid] = field(default_factory=dict, compare=False, repr=False)
