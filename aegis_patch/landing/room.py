"""A room for git: a separate directory where it makes commits, files and an index."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pygit2

from aegis_patch.errors import Refused
from aegis_patch.landing import journal, pack
from aegis_patch.project import git, repository
from aegis_patch.values import dataclass


@dataclass(frozen=True, slots=True)
class Room:
    """A directory where git works aside: nothing points to its commits yet.

    `held` is the lock that its processes keep, `known` git's `variables`, `made_by` the arguments
    that give git an author if it knows none.
    """

    repo: pygit2.Repository
    held: int
    known: Mapping[str, str]
    made_by: Mapping[str, str]

    @property
    def top(self) -> Path:
        """The project's worktree."""
        return Path(self.repo.workdir)

    @property
    def new(self) -> Path:
        """The files to come."""
        return journal.store(self.repo) / "new"

    def pack(self, objects: Mapping[pygit2.Oid, pygit2.Repository]) -> None:
        """Write objects into the project; they are kept as long as the room exists."""
        pack.write(git.objects(self.top), objects, journal.room(self.repo) / journal.KEPT)

    def git(
        self, worktree: Path, *args: str, stdin: str = "", env: Mapping[str, str] | None = None
    ) -> str:
        """Run git on the room's index, with the files of some directory."""
        env = {
            **(env or {}),
            "GIT_DIR": self.repo.path,
            "GIT_WORK_TREE": str(worktree),
            "GIT_INDEX_FILE": str(journal.room(self.repo) / "index"),
            "GIT_LITERAL_PATHSPECS": "1",
        }
        data = stdin.encode("utf-8", "surrogateescape")
        try:
            return git.run(worktree, *args, stdin=data, env=env, held=self.held)
        except git.FilterFailed:
            raise
        except Refused as error:
            what = f"git couldn't write the files, so nothing was changed: {error.what}"
            raise Refused(
                what, where=str(worktree), next=repository.look_at_disk(worktree)
            ) from error
