"""Three stacks made one by key, as git could not: what one side changed, the other takes."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import replace
from typing import TypeVar

from aegis_patch.stack.stack import By, Presence, Stack

_T = TypeVar("_T", bound=Hashable)


class Differ(Exception):
    """Both sides changed one value of the record, and not to the same."""


def joined(base: Stack, ours: Stack, theirs: Stack) -> Stack:
    """The stack with the changes of both sides.

    A component that one side removed and the other made its own stays.

    Raises:
        Differ: the sides are at two new releases, or gave two new answers to one question.
    """
    sides = (base, ours, theirs)
    url, release, commit = _either(*((each.url, each.release, each.commit) for each in sides))
    answers: dict[str, str] = {}
    for key in {**base.answers, **ours.answers, **theirs.answers}:
        value = _either(*(each.answers.get(key) for each in sides))
        if value is not None:
            answers[key] = value
    present = dict(_present(release, base, ours, theirs))
    return replace(ours, url=url, release=release, commit=commit, answers=answers, present=present)


def _present(
    release: str, base: Stack, ours: Stack, theirs: Stack
) -> Iterator[tuple[str, Presence]]:
    for name in sorted(base.names | ours.names | theirs.names):
        was, mine, wanted = (side.present.get(name) for side in (base, ours, theirs))
        by = _by(*(each.by if each else None for each in (was, mine, wanted)))
        if by is None:
            continue
        homes = [each.release for each in (mine, wanted, was) if each]
        changed = [home for home in homes if was is None or home != was.release] or homes
        yield name, Presence(release if release in changed else changed[0], by)


def _by(base: By | None, ours: By | None, theirs: By | None) -> By | None:
    try:
        return _either(base, ours, theirs)
    except Differ:
        return "you" if "you" in (ours, theirs) else ours or theirs


def _either(base: _T, ours: _T, theirs: _T) -> _T:
    if ours in (base, theirs):
        return theirs
    if theirs == base:
        return ours
    raise Differ
