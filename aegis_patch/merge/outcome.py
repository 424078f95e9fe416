"""The plan of an evolution, a path of it, and its outcome: unchanged, clean or conflicted."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING

from aegis_patch.objects.trees import Entry, Tree
from aegis_patch.values import dataclass

if TYPE_CHECKING:
    from aegis_patch.merge.reason import Reason
    from aegis_patch.merge.renames import Moves
    from aegis_patch.stack.stack import Stack


@dataclass(frozen=True, slots=True)
class Plan:
    """One evolution: HEAD's tree, the two pristine trees, and the record to arrive at.

    `less` is the new pristine tree without the components that are added, if any are. `yours`
    holds, for each path, the lines of removed components that stay because the user had written
    them first. `by_hand` are the paths with a `merge` of their own in .gitattributes, which a
    person merges. `moved` is where the user moved the changed files, if that is known already.
    `ignorecase` is git's setting for the file system.
    """

    head: Tree
    old: Tree
    new: Tree
    record: Stack | None
    yours: Mapping[str, frozenset[bytes]] = {}
    less: Tree | None = None
    by_hand: Collection[str] = ()
    moved: Moves | None = None
    ignorecase: bool = False


@dataclass(frozen=True, slots=True)
class Sides:
    """One path in the old pristine tree, HEAD and the new pristine tree.

    `was` is its path in the old pristine tree, if one of the other two moved it.
    """

    path: str
    base: Entry | None
    ours: Entry | None
    theirs: Entry | None
    was: str = ""

    @property
    def pristine(self) -> str:
        """The path in the old pristine tree."""
        return self.was or self.path


@dataclass(frozen=True, slots=True)
class Note:
    """A note on a path, or on several with the same text.

    A change of the upstream that the result lacks is not `applied`.
    """

    path: str
    text: str
    applied: bool = True


@dataclass(frozen=True, slots=True)
class YourCommit:
    """The user's commit behind a conflict."""

    commit: str
    subject: str
    author: str
    date: str
    ago: str


@dataclass(frozen=True, slots=True)
class Theirs:
    """The patch that a conflict is about, and the lines that the release deletes or inserts.

    `label` names the release, and the component unless it is the core. Without lines, it deletes
    the whole file.
    """

    label: str
    component: str
    patch: str
    change: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Meeting:
    """The two changes that meet at a line; None if one is unknown."""

    line: int
    yours: YourCommit | None
    theirs: Theirs | None


@dataclass(frozen=True, slots=True)
class Conflict:
    """A path that two people wrote: its three sides, and a file with both marked.

    `met` is filled in by `conflict_view`, once a person is going to read it.
    """

    sides: Sides
    reason: Reason
    marked: Entry | None
    detail: str = ""
    met: tuple[Meeting, ...] = ()

    @property
    def path(self) -> str:
        """The path in the project."""
        return self.sides.path


@dataclass(frozen=True, slots=True)
class Unchanged:
    """The project already has the stack."""

    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, slots=True)
class Clean:
    """Everything is merged."""

    tree: Tree
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, slots=True)
class Conflicted:
    """A person has to resolve some paths; `tree` holds the rest, and ours at those paths."""

    tree: Tree
    conflicts: tuple[Conflict, ...]
    notes: tuple[Note, ...] = ()

    def without(self, edits: Mapping[str, Entry | None], notes: Iterable[Note]) -> Outcome:
        """The outcome with some of the paths resolved."""
        left = tuple(each for each in self.conflicts if each.path not in edits)
        tree, all_notes = self.tree.replaced(edits), (*self.notes, *notes)
        return Conflicted(tree, left, all_notes) if left else Clean(tree, all_notes)


Outcome = Unchanged | Clean | Conflicted
Fate = Entry | Conflict | None  # what becomes of a path; None: it is not there
