"""`aegis status`: the stack of a project, and the user's changes to it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from aegis_patch.history import presence
from aegis_patch.history.presence import Finding
from aegis_patch.objects.trees import Tree
from aegis_patch.project import repository
from aegis_patch.stack import component
from aegis_patch.stack.stack import Stack
from aegis_patch.upstream import releases
from aegis_patch.verbs.opening import open_project


@dataclass(frozen=True, slots=True)
class Drift:
    """A pristine file that the user "modified" or "deleted"."""

    path: str
    change: str


@dataclass(frozen=True, slots=True)
class Status:
    """A project beside its upstream; `drift` lists pristine files that the user changed."""

    stack: Stack
    integrations: tuple[str, ...]
    latest: str
    behind: int
    drift: tuple[Drift, ...]
    under_way: str
    off: tuple[Finding, ...] = ()


def status(where: Path) -> Status:
    """The stack, its inconsistencies, newer releases, and the user's changes."""
    with open_project(where, to_write=False) as (bench, there):
        found = presence.look(bench, there.stack, there.tree)
        versions = list(releases.versions(there.stack.url))
        release = there.stack.release
        behind = 0 if release == releases.WORK else len(versions)  # a fork can lose its tags
        if release in versions:
            behind = len(versions) - 1 - versions.index(release)
        drift = drift_of(bench.pristine(found.there), there.tree)
        what, remedy = repository.under_way(there.repo)
        under_way = f"{what.capitalize()} is in progress. {remedy}" if what else ""
        catalogue = bench.catalogue(found.there)
        joined = [
            name
            for name in sorted(there.stack.present)
            if name in catalogue and not component.is_chosen(catalogue[name])
        ]
        latest = versions[-1] if versions else release
        return Status(there.stack, tuple(joined), latest, behind, drift, under_way, found.off)


def drift_of(pristine: Tree, head: Tree) -> tuple[Drift, ...]:
    """The pristine files that a tree has not, or not the same."""
    found = []
    for path in sorted(path for path, _ in pristine.lacking(head)):
        found.append(Drift(path, "modified" if path in head else "deleted"))
    return tuple(found)
