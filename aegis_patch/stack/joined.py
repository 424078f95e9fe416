"""Merges three stacks by key, which git can't do."""

from __future__ import annotations

from operator import attrgetter
from typing import TypeVar

from aegis_patch.stack.stack import By, Presence, Stack

_T = TypeVar("_T")
_at = attrgetter("url", "release", "commit")
_Sides = tuple[Presence | None, Presence | None, Presence | None]


class Differ(Exception):
    """Both sides changed one value of the record, differently."""


def joined(base: Stack, ours: Stack, theirs: Stack) -> Stack:
    """The stack with the changes of both sides.

    A component that one side removed stays if the other side's user chose it.

    Raises:
        Differ: the sides are at two new releases, or gave two new answers to one question.
    """
    at = _either(_at(base), _at(ours), _at(theirs))
    answers: dict[str, str] = {}
    for key in {**base.answers, **ours.answers, **theirs.answers}:
        value = _either(base.answers.get(key), ours.answers.get(key), theirs.answers.get(key))
        if value is not None:
            answers[key] = value
    present: dict[str, Presence] = {}
    for name in sorted(base.names | ours.names | theirs.names):
        sides = (base.present.get(name), ours.present.get(name), theirs.present.get(name))
        if by := _by(sides):
            present[name] = Presence(_home(at[1], sides), by)
    yours = (ours.yours & theirs.yours) | (ours.yours - base.yours) | (theirs.yours - base.yours)
    return Stack(*at, answers, present, yours)


def _by(sides: _Sides) -> By | None:
    base, ours, theirs = (side.by if side else None for side in sides)
    try:
        return _either(base, ours, theirs)
    except Differ:
        return "you" if "you" in (ours, theirs) else ours or theirs


def _home(release: str, sides: _Sides) -> str:
    """The release that a component is from: the stack's own, if one side updated it to that."""
    base, *both = sides
    homes = [each.release for each in both if each]
    new = [home for home in homes if not base or home != base.release]
    return release if release in new else (new or homes)[0]


def _either(base: _T, ours: _T, theirs: _T) -> _T:
    if ours in (base, theirs):
        return theirs
    if theirs == base:
        return ours
    raise Differ
