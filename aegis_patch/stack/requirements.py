"""Requirements: closure, order, dependants."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from graphlib import CycleError, TopologicalSorter

from aegis_patch.errors import SeriesError
from aegis_patch.stack.component import Catalogue


def required(catalogue: Catalogue, names: Iterable[str]) -> frozenset[str]:
    """The names and all that they require, directly or not.

    Raises:
        SeriesError: the catalogue lacks one of them.
    """
    present: set[str] = set()
    pending = list(names)
    while pending:
        name = pending.pop()
        if name not in present:
            if name not in catalogue:
                raise SeriesError(f"a required component doesn't exist: {name!r}")
            present.add(name)
            pending += catalogue[name].requires
    return frozenset(present)


def closure(catalogue: Catalogue, names: Iterable[str]) -> frozenset[str]:
    """The names, their requirements, and the integrations of all these."""
    present = required(catalogue, names)
    pending = [each for each in catalogue.values() if each.kind == "integration"]
    while due := [each.name for each in pending if present.issuperset(each.requires)]:
        present |= {*due}
        pending = [each for each in pending if each.name not in present]
    return present


def order(catalogue: Catalogue, names: Collection[str]) -> tuple[str, ...]:
    """The names, each after its requirements; otherwise alphabetical.

    Raises:
        SeriesError: requirements run in a circle.
    """
    sorter = TopologicalSorter[str]()
    for name in names:
        sorter.add(name, *(need for need in catalogue[name].requires if need in names))
    ordered: list[str] = []
    ready: list[str] = []
    try:
        sorter.prepare()
    except CycleError as error:
        raise SeriesError(f"requirements run in a circle: {error.args[1]}") from error
    while sorter.is_active():
        ready = sorted([*ready, *sorter.get_ready()])
        ordered.append(ready.pop(0))
        sorter.done(ordered[-1])
    return tuple(ordered)


def dependants(catalogue: Catalogue, name: str, present: Iterable[str]) -> tuple[str, ...]:
    """The present components that need `name`, directly or not.

    Integrations and variants don't count: they are removed together with their components.
    """
    found = []
    for other in sorted(present):
        leaves_along = catalogue[other].kind in ("integration", "variant")
        if other != name and not leaves_along and name in required(catalogue, [other]):
            found.append(other)
    return tuple(found)
