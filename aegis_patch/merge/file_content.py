"""The content of one file, merged: by text, by the names in it, by changes that only touch.

Each is tried where the one before it is not clean. Whatever made a result, it has to parse if its
three sides did, and to hold what both sides wanted.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple

import pygit2

from aegis_patch.formats import acceptance, adjacent_changes, kinds, syntax
from aegis_patch.formats.adjacent_changes import Hunk
from aegis_patch.objects import texts


class Reason(StrEnum):
    """Why a path cannot be merged by us."""

    TEXT = "both changed the same lines"
    ADDED = "both added this file"
    DELETED_BY_US = "aegis removes this file, but you changed it"
    BINARY = "both changed this file, which isn't text"
    KIND = "something of yours already has that name"
    SYNTAX = "the merged text doesn't parse"
    DOUBT = "repeated lines: the change fits in more than one place"
    SHARED = "you already had a line that aegis adds too"


class Text(NamedTuple):
    """What was merged, with conflict markers if need be; why it is no clean merge, and where."""

    data: bytes
    reason: Reason | None = None
    detail: str = ""


Sides = tuple[bytes, bytes, bytes]  # base, ours, theirs


def merge(
    store: pygit2.Repository,
    path: str,
    base: bytes,
    ours: bytes,
    theirs: bytes,
    *,
    union: bool = False,
) -> Text:
    """Three texts made one; `union` takes both sides' lines where they meet."""
    sides = (base, ours, theirs)
    if union:
        data = texts.merge_union(store, *sides)
        problem = _breaks(path, data, sides)
        return Text(data, Reason.SYNTAX, problem) if problem else Text(data)
    by_text = _by_text(store, path, sides)
    if by_text.reason is not None:
        return _by_names(store, path, sides, by_text)
    if acceptance.is_twice(path, *sides, by_text.data):
        return _made_once(store, path, sides) or by_text
    return by_text


def _made_once(store: pygit2.Repository, path: str, sides: Sides) -> Text | None:
    """By names, what both sides brought to different places of a list; None if that fails."""
    settled = kinds.structured(path, *sides)
    found = _by_text(store, path, settled) if settled else None
    if found is None or found.reason or not acceptance.accepts(path, *sides, found.data):
        return None
    return None if acceptance.is_twice(path, *sides, found.data) else found


def _by_names(store: pygit2.Repository, path: str, sides: Sides, by_text: Text) -> Text:
    """Where the text merge is not clean: by names, then by changes that only touch."""
    settled = kinds.structured(path, *sides) or sides
    by_name = _by_text(store, path, settled) if settled != sides else by_text
    if by_name.reason is None:
        return by_name if acceptance.accepts(path, *sides, by_name.data) else by_text
    both_wrote = by_name.reason is by_text.reason is Reason.TEXT
    for each in (settled, sides) if both_wrote else (sides,):  # names may not hide a doubt
        touching = _by_hunks(store, each)
        if touching is None or acceptance.misplaced_line(*sides, touching):
            continue
        if acceptance.accepts(path, *sides, touching):
            return Text(touching)
    return by_name if both_wrote and acceptance.is_whole(*sides, by_name.data) else by_text


def _by_text(store: pygit2.Repository, path: str, sides: Sides) -> Text:
    """The text merge, or the one that holds on to lines that stand once, where that is clean."""
    merged = texts.merge_text(store, *sides)
    found = Text(merged.data, Reason.TEXT)
    if merged.clean:
        found = _checked(store, path, sides, merged.data)
    if found.reason in (Reason.TEXT, Reason.SYNTAX):
        data = texts.merge_by_unique_lines(store, *sides)
        other = found if data is None else _checked(store, path, sides, data)
        if other.reason is None:
            return other
    return found


def _checked(store: pygit2.Repository, path: str, sides: Sides, data: bytes) -> Text:
    """What a text merge made, and what there is against it.

    It has to parse, to hold what both sides wanted, and to have it in the right place.
    """
    if problem := _breaks(path, data, sides):
        return Text(data, Reason.SYNTAX, problem)
    line = acceptance.wrong_line(*sides, data)
    if line is None and data not in sides[1:]:
        line = acceptance.misplaced_line(*sides, data) or _read_otherwise(store, sides, data)
    if line is not None:
        return Text(data, Reason.DOUBT, f"line {line}")
    if acceptance.brings_back(path, *sides, data):
        return Text(data, Reason.DOUBT, "a removed line is back")
    return Text(data)


def _read_otherwise(store: pygit2.Repository, sides: Sides, data: bytes) -> int | None:
    """The first line for which a merge of the same lines, read from their end, has another.

    Among repeated lines a diff takes the first that will do. Where that merge is a conflict, it
    only speaks against a place if lines are taken away there.
    """
    base, ours, theirs = (_reversed(side) for side in sides)
    merged = texts.merge_text(store, base, ours, theirs)
    backward = merged.data
    if not merged.clean:
        by_unique_lines = texts.merge_by_unique_lines(store, base, ours, theirs)
        if by_unique_lines is None:
            changes = (_hunks(store, base, side) for side in (ours, theirs))
            return 1 if adjacent_changes.takes_away(*changes) else None
        backward = by_unique_lines
    one, other = data.splitlines(), _reversed(backward).splitlines()
    for number, (line, again) in enumerate(itertools.zip_longest(one, other), 1):
        if line != again:
            return number
    return None


def _by_hunks(store: pygit2.Repository, sides: Sides) -> bytes | None:
    """What changes that only touch make of a text; None where there is a doubt."""
    merged = _touching(store, sides)
    if merged is None:
        return None
    base, ours, theirs = (_reversed(side) for side in sides)
    backward = _touching(store, (base, ours, theirs))
    same = backward is not None and _reversed(backward) == _reversed(_reversed(merged))
    return merged if same else None


def _touching(store: pygit2.Repository, sides: Sides) -> bytes | None:
    if any(b"\0" in side for side in sides):  # libgit2 tells no hunks then
        return None
    base, ours, theirs = sides
    changes = (_hunks(store, base, side) for side in (ours, theirs))
    return adjacent_changes.merged(texts.lines(base), *changes)


def _hunks(store: pygit2.Repository, base: bytes, side: bytes) -> list[Hunk]:
    lines = texts.lines(side)
    found = []
    for at, to in texts.hunks(store, base, side):
        found.append(Hunk(at.start, at.stop, tuple(lines[to.start : to.stop])))
    return found


def _reversed(data: bytes) -> bytes:
    return b"\n".join(reversed(data.removesuffix(b"\n").split(b"\n"))) + b"\n"


def _breaks(path: str, merged: bytes, sides: Iterable[bytes]) -> str | None:
    problem = syntax.syntax_error(path, merged)
    if problem is None or any(syntax.syntax_error(path, side) for side in sides):
        return None
    return problem
