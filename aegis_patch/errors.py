"""What can go wrong, and the exit code of each.

    AegisError
    ├ Refused         1   cannot do this here and now; says the next command to type
    ├ UpstreamError   1   a release or an upstream cannot be reached or found
    └ SeriesError     4   ours, not yours
      ├ PatchRejected     a patch does not apply to the tree it was written against
      └ SeriesClash       two components of one release cannot be folded together

A conflict is not an error: it is an outcome (`outcome.Conflicted`, exit code 3).
"""

from __future__ import annotations

from collections.abc import Iterable

OK = 0
USAGE = 2
CONFLICTS = 3
INTERRUPTED = 130


class AegisError(Exception):
    """Something expected went wrong: what, where, and what to type next."""

    exit_code = 1

    def __init__(self, what: str, *, where: str = "", next: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.next = next


class Refused(AegisError):
    """The verb cannot run on this project as it is; nothing was changed."""


class UpstreamError(AegisError):
    """A release or an upstream cannot be reached or found."""


class SeriesError(AegisError):
    """The upstream itself is at fault."""

    exit_code = 4


class PatchRejected(SeriesError):
    """A patch is malformed, unsafe, or does not fit its preimage exactly."""


class SeriesClash(SeriesError):
    """Folding two components of one upstream conflicts."""

    def __init__(self, component: str, paths: Iterable[str]) -> None:
        self.component = component
        self.paths = tuple(paths)
        super().__init__(
            f"the series of {component} clashes with another component's",
            where=", ".join(self.paths),
            next="report it to the maintainers of this upstream",
        )
