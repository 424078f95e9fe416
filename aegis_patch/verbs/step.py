"""A step leads from one stack to the next; what a verb did is a list of commits."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass

import pygit2

from aegis_patch.history.unresolved import Reference
from aegis_patch.merge.outcome import Conflict
from aegis_patch.merge.sides import Note
from aegis_patch.stack.stack import Stack


@dataclass(frozen=True, slots=True)
class Step:
    """One commit to be: what it says, and the stacks between which it leads.

    `command` is what to type for this step alone. `record` is what the record says, where that is
    not what is there.
    """

    subject: str
    body: str
    old: Stack | None
    new: Stack
    command: str = ""
    record: Stack | None = None

    @property
    def message(self) -> str:
        """The commit's message, trailers included."""
        was, now = _who_asked(self.record or self.old), _who_asked(self.new)
        trailers = []
        for name in sorted(was.keys() | now.keys()):
            if was.get(name) != now.get(name):
                trailers.append(f"Aegis-Component: {name}")
        trailers.append(f"Aegis-Release: {self.new.release}")
        parts = [self.subject, self.body, "\n".join(trailers)]
        return "\n\n".join(part for part in parts if part) + "\n"

    @property
    def along(self) -> tuple[str, ...]:
        """The names that come or go with it, besides those in its subject."""
        was = self.old.names if self.old else frozenset()
        named = re.split(r'[\s,"]+', self.subject)
        return tuple(sorted((was ^ self.new.names).difference(named)))


@dataclass(frozen=True, slots=True)
class FileChange:
    """A file in a commit: "added", "modified" or "deleted", and how many lines."""

    path: str
    change: str
    added: int
    removed: int


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit that was made, is planned, or awaits a person (then it has conflicts).

    `along` are the components that come or go with the one that the subject names.
    """

    subject: str
    id: str | None
    files: tuple[FileChange, ...]
    conflicts: tuple[Conflict, ...] = ()
    notes: tuple[Note, ...] = ()
    along: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Result:
    """What a verb did: commits, things to say, and the commands that are left to do.

    `dangling` are the lines that name what is no longer there, `not_applied` the changes of the
    upstream that are left out.
    """

    commits: tuple[Commit, ...] = ()
    said: tuple[str, ...] = ()
    rest: tuple[str, ...] = ()
    dry: bool = False
    dangling: tuple[Reference, ...] = ()
    not_applied: tuple[Note, ...] = ()


def file_changes(
    store: pygit2.Repository, old: pygit2.Oid, new: pygit2.Oid, prefix: str
) -> tuple[FileChange, ...]:
    """The files that differ between two trees, as `prefix` sees them, with counts of lines."""
    found = []
    for patch in store.diff(old, new):
        if patch is not None:
            _, added, removed = patch.line_stats
            word = {"A": "added", "D": "deleted"}.get(patch.delta.status_char(), "modified")
            path = posixpath.relpath(patch.delta.new_file.path, prefix or ".")
            found.append(FileChange(path, word, added, removed))
    return tuple(found)


def _who_asked(whole: Stack | None) -> dict[str, str]:
    return {name: there.by for name, there in whole.present.items()} if whole else {}
