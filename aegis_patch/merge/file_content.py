"""The content of one file, merged: by text, by the names in it, by changes that only touch.

Each is tried where the one before it is not clean; names also where the text merge is in doubt.
Whatever made a result, it has to parse if its three sides did, and to come out the same when the
files are read from their end.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import NamedTuple

import pygit2

from aegis_patch.formats import acceptance, adjacent_changes, kinds, slots, syntax
from aegis_patch.formats.adjacent_changes import Hunk
from aegis_patch.merge import already_gone
from aegis_patch.objects import conflict_markers, texts


class Reason(StrEnum):
    """Why a path cannot be merged by us."""

    TEXT = "both changed the same lines"
    ADDED = "both added this file"
    DELETED_BY_US = "aegis takes this file away, and you changed it"
    BINARY = "both changed a file that is not text"
    KIND = "yours is in the way: a file, a directory, a link or a module of that name"
    SYNTAX = "the merged text does not parse"
    DOUBT = "lines are repeated, and more than one place would do"
    SHARED = "you had written a line that a series wrote as well"
    SPLIT = "aegis changes a file that you split, and not in one part alone"


class Text(NamedTuple):
    """What was merged, with conflict markers if need be; why it is no clean merge, and where."""

    data: bytes
    reason: Reason | None = None
    detail: str = ""


_Sides = tuple[bytes, bytes, bytes]


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
    tried = _by_text(store, path, sides)
    if tried.reason is None:
        return tried
    if found := _with_slots(store, path, sides):
        return found
    settled = kinds.structured(path, *sides) or sides
    by_name = _by_text(store, path, settled) if settled != sides else tried
    if by_name.reason is None:
        return by_name if acceptance.accepts(path, *sides, by_name.data) else tried
    both_wrote = by_name.reason is tried.reason is Reason.TEXT
    for each in (settled, sides) if both_wrote else (sides,):  # names may not hide a doubt
        touched = _by_hunks(store, each)
        if touched is None or acceptance.astray(*sides, touched):
            continue
        if acceptance.accepts(path, *sides, touched):
            return Text(touched)
    result = by_name if both_wrote and _holds(by_name.data, *sides) else tried
    return (_where_left(store, path, sides, result) or result) if both_wrote else result


def _with_slots(store: pygit2.Repository, path: str, sides: _Sides) -> Text | None:
    """What the merge makes where ours has the slots that the user took out; they are out again."""
    base, ours, theirs = sides
    was = texts.lines(base)
    missing = slots.missing(was, texts.lines(ours))
    if not missing or b"\0" in base + ours:
        return None
    whole = b"".join(slots.restored(was, _hunks(store, base, ours), missing))
    if whole == ours:
        return None
    result = merge(store, path, base, whole, theirs)
    if result.reason:
        return None
    return Text(b"".join(line for line in texts.lines(result.data) if line not in missing))


def _by_text(store: pygit2.Repository, path: str, sides: _Sides) -> Text:
    merged = texts.merge_text(store, *sides)
    found = Text(merged.data, Reason.TEXT)
    if merged.clean:
        found = _looked_at(store, path, sides, merged.data)
    if found.reason in (Reason.TEXT, Reason.SYNTAX):
        data = texts.merge_by_unique_lines(store, *sides)
        other = _looked_at(store, path, sides, data) if data is not None else found
        return found if other.reason else other
    return found


def _looked_at(store: pygit2.Repository, path: str, sides: _Sides, merged: bytes) -> Text:
    """What a text merge made, and what there is against it."""
    if problem := _breaks(path, merged, sides):
        return Text(merged, Reason.SYNTAX, problem)
    is_one_sides = merged in sides[1:]  # what the other did is part of it
    line = _brought_back(sides, merged) if is_one_sides else _doubtful(store, sides, merged)
    if line:
        return Text(merged, Reason.DOUBT, f"line {line}")
    if acceptance.resurrects(path, *sides, merged):
        return Text(merged, Reason.DOUBT, "what was taken away is back")
    return Text(merged)


def _by_hunks(store: pygit2.Repository, sides: _Sides) -> bytes | None:
    """What changes that only touch make of a text; None where there is a doubt."""
    merged = _touching(store, sides)
    if merged is None:
        return None
    base, ours, theirs = (_reversed(side) for side in sides)
    backward = _touching(store, (base, ours, theirs))
    same = backward is not None and _reversed(backward) == _reversed(_reversed(merged))
    return merged if same else None


def _touching(store: pygit2.Repository, sides: _Sides, like: Sequence[bytes] = ()) -> bytes | None:
    if any(b"\0" in side for side in sides):  # libgit2 tells no hunks then
        return None
    base, *changed = sides
    ours, theirs = (_hunks(store, base, side) for side in changed)
    return adjacent_changes.merged(texts.lines(base), ours, theirs, like=like)


def _where_left(store: pygit2.Repository, path: str, sides: _Sides, result: Text) -> Text | None:
    """Ours as it is, marked where it still speaks of what theirs only takes away, if anywhere.

    None where that cannot be told, or where the result there is marks it too, and not twice as many
    lines: what was not written anew is better seen beside what it was.
    """
    base, ours, theirs = sides
    hunks = [] if b"\0" in base + ours + theirs else _hunks(store, base, theirs)
    if not hunks or any(hunk.lines for hunk in hunks):
        return None
    was, mine = texts.lines(base), texts.lines(ours)
    left = already_gone.left(
        [line for at in hunks for line in was[at.start : at.end]], mine, theirs
    )
    if not left:
        unsure = left is None or acceptance.resurrects(path, *sides, ours)
        return None if unsure else Text(ours)
    before, without = list(mine), list(mine)
    for at in left:
        before[at], without[at] = b"what is taken away, %d\n" % at, b""
    marked = texts.merge_text(store, b"".join(before), ours, b"".join(without))
    places, there = (
        list(conflict_markers.places(texts.lines(each))) for each in (marked.data, result.data)
    )
    count, before_count = (sum(at.stop - at.start for at in each) for each in (places, there))
    shown = {line for place in there for line in place.mine} & {mine[at] for at in left}
    better = not shown or 2 * count <= before_count
    return Text(marked.data, Reason.TEXT) if not marked.clean and better else None


def _hunks(store: pygit2.Repository, base: bytes, side: bytes) -> list[Hunk]:
    lines = texts.lines(side)
    found = texts.hunks(store, base, side)
    return [Hunk(at.start, at.stop, tuple(lines[to.start : to.stop])) for at, to in found]


def _doubtful(store: pygit2.Repository, sides: _Sides, merged: bytes) -> int | None:
    """A line of the result that may be in the wrong place, if there is any.

    It is below another line than it was, or there more often than both sides account for; or a
    merge of the same lines, read from their end,
    finds another place, for among repeated lines a diff takes the first that will do. Where that
    merge is a conflict, it only speaks against a place if lines are taken away there.
    """
    if line := acceptance.astray(*sides, merged) or _miscounted(sides, merged):
        return line
    base, ours, theirs = (_reversed(side) for side in sides)
    other: bytes | None = None
    if (found := texts.merge_text(store, base, ours, theirs)).clean:
        other = found.data
    else:
        other = _touching(store, (base, ours, theirs), texts.lines(_reversed(merged)))
        other = other or texts.merge_by_unique_lines(store, base, ours, theirs)
    if other is None:
        hunks = (_hunks(store, base, side) for side in (ours, theirs))
        other = found.data if adjacent_changes.takes_away(*hunks) else _reversed(merged)
    lines = itertools.zip_longest(merged.splitlines(), _reversed(other).splitlines())
    return next((at for at, (one, two) in enumerate(lines, 1) if one != two), None)


def _brought_back(sides: _Sides, merged: bytes) -> int | None:
    """A line that is there though one side took it out: the other had only moved it."""
    lines = merged.splitlines()
    base, ours, theirs = (set(side.splitlines()) for side in sides)
    back = base - (ours & theirs)
    found = (at for at, line in enumerate(lines, 1) if line.strip() and line in back)
    return next(found, None) or _miscounted(sides, merged)


def _miscounted(sides: _Sides, merged: bytes) -> int | None:
    """A line that is there more or less often than what the sides put in and took out comes to.

    A diff may take a line that moved for another that reads the same; then both put it in.
    """
    lines = merged.splitlines()
    was, mine, wanted = (Counter(side.splitlines()) for side in sides)
    now = Counter(lines)
    for line in was.keys() | now.keys():
        low, high = sorted((mine[line], wanted[line]))
        both = mine[line] + wanted[line] - was[line]
        if line.strip() and not min(low, both) <= now[line] <= max(high, both):
            return lines.index(line) + 1 if line in now else 1
    return None


def _reversed(data: bytes) -> bytes:
    return b"\n".join(reversed(data.removesuffix(b"\n").split(b"\n"))) + b"\n"


def _holds(result: bytes, base: bytes, ours: bytes, theirs: bytes) -> bool:
    """Whether a text with marked conflicts still has every line that either side added."""
    was, mine, wanted, now = (
        Counter(line.strip() for line in data.splitlines()) for data in (base, ours, theirs, result)
    )
    return not ((mine - was) | (wanted - was)) - now


def _breaks(path: str, merged: bytes, sides: Iterable[bytes]) -> str | None:
    problem = syntax.syntax_error(path, merged)
    if problem is None or any(syntax.syntax_error(path, side) for side in sides):
        return None
    return problem
