"""A step leads from one stack to the next; what a verb did is a list of commits."""

from __future__ import annotations

import posixpath
import re

import pygit2
from pygit2.enums import DiffOption

from aegis_patch.history.unresolved import Reference
from aegis_patch.merge.outcome import Conflict, Note
from aegis_patch.objects import texts
from aegis_patch.objects.trees import Tree, bytes_of
from aegis_patch.stack.stack import Stack
from aegis_patch.stack.update_notes import UpdateNote
from aegis_patch.values import dataclass


@dataclass(frozen=True, slots=True)
class Step:
    """A planned commit: its message, and the stacks before and after it.

    `command` is one that makes this step alone. `record` is the recorded stack, if the tree shows
    another one.
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
        """The names that are added or removed with it, besides those in its subject."""
        was = self.old.names if self.old else frozenset()
        named = re.split(r'[\s,"]+', self.subject)
        return tuple(sorted((was ^ self.new.names).difference(named)))


@dataclass(frozen=True, slots=True)
class Mode:
    """How to carry out a verb: only as a trial (`dry`), and with its plan as a patch (`diff`).

    `relock` updates uv.lock; `strict` refuses a result that is incomplete; `verify` is a command
    that has to pass on it; `whole` lands nothing if something conflicts; `signed` takes another
    release only if its tag is signed. With a `branch`, the commits are left on that new one.
    """

    dry: bool = False
    diff: bool = False
    relock: bool = True
    strict: bool = False
    verify: str = ""
    whole: bool = False
    signed: bool = False
    branch: str = ""


@dataclass(frozen=True, slots=True)
class FileChange:
    """A file in a commit: "added", "modified" or "deleted", and how many lines."""

    path: str
    change: str
    added: int
    removed: int


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit: made, planned, or with conflicts to resolve.

    `along` are the components added or removed with the one in the subject.
    """

    subject: str
    id: str | None
    files: tuple[FileChange, ...]
    conflicts: tuple[Conflict, ...] = ()
    notes: tuple[Note, ...] = ()
    along: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Result:
    """The result of a verb: commits, notes, and the commands left to run.

    `dangling` are the lines with a broken reference, `not_applied` the upstream's changes that the
    result lacks. `update_notes` are the releases' notes for the project. `patch` is the whole
    change, if it was asked for. `next` is what to type next.
    """

    commits: tuple[Commit, ...] = ()
    said: tuple[str, ...] = ()
    rest: tuple[str, ...] = ()
    dry: bool = False
    dangling: tuple[Reference, ...] = ()
    not_applied: tuple[Note, ...] = ()
    update_notes: tuple[UpdateNote, ...] = ()
    patch: str = ""
    next: str = ""

    @property
    def broken(self) -> list[Reference]:
        """The lines with a broken reference, without those that an update note is about."""
        noted = {(".env", note.name) for note in self.update_notes}
        return [each for each in self.dangling if (each.path, each.name) not in noted]


def file_changes(old: Tree, new: Tree, prefix: str) -> tuple[FileChange, ...]:
    """The files that differ between two trees, as `prefix` sees them, with counts of lines."""
    found = []
    for path, (was, now) in old.differences(new).items():
        if was and now:
            _, added, removed = pygit2.Patch.create_from(was.data, now.data).line_stats
        else:
            added, removed = texts.lines_in(bytes_of(now)), texts.lines_in(bytes_of(was))
        word = "deleted" if not now else "modified" if was else "added"
        shown = posixpath.relpath(path, prefix) if prefix else path
        found.append(FileChange(shown, word, added, removed))
    return tuple(found)


def patch_text(old: Tree, new: Tree) -> str:
    """The change from one tree to another, as `git apply` takes it."""
    diff = old.diff(new, DiffOption.SHOW_BINARY)
    parts = [patch.data for patch in diff if patch is not None]
    return b"".join(parts).decode("utf-8", "surrogateescape")


def _who_asked(whole: Stack | None) -> dict[str, str]:
    return {name: there.by for name, there in whole.present.items()} if whole else {}
