"""The commits that changed a project's record, through every place that it was moved to."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import pygit2

from aegis_patch.errors import Refused, UpstreamError
from aegis_patch.objects import trees
from aegis_patch.objects.trees import Entry
from aegis_patch.project.find import Project
from aegis_patch.project.repository import commits
from aegis_patch.stack import record
from aegis_patch.stack.record import RECORD
from aegis_patch.upstream.workbench import Bench


class State(NamedTuple):
    """The project in a commit: where its record is, and the record, if it has one there."""

    commit: pygit2.Commit
    path: str
    record: Entry | None

    def tree(self, repo: pygit2.Repository) -> pygit2.Oid | None:
        """The project's directory in that commit."""
        return trees.subtree(repo, self.commit.tree.id, self.path.rpartition("/")[0])


@dataclass(frozen=True, slots=True)
class Turn:
    """A commit whose record differs from its parent's, and the project's trees before and after."""

    commit: pygit2.Commit
    mine: pygit2.Oid
    result: pygit2.Oid

    def pristine(self, bench: Bench) -> tuple[pygit2.Oid, pygit2.Oid] | None:
        """The pristine trees of the two records; None where one is broken or its release gone."""
        records = (trees.read(bench.store, tree, RECORD) for tree in (self.mine, self.result))
        try:
            old, new = (bench.pristine(record.parse(text)) for text in records)
        except (Refused, UpstreamError):
            return None
        return old, new


def turns(project: Project) -> Iterator[Turn]:
    """The turns that HEAD can reach, newest first; a merge has one for each parent."""
    repo = project.repo
    for now, parents in _changes(repo, project.head, project.record_path):
        result = now.tree(repo)
        for before in parents:
            mine = before.tree(repo)
            if before.record and before.record != now.record and mine and result:
                yield Turn(now.commit, mine, result)


def gained(project: Project, name: str) -> pygit2.Commit | None:
    """The newest reachable commit whose record gained a name, if history still has it."""
    repo = project.repo
    for now, parents in _changes(repo, project.head, project.record_path):
        before = [parent.record for parent in parents if parent.record]
        if now.record in before or name not in _names(repo, now.record):
            continue
        if not any(name in _names(repo, entry) for entry in before):
            return now.commit if before or _is_first(repo, now.commit) else None
    return None


@functools.lru_cache(maxsize=1)  # every step of a verb asks, and a history can be long
def _changes(
    repo: pygit2.Repository, head: pygit2.Oid, path: str
) -> tuple[tuple[State, list[State]], ...]:
    """The commits that have another record than a parent, or no parent; newest first."""
    found = []
    for now, parents in _lineage(repo, head, path):
        is_changed = not parents or any(each.record != now.record for each in parents)
        if now.record and is_changed:
            found.append((now, parents))
    return tuple(found)


def _lineage(
    repo: pygit2.Repository, head: pygit2.Oid, path: str
) -> Iterator[tuple[State, list[State]]]:
    """The project in each reachable commit, newest first, and in the parents of that.

    The whole project may have been moved to another directory, or into another repository.
    """
    known: dict[pygit2.Oid, State] = {}
    for commit in commits(repo, head):
        now = known.pop(commit.id, None) or _state(repo, commit, path)
        parents = []
        for parent in commit.parent_ids:
            if parent in repo:  # a shallow clone's oldest commits name some that it lacks
                if parent not in known:
                    known[parent] = _before(repo, now, repo[parent].peel(pygit2.Commit))
                parents.append(known[parent])
        yield now, parents


def _state(repo: pygit2.Repository, commit: pygit2.Commit, path: str) -> State:
    return State(commit, path, trees.lookup(repo, commit.tree.id, path))


def _before(repo: pygit2.Repository, now: State, parent: pygit2.Commit) -> State:
    """The project in a parent: at the same place, or where its record has gone from."""
    there = _state(repo, parent, now.path)
    if there.record or now.record is None:
        return there
    gone = [_state(repo, parent, path) for path in _records_gone(repo, parent, now.commit)]
    same = [state for state in gone if state.record == now.record]
    if same:
        return same[0]
    return gone[0] if len(gone) == 1 else there


def _records_gone(
    repo: pygit2.Repository, parent: pygit2.Commit, commit: pygit2.Commit
) -> list[str]:
    deltas = repo.diff(parent, commit).deltas
    gone = [str(delta.old_file.path) for delta in deltas if delta.status_char() == "D"]
    return [path for path in gone if path.split("/")[-1] == RECORD]


def _is_first(repo: pygit2.Repository, commit: pygit2.Commit) -> bool:
    # Not the edge of a shallow clone, where what came before is not known; and not a commit that
    # moved the whole project to where it is now.
    if not commit.parents:
        return b"\nparent " not in commit.read_raw()
    return not _records_gone(repo, commit.parents[0], commit)


def _names(repo: pygit2.Repository, entry: Entry | None) -> frozenset[str]:
    """The names in a record; none where it does not make sense."""
    try:
        return record.parse(trees.blob(repo, entry)).names
    except Refused:
        return frozenset()
