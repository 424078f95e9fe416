"""What is wrong with an upstream: where, what, and what to type next."""

from __future__ import annotations

from aegis_patch.errors import SeriesError
from aegis_patch.values import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that a maintainer has to change; `where` is a path, with a line if one is known."""

    where: str
    what: str
    next: str = ""


def of(error: SeriesError, next: str = "") -> Problem:
    """An error as a problem."""
    return Problem(error.where, error.what, error.next or next)
