"""One path in three trees, and notes on it."""

from __future__ import annotations

from aegis_patch.objects.trees import Entry
from aegis_patch.values import dataclass


@dataclass(frozen=True, slots=True)
class Sides:
    """One path as the old pristine tree, HEAD and the new pristine tree have it.

    `was` is where it is in the old pristine tree, if one of the two moved it since.
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
    """A note on a path.

    `many` is what to say of {count} such files at once, and `to` the other place of this one,
    which that names as {to}. A change of the upstream that the result lacks is not `applied`.
    """

    path: str
    text: str
    many: str = ""
    to: str = ""
    applied: bool = True
