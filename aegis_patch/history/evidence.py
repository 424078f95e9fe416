"""How much of a component a tree holds, whatever its record says."""

from __future__ import annotations

import functools
from collections.abc import Collection, Iterable, Mapping, Set
from typing import TYPE_CHECKING

from aegis_patch.errors import SeriesError
from aegis_patch.stack import component, requirements
from aegis_patch.stack.record import RECORD
from aegis_patch.stack.stack import Presence, Stack
from aegis_patch.upstream import releases

if TYPE_CHECKING:
    from aegis_patch.objects.trees import Tree
    from aegis_patch.stack.component import Catalogue, Component
    from aegis_patch.upstream.workbench import Bench

NEARLY_ALL = 90  # per cent of a component's lines, to be there though no record says so
_Lines = Mapping[str, frozenset[bytes]]  # of each path


def shown(bench: Bench, there: Stack, tree: Tree, comes: frozenset[str]) -> Stack:
    """The recorded stack as the tree shows it, with the names of `comes` that are already there."""
    known = bench.at(there, there.release).catalogue.keys()
    wider, found = with_found(bench, there, tree, known & comes)
    for name in found:
        if not _plugs(bench, wider, name, _own(bench, wider, name)):
            wider = wider.without({name})  # such files may be the user's just as well
    return at_nearest_release(bench, wider, tree)


def with_found(
    bench: Bench, there: Stack, tree: Tree, absent: Collection[str]
) -> tuple[Stack, list[str]]:
    """The stack with components that are nearly complete in the tree but not recorded."""
    catalogue = bench.at(there, there.release).catalogue
    among = [there.release, *releases.versions(there.url)]
    found = []
    for name in requirements.order(catalogue, absent):
        # Asked before a tree is made, which would take longer than all the rest of `status`.
        is_any_there = any(path in tree for path in component.brought(catalogue[name]))
        if is_any_there and _can_be_there(catalogue[name], there):
            share, release = _nearest(bench, there, name, among, tree)
            if share >= NEARLY_ALL:
                there = there.having(name, Presence(release, "you"))
                found.append(name)
    for name in found:
        if _is_by_need(bench.catalogue(there), there, name):
            there = there.having(name, Presence(there.present[name].release, "need"))
    return there, found


def _can_be_there(series: Component, there: Stack) -> bool:
    """Whether a stack has the parts that an integration joins; the user can name any other
    component."""
    return component.is_chosen(series) or there.names.issuperset(series.requires)


def _is_by_need(catalogue: Catalogue, there: Stack, name: str) -> bool:
    """Whether others brought a name: it is an integration, or a chosen component requires it."""
    if not component.is_chosen(catalogue[name]):
        return True
    for other in there.names:
        if component.is_chosen(catalogue[other]) and name in catalogue[other].requires:
            return True
    return False


def without_lost(bench: Bench, there: Stack, tree: Tree) -> tuple[Stack, list[str]]:
    """The stack without components that have left no trace in the tree."""
    lost = []
    catalogue = bench.catalogue(there)
    whole = there

    @functools.cache
    def moved() -> Set[str]:
        """The files that the user moved elsewhere."""
        from aegis_patch.merge import renames  # slow to import, and seldom needed

        pristine = bench.pristine(whole)
        return renames.follow(pristine, tree, pristine.files()).files.keys()

    for name in reversed(requirements.order(catalogue, there.names)):
        brought = component.brought(catalogue[name])
        if brought and (any(path in tree for path in brought) or moved() & {*brought}):
            continue
        own = _own(bench, there, name)
        if own and not _held(tree, own) and not moved() & own.keys():
            lost.append(name)
            there = there.without({name})
    return there, lost


def at_nearest_release(bench: Bench, there: Stack, tree: Tree) -> Stack:
    """The stack with each name at its own release, or at the record's if the tree has more of that.

    Where git asked about the record, a person may have chosen the older line of it.
    """
    for name, by in there.present.items():
        if by.release != there.release and name in bench.at(there, there.release).catalogue:
            _, release = _nearest(bench, there, name, (by.release, there.release), tree)
            there = there.having(name, Presence(release, by.by))
    return there


def _nearest(
    bench: Bench, there: Stack, name: str, among: Iterable[str], tree: Tree
) -> tuple[float, str]:
    """How much of a component the tree has, and of which release it has most."""
    best, nearest = 0.0, ""
    for release in among:
        nearest = nearest or release
        if name in bench.at(there, release).catalogue:
            wider = there.having(name, Presence(release, "you"))
            share = _share(bench, wider, name, tree)
            if share > best:
                best, nearest = share, release
    return best, nearest


def _share(bench: Bench, there: Stack, name: str, tree: Tree) -> float:
    """How much of a component's own lines a tree has, in per cent.

    Zero if it isn't plugged in: whoever removes a component may keep files that they changed, but
    few keep the lines that register it elsewhere.
    """
    try:
        own = _own(bench, there, name)
    except SeriesError:  # what does not apply is not here
        return 0
    plugs = _plugs(bench, there, name, own)
    if not own or 2 * _held(tree, plugs) < _size(plugs):
        return 0
    return 100 * _held(tree, own) / _size(own)


def _plugs(bench: Bench, there: Stack, name: str, own: _Lines) -> _Lines:
    """Those lines of a component that are in files which exist without it."""
    others = bench.pristine(there.without({name}))
    return {path: own[path] for path in own if path in others}


def _own(bench: Bench, there: Stack, name: str) -> _Lines:
    """The lines that only this component of a stack brings."""
    from aegis_patch.merge.written_twice import units  # slow to import, and seldom needed

    others, whole = bench.pristine(there.without({name})), bench.pristine(there)
    own = {}
    for path in others.changed(whole):
        lines, known = (units(path, tree.read(path)).keys() for tree in (whole, others))
        if path != RECORD and lines - known:
            own[path] = frozenset(lines - known)
    return own


def _size(lines: _Lines) -> int:
    return sum(map(len, lines.values()))


def _held(tree: Tree, lines: _Lines) -> int:
    """How many of the lines the tree has in the same files."""
    from aegis_patch.merge.written_twice import units

    count = 0
    for path, wanted in lines.items():
        count += len(wanted & units(path, tree.read(path)).keys())
    return count
