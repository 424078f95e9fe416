"""Which lines the user had written before a series wrote the same."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pygit2

from aegis_patch.history import reliance
from aegis_patch.history.record_changes import Turn, turns
from aegis_patch.merge import renames
from aegis_patch.merge.sides import Sides
from aegis_patch.merge.written_twice import units, written_twice
from aegis_patch.objects import trees
from aegis_patch.project.find import Project
from aegis_patch.stack.stack import Stack
from aegis_patch.upstream.workbench import Bench


def lines(bench: Bench, there: Project, old: Stack, new: Stack) -> dict[str, frozenset[bytes]]:
    """Of what goes with components: what the user had written before these came.

    Git knows: in each commit whose record gained one, the parent's files are the user's of that
    day. What they took out since, and was brought again, is not theirs any more. A squash merge
    or a shallow clone has no such commit.
    """
    going = old.names - new.names
    leaving = {path: gone for path, gone in reliance.brought(bench, old, going).items() if gone}
    base = bench.at(there.stack, there.stack.release).base
    may_move = {
        path
        for path in leaving
        if trees.lookup(bench.store, base, path) or not trees.lookup(bench.store, there.tree, path)
    }
    found: dict[str, frozenset[bytes]] = {}
    later: list[Turn] = []
    for turn in turns(there) if leaving else ():
        came = going & turn.gained(bench)
        for path, met in _met(bench, turn, leaving, may_move).items() if came else ():
            if fresh := met - found.get(path, frozenset()):
                mine = fresh - _came_anew(bench, there, turn, later, path)
                found[path] = found.get(path, frozenset()) | mine
        later.append(turn)
    return {path: mine for path, mine in found.items() if mine}


def _wrote(bench: Bench, tree: pygit2.Oid, path: str, leaving: frozenset[bytes]) -> bool:
    return not leaving.isdisjoint(units(path, trees.read(bench.store, tree, path)))


def _met(
    bench: Bench, turn: Turn, leaving: Mapping[str, frozenset[bytes]], may_move: Iterable[str]
) -> dict[str, frozenset[bytes]]:
    """Of what leaves, what a turn found written already, at its path or where it was moved to."""
    store = bench.store
    here = [path for path in leaving if _wrote(bench, turn.mine, path, leaving[path])]
    away = [path for path in may_move if not trees.lookup(store, turn.mine, path)]
    if not (here or away) or (pristine := turn.pristine(bench)) is None:
        return {}
    old, new = pristine
    moved = renames.follow(store, old, turn.mine, away)
    places = {path: (path,) for path in here} | {
        path: moved.parts.get(path) or (moved.files[path],)
        for path in away
        if path in moved.parts or path in moved.files
    }
    met: dict[str, frozenset[bytes]] = {}
    for path, where in places.items():
        base, theirs = (trees.lookup(store, tree, path) for tree in (old, new))
        for place in where:
            ours = trees.lookup(store, turn.mine, place)
            if base is None and ours != theirs:
                continue  # a file that only one of two wrote, or that the user chose in a conflict
            result = trees.lookup(store, turn.result, place)
            if twice := written_twice(store, Sides(path, base, ours, theirs), result):
                met[path] = met.get(path, frozenset()) | (twice & leaving[path])
    return met


def _came_anew(
    bench: Bench, there: Project, turn: Turn, later: Iterable[Turn], path: str
) -> frozenset[bytes]:
    """What later turns brought to a file that no longer held it: someone had taken it out."""
    came = set[bytes]()
    for since in later:
        sides = [trees.lookup(bench.store, at, path) for at in (since.mine, since.result)]
        follows = there.repo.descendant_of(since.commit.id, turn.commit.id)
        if sides[0] and follows and len(since.commit.parent_ids) == 1:
            # of a merge, another parent may have held it
            before, after = (units(path, trees.blob(bench.store, side)) for side in sides)
            came |= after.keys() - before.keys()
    return frozenset(came)
