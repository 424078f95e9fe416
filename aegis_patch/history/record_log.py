"""The commits that changed a project's record."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import NamedTuple

import pygit2

from aegis_patch.errors import Refused, UpstreamError
from aegis_patch.history import presence
from aegis_patch.objects.trees import Entry, Tree, bytes_of
from aegis_patch.project.find import Project
from aegis_patch.project.repository import commits
from aegis_patch.stack import record
from aegis_patch.stack.record import RECORD
from aegis_patch.upstream.workbench import Bench
from aegis_patch.values import dataclass

_LAST = 100  # commits that are looked at for a turn that a status is about


@dataclass(frozen=True, slots=True)
class Turn:
    """A commit whose record differs from its parent's, and the project's trees before and after."""

    commit: pygit2.Commit
    mine: Tree
    result: Tree

    @property
    def takes_away(self) -> bool:
        """Whether a component was removed or moved to another release, with all it had."""
        try:
            before, after = (record.parse(tree.read(RECORD)) for tree in (self.mine, self.result))
        except Refused:
            return False
        return before.label != after.label or not before.names <= after.names

    def pristine(self, bench: Bench) -> tuple[Tree, Tree] | None:
        """The pristine trees of the two records; None if one is broken or its release missing."""
        before = self.mine.read(RECORD)
        after = self.result.read(RECORD)
        try:
            return _pristine(bench, before), _pristine(bench, after)
        except (Refused, UpstreamError):
            return None


def _pristine(bench: Bench, text: bytes) -> Tree:
    """The pristine tree of a record, without names that no release has."""
    stack, _ = presence.without_nonsense(bench, record.parse(text))
    return bench.pristine(stack)


def turns(project: Project) -> Iterator[Turn]:
    """The turns in HEAD's history, newest first; a merge has one for each parent."""
    repo = project.repo
    for now, parents in _changes(repo, project.head, project.record_path):
        result = _tree(repo, now.commit).subtree(project.prefix)
        for before in parents:
            mine = _tree(repo, before.commit).subtree(project.prefix)
            if before.record and before.record != now.record and mine and result:
                yield Turn(now.commit, mine, result)


def newest(project: Project) -> Turn | None:
    """The newest turn on the branch itself, if it is among the last commits."""
    repo = project.repo
    now = repo[project.head].peel(pygit2.Commit)
    for _ in range(_LAST):
        if not now.parent_ids or now.parent_ids[0] not in repo:
            return None
        before = repo[now.parent_ids[0]].peel(pygit2.Commit)
        mine, result = (_tree(repo, each).subtree(project.prefix) for each in (before, now))
        if not (mine and result and RECORD in mine):
            return None
        if mine.lookup(RECORD) != result.lookup(RECORD):
            return Turn(now, mine, result)
        now = before
    return None


def gained(project: Project, name: str) -> pygit2.Commit | None:
    """The newest commit in HEAD's history that added a name to the record, if it is still there.

    Not the edge of a shallow clone, where the past is unknown, nor a commit that moved the whole
    project to its present directory.
    """
    repo = project.repo
    for now, parents in _changes(repo, project.head, project.record_path):
        had_it = any(name in _names(before.record) for before in parents)
        if name in _names(now.record) and not had_it:
            is_first = not parents and b"\nparent " not in now.commit.read_raw()
            return now.commit if is_first or any(each.record for each in parents) else None
    return None


class _State(NamedTuple):
    """A commit, and the record in it."""

    commit: pygit2.Commit
    record: Entry | None


@functools.lru_cache(maxsize=1)  # every step of a verb asks, and a history can be long
def _changes(
    repo: pygit2.Repository, head: pygit2.Oid, path: str
) -> tuple[tuple[_State, list[_State]], ...]:
    """The commits with another record than a parent, or without a parent; newest first."""
    found = []
    for commit in commits(repo, head):
        now = _State(commit, _tree(repo, commit).lookup(path))
        parents = []
        for oid in commit.parent_ids:
            if oid in repo:  # a shallow clone's oldest commits name some that it lacks
                parent = repo[oid].peel(pygit2.Commit)
                parents.append(_State(parent, _tree(repo, parent).lookup(path)))
        is_changed = not parents or any(before.record != now.record for before in parents)
        if now.record and is_changed:
            found.append((now, parents))
    return tuple(found)


def _tree(repo: pygit2.Repository, commit: pygit2.Commit) -> Tree:
    return Tree(repo, commit.tree.id)


def _names(entry: Entry | None) -> frozenset[str]:
    """The names in a record; none if it is broken."""
    try:
        return record.parse(bytes_of(entry)).names
    except Refused:
        return frozenset()
