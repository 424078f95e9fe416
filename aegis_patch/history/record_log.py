"""The commits that changed a project's record."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass

import pygit2

from aegis_patch.errors import Refused, UpstreamError
from aegis_patch.objects import trees
from aegis_patch.objects.trees import Entry
from aegis_patch.project.find import Project
from aegis_patch.project.repository import commits
from aegis_patch.stack import record
from aegis_patch.stack.record import RECORD
from aegis_patch.upstream.workbench import Bench


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
    repo, path = project.repo, project.record_path
    for commit, now, parents in _changes(repo, project.head, path):
        result = trees.subtree(repo, commit.tree.id, project.prefix)
        for parent in parents:
            before = trees.lookup(repo, parent.tree.id, path)
            mine = trees.subtree(repo, parent.tree.id, project.prefix)
            if before and before != now and mine and result:
                yield Turn(commit, mine, result)


def gained(project: Project, name: str) -> pygit2.Commit | None:
    """The newest reachable commit whose record gained a name, if history still has it.

    Not the edge of a shallow clone, where what came before is not known; and not a commit that
    moved the whole project to where it is now.
    """
    repo, path = project.repo, project.record_path
    for commit, now, parents in _changes(repo, project.head, path):
        before = [trees.lookup(repo, parent.tree.id, path) for parent in parents]
        if now in before or name not in _names(repo, now):
            continue
        if not any(name in _names(repo, entry) for entry in before):
            is_first = not parents and b"\nparent " not in commit.read_raw()
            return commit if is_first or any(before) else None
    return None


@functools.lru_cache(maxsize=1)  # every step of a verb asks, and a history can be long
def _changes(
    repo: pygit2.Repository, head: pygit2.Oid, path: str
) -> tuple[tuple[pygit2.Commit, Entry, list[pygit2.Commit]], ...]:
    """The commits with another record than a parent, or without a parent, and the record.

    Newest first. A shallow clone's oldest commits name parents that it lacks.
    """
    found = []
    for commit in commits(repo, head):
        now = trees.lookup(repo, commit.tree.id, path)
        parents = [repo[oid].peel(pygit2.Commit) for oid in commit.parent_ids if oid in repo]
        before = [trees.lookup(repo, parent.tree.id, path) for parent in parents]
        if now and (not parents or any(entry != now for entry in before)):
            found.append((commit, now, parents))
    return tuple(found)


def _names(repo: pygit2.Repository, entry: Entry | None) -> frozenset[str]:
    """The names in a record; none where it does not make sense."""
    try:
        return record.parse(trees.blob(repo, entry)).names
    except Refused:
        return frozenset()
