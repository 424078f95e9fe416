"""The turns of a project: the commits that changed its record, and what each came from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pygit2

from aegis_patch import facts, project, stack, trees
from aegis_patch.bench import Bench
from aegis_patch.errors import Refused, UpstreamError
from aegis_patch.project import Project
from aegis_patch.stack import RECORD


@dataclass(frozen=True, slots=True)
class Turn:
    """A commit whose record differs from its parent's; `mine` and `result` are the project's
    trees before and after it.
    """

    commit: pygit2.Commit
    mine: pygit2.Oid
    result: pygit2.Oid

    def pristine(self, bench: Bench) -> tuple[pygit2.Oid, pygit2.Oid] | None:
        """The pristine trees of the records before and after; None where one cannot be made.

        That is so where a record makes no sense or its release is gone: nothing can then be
        known of that day.
        """
        try:
            old, new = (
                stack.parse(trees.blob(bench.store, trees.lookup(bench.store, at, RECORD)))
                for at in (self.mine, self.result)
            )
            if self.commit.message.startswith(facts.SUBJECT):  # it went out from what was there
                old = facts.look(bench, old, self.mine).there
            return bench.pristine(old), bench.pristine(new)
        except (Refused, UpstreamError):
            return None


def turns(there: Project) -> Iterator[Turn]:
    """The turns that HEAD can reach, newest first; a merge has one for each parent."""
    for commit, parent in project.turns(there):
        mine, result = (
            trees.subtree(there.repo, at.tree.id, there.prefix) for at in (parent, commit)
        )
        if mine and result:
            yield Turn(commit, mine, result)
