"""The turns of a project: the commits that changed its record, and what each came from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import pygit2

from aegis_patch.errors import Refused, UpstreamError
from aegis_patch.history import presence, record_log
from aegis_patch.objects import trees
from aegis_patch.project.find import Project
from aegis_patch.stack import record
from aegis_patch.stack.record import RECORD
from aegis_patch.stack.stack import Stack
from aegis_patch.upstream.workbench import Bench


@dataclass(frozen=True, slots=True)
class Turn:
    """A commit whose record differs from its parent's; `mine` and `result` are the project's
    trees before and after it.
    """

    repo: pygit2.Repository
    commit: pygit2.Commit
    parent: pygit2.Commit
    mine: pygit2.Oid
    result: pygit2.Oid

    def pristine(self, bench: Bench) -> tuple[pygit2.Oid, pygit2.Oid] | None:
        """The pristine trees of the records before and after; None where one cannot be made.

        That is so where a record makes no sense or its release is gone: nothing can then be
        known of that day.
        """
        try:
            old, new = self._records(bench)
            return bench.pristine(self._shown(bench, old, new)), bench.pristine(new)
        except (Refused, UpstreamError):
            return None

    def gained(self, bench: Bench) -> frozenset[str]:
        """The names that its record has and the one before has not; none where one is broken."""
        try:
            old, new = self._records(bench)
        except Refused:
            return frozenset()
        return new.names - old.names

    def _records(self, bench: Bench) -> tuple[Stack, Stack]:
        old, new = (trees.read(bench.store, at, RECORD) for at in (self.mine, self.result))
        return record.parse(old), record.parse(new)

    def _shown(self, bench: Bench, old: Stack, new: Stack) -> Stack:
        """The record before, with what was there though only the record after names it, without
        what no release has, and each at the release that the tree had.

        A repair goes out from that; it can have been squashed, merged, or told in other words.
        """
        brought = self.repo.walk(self.commit.id)  # which knows where a shallow clone ends
        brought.hide(self.parent.id)
        if any(presence.SUBJECT in commit.message for commit in brought):
            return presence.look(bench, old, self.mine).there
        old, _ = presence.without_nonsense(bench, old)
        if not old.names >= new.names:
            found = presence.with_found(bench, old, self.mine)[0].present
            there = {name: by for name, by in found.items() if name in old.names | new.names}
            old = replace(old, present=there)
        return presence.as_shown(bench, old, self.mine)


def turns(there: Project) -> Iterator[Turn]:
    """The turns that HEAD can reach, newest first; a merge has one for each parent."""
    for now, before in record_log.turns(there):
        mine, result = (
            trees.subtree(there.repo, state.commit.tree.id, state.prefix) for state in (before, now)
        )
        if mine and result:
            yield Turn(there.repo, now.commit, before.commit, mine, result)
