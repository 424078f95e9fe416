"""`aegis status`: the stack of a project, and the user's changes to it."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from aegis_patch.errors import in_words
from aegis_patch.history import presence, record_log
from aegis_patch.history.presence import Finding
from aegis_patch.merge import renames
from aegis_patch.objects import conflict_markers
from aegis_patch.objects.trees import Tree
from aegis_patch.project import repository, unfinished, uv_lock
from aegis_patch.project.find import Project
from aegis_patch.stack import component
from aegis_patch.stack.stack import Stack
from aegis_patch.upstream import releases
from aegis_patch.upstream.workbench import Bench
from aegis_patch.values import dataclass
from aegis_patch.verbs.opening import open_project

if TYPE_CHECKING:
    import pygit2

    from aegis_patch.history.record_log import Turn
    from aegis_patch.history.unresolved import Reference

_MOST_CONFLICTS = 3  # that are named


@dataclass(frozen=True, slots=True)
class Changed:
    """A pristine file that the user "modified", "deleted" or "moved", and where to."""

    path: str
    change: str
    moved_to: str | None = None


@dataclass(frozen=True, slots=True)
class Status:
    """A project compared with its upstream; `changed` lists pristine files that the user changed.

    `unfinished` lists git's operations in progress, and conflict markers in what was committed;
    `has_conflicts` is set if these or unmerged paths are there. `dangling` are the broken
    references that are left of the last verb.
    """

    stack: Stack
    integrations: tuple[str, ...]
    latest: str
    behind: int
    changed: tuple[Changed, ...]
    unfinished: tuple[Finding, ...]
    inconsistencies: tuple[Finding, ...] = ()
    has_conflicts: bool = False
    dangling: tuple[Reference, ...] = ()


def status(where: Path) -> Status:
    """The stack, its inconsistencies, newer releases, and the user's changes."""
    with open_project(where, to_write=False) as (bench, there):
        found = presence.look(bench, there.stack, there.tree)
        release = there.stack.release
        versions = releases.offered(there.stack.url, release)
        newer = [each for each in versions if not releases.is_before(each, release)]
        behind = len({*newer} - {release})
        pristine = bench.pristine(found.there)
        edited = changed_files(pristine, there.tree)
        # An upstream may have a lock, and still each project has its own.
        changed = tuple(each for each in edited if each.path != uv_lock.LOCK)
        marked = tuple(_markers(there, pristine, changed))
        left = (*_in_progress(there), *marked)
        stuck = bool(marked or unfinished.unmerged(there.repo))
        catalogue = bench.catalogue(found.there)
        joined = [
            name
            for name in sorted(there.stack.present)
            if name in catalogue and not component.is_chosen(catalogue[name])
        ]
        latest = versions[-1] if versions else release
        return Status(
            *(there.stack, tuple(joined), latest, behind, changed, left),
            inconsistencies=found.inconsistencies,
            has_conflicts=stuck,
            dangling=tuple(_dangling(bench, there, changed)),
        )


def _in_progress(there: Project) -> Iterator[Finding]:
    """The git operation that is unfinished, and what to type."""
    if not unfinished.is_any(there.repo):
        return
    from aegis_patch.verbs import settle  # slow to import, and seldom needed

    what, remedy = repository.under_way(there.repo)
    if settle.can_settle(there):
        remedy = presence.REPAIR
    if what:
        conflicts = "" if remedy == presence.REPAIR else _conflicts(there)
        yield Finding(f"{what.capitalize()} is in progress{conflicts}.", remedy)
    elif unfinished.look(there.repo):
        yield Finding("Some files have unresolved conflicts.", remedy or "git status")


def _conflicts(there: Project) -> str:
    """The places of the first conflicts, to end a sentence with."""
    named = in_words(unfinished.unmerged(there.repo), most=_MOST_CONFLICTS)
    return f", with conflicts in {named}" if named else ""


def _markers(there: Project, pristine: Tree, changed: Iterable[Changed]) -> Iterator[Finding]:
    """The files of aegis that were committed with conflict markers.

    A merge of aegis conflicts in these alone; they are read already if they differ, while a look
    into all files of the user's would take longer than the rest.
    """
    for file in changed:
        place = file.moved_to or file.path
        line = conflict_markers.line_of(there.tree.read(place))
        if line and not conflict_markers.line_of(pristine.read(file.path)):
            path = shlex.quote(f":/{repository.within(there.prefix, place)}")
            command = f"git grep -n '^<<<<<<< ' -- {path}"
            yield Finding(f"{place}:{line} has conflict markers.", command)


def _dangling(bench: Bench, there: Project, changed: Iterable[Changed]) -> Sequence[Reference]:
    """The references that the record's last change broke and that are still broken.

    A change that only adds is skipped unless a file was deleted: new lines may refer to something
    that the user moved.
    """
    turn = record_log.newest(there)
    has_gone = any(file.change != "modified" for file in changed)
    pair = turn.pristine(bench) if turn and (turn.takes_away or has_gone) else None
    if turn is None or pair is None:
        return ()
    then = _broken(there, turn, pair, (turn.commit.id, turn.result))
    if not then or turn.result == there.tree:
        return then
    known = {(each.path, each.name) for each in then}  # the user may have taken away more since
    now = _broken(there, turn, pair, (there.head, there.tree))
    return [each for each in now if (each.path, each.name) in known]


def _broken(
    there: Project, turn: Turn, pair: tuple[Tree, Tree], at: tuple[pygit2.Oid, Tree]
) -> list[Reference]:
    """The references that a turn broke and that a commit, with this tree, still has."""
    from aegis_patch.history import unresolved  # slow to import, and seldom needed

    (old, new), (commit, tree) = pair, at
    moved = renames.follow(old, tree, old.changed(new)).files
    was = {place: path for path, place in moved.items()}
    trees = (turn.mine, old, new, tree)
    return unresolved.references(
        unresolved.Evolved(there.root, str(commit), *trees, moved=moved, was=was)
    )


def changed_files(pristine: Tree, head: Tree) -> tuple[Changed, ...]:
    """The pristine files that a tree lacks, has moved or has changed."""
    lacking = sorted(path for path, _ in pristine.lacking(head))
    gone = [path for path in lacking if path not in head]
    moved = renames.follow(pristine, head, gone).files if gone else {}
    found = []
    for path in lacking:
        change = "modified" if path in head else "moved" if path in moved else "deleted"
        found.append(Changed(path, change, moved.get(path)))
    return tuple(found)
