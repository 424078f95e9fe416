"""What can go wrong, and the exit code of each.

A conflict is an outcome, not an error (`outcome.Conflicted`, exit code 3).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

OK = 0
CHANGED = 1
USAGE = 2
CONFLICTS = 3
BEHIND, NEEDS_REPAIR, UNRESOLVED = 10, 11, 12  # of `status --exit-code`
INTERRUPTED = 130


class AegisError(Exception):
    """Something expected went wrong: what, where, and what to type next.

    `next` is one command that works when pasted, or a question with its choices.
    """

    exit_code = 1

    def __init__(self, what: str, *, where: str = "", next: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.where = without_password(where)
        self.next = without_password(next)


class Refused(AegisError):
    """The verb can't run on this project as it is; nothing was changed."""


class InvalidAnswer(Refused):
    """An answer about the project's identity isn't valid."""

    def __init__(self, key: str, what: str) -> None:
        self.key = key
        super().__init__(
            f"Invalid answer: {key} {' '.join(what.split())}.",
            next=f"Which {key} instead? Give {key}=VALUE",
        )


class Interrupted(AegisError):
    """A person left a question, or a fleet, with Ctrl-C."""

    exit_code = INTERRUPTED

    def __init__(self, what: str = "Interrupted. Nothing was written.", *, next: str = "") -> None:
        super().__init__(what, next=next)


class Usage(AegisError):
    """The command line can't be read."""

    exit_code = USAGE


class UpstreamError(AegisError):
    """A release or an upstream can't be found or reached."""


class SeriesError(AegisError):
    """The upstream itself is at fault."""

    exit_code = 4


class PatchRejected(SeriesError):
    """A patch is malformed, unsafe, or doesn't fit its preimage exactly."""


class SeriesClash(SeriesError):
    """Two components of one upstream conflict."""

    def __init__(self, component: str, paths: Iterable[str]) -> None:
        self.component = component
        self.paths = tuple(paths)
        super().__init__(
            f"{component} conflicts with another component of this release.",
            where=", ".join(self.paths),
        )


def in_words(names: Sequence[str], last: str = "and", most: int = 0) -> str:
    """Names as a message lists them, "a, b and c"; of a long list the first few and a count."""
    if 0 < most < len(names):
        names = [*names[:most], f"{len(names) - most} more"]
    return f" {last} ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))


def without_password(text: str) -> str:
    """A text without the passwords of the URLs in it, such as a record written by hand may have."""
    return re.sub(r"(\w+://[^/@:\s]*):[^/\s]*(?=@)", r"\1", text)
