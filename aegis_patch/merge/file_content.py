"""Merges one file: by text, by the names in it, by changes that are only neighbours.

Each way is tried if the one before isn't clean. Whatever its way, a result has to parse if its
three sides did, and to have what both sides wanted.
"""

from __future__ import annotations

import itertools
import re
from typing import NamedTuple

import pygit2

from aegis_patch.formats import acceptance, kinds, syntax
from aegis_patch.merge.reason import Reason
from aegis_patch.objects import adjacent_changes, texts
from aegis_patch.values import dataclass, replace


class Text(NamedTuple):
    """The merged text, with conflict markers if needed; if it isn't clean, the reason and line."""

    data: bytes
    reason: Reason | None = None
    detail: str = ""


Sides = tuple[bytes, bytes, bytes]  # base, ours, theirs


@dataclass(frozen=True, slots=True)
class Three:
    """The three versions of one file, and a store in which texts can be merged."""

    store: pygit2.Repository
    path: str
    base: bytes
    ours: bytes
    theirs: bytes

    @property
    def sides(self) -> Sides:
        """Base, ours and theirs."""
        return self.base, self.ours, self.theirs

    @property
    def is_crlf(self) -> bool:
        """Whether ours has the line ends of Windows, and only ours."""
        ends = self.ours.count(b"\r\n")
        return ends == self.ours.count(b"\n") > 0 and b"\r" not in self.base + self.theirs

    def by_names(self) -> Three | None:
        """The versions with everything settled that names decide; None if they decide nothing."""
        settled = kinds.structured(self.path, *self.sides)
        return Three(self.store, self.path, *settled) if settled else None


def merge(three: Three) -> Text:
    """Merge three texts."""
    if three.is_crlf:
        text = merge(replace(three, ours=three.ours.replace(b"\r\n", b"\n")))
        return text._replace(data=text.data.replace(b"\n", b"\r\n"))
    by_text = _by_text(three)
    return by_text if by_text.reason is None else _by_names(three, by_text)


def _by_names(three: Three, by_text: Text) -> Text:
    """A merge by names, then of neighbouring changes, if the text merge isn't clean."""
    path, sides = three.path, three.sides
    settled = three.by_names() or three
    by_name = _by_text(settled) if settled != three else by_text
    if by_name.reason is None:
        return by_name if acceptance.accepts(path, *sides, by_name.data) else by_text
    both_wrote = by_name.reason is by_text.reason is Reason.TEXT
    for each in (settled, three) if both_wrote else (three,):  # names may not hide a doubt
        touching = _by_hunks(each.sides)
        if touching is None or acceptance.misplaced_line(*sides, touching):
            continue
        if acceptance.accepts(path, *sides, touching):
            return Text(touching)
    return by_name if both_wrote and acceptance.is_whole(*sides, by_name.data) else by_text


def _by_text(three: Three) -> Text:
    """The text merge, or the one by unique lines if only that is clean."""
    merged = texts.merge_text(three.store, *three.sides)
    found = Text(merged.data, Reason.TEXT)
    if merged.clean:
        found = _checked(three, merged.data)
    if found.reason in (Reason.TEXT, Reason.SYNTAX):
        data = texts.merge_by_unique_lines(three.store, *three.sides)
        other = found if data is None else _checked(three, data)
        if other.reason is None:
            return other
    return found


def _checked(three: Three, data: bytes) -> Text:
    """The result of a text merge, and the objection to it if there is one.

    It has to parse, and to have what both sides wanted in the right place.
    """
    sides = three.sides
    if problem := _breaks(three, data):
        return Text(data, Reason.SYNTAX, problem)
    line = acceptance.wrong_line(*sides, data)
    if line is None and data not in (*sides[1:], *_between_unique_lines(*sides)):
        line = acceptance.misplaced_line(*sides, data) or _read_otherwise(three, data)
    if line is None and _is_indented_anew(three):  # a line at the column of another level
        line = None if acceptance.accepts(three.path, *sides, data) else 1
    if line is not None:
        return Text(data, Reason.DOUBT, f"line {line}")
    return Text(data)


def _between_unique_lines(base: bytes, ours: bytes, theirs: bytes) -> list[bytes | None]:
    """Each side with the other's changes, if these have one place however a diff reads the rest."""
    return [_put_between(base, ours, theirs), _put_between(base, theirs, ours)]


def _put_between(base: bytes, changed: bytes, other: bytes) -> bytes | None:
    """A text with changes, each between two lines that base and it have once, and together."""
    old, mine, new = map(texts.lines, (base, changed, other))
    once = acceptance.unique(old) & acceptance.unique(new)
    edits = []
    for at, to in texts.hunks(base, changed):
        around = old[max(at.start - 1, 0) : at.stop + 1]
        if len(around) != len(at) + 2 or not {around[0], around[-1]} <= once:
            return None
        start = new.index(around[0]) + 1
        if new[start - 1 : start + len(at) + 1] != around:
            return None
        edits.append((range(start, start + len(at)), mine[to.start : to.stop]))
    edits.sort(key=lambda edit: edit[0].start)
    return b"".join(texts.spliced(new, edits))


def _is_indented_anew(three: Three) -> bool:
    """Whether ours is YAML with another indentation of its first level than base."""
    if not three.path.endswith((".yaml", ".yml")):
        return False
    base, ours = (re.search(rb"(?m)^ +(?=\S)", side) for side in (three.base, three.ours))
    return bool(base and ours and base[0] != ours[0])


def _read_otherwise(three: Three, data: bytes) -> int | None:
    """The first line that differs if the same lines are merged from their end.

    Among repeated lines a diff takes the first that fits. If the merge from the end conflicts, that
    only counts as an objection where lines are deleted.
    """
    base, ours, theirs = (_reversed(side) for side in three.sides)
    merged = texts.merge_text(three.store, base, ours, theirs)
    backward = merged.data
    if not merged.clean:
        by_unique_lines = texts.merge_by_unique_lines(three.store, base, ours, theirs)
        if by_unique_lines is None:
            return 1 if adjacent_changes.takes_away(base, ours, theirs) else None
        backward = by_unique_lines
    one, other = data.splitlines(), _reversed(backward).splitlines()
    for number, (line, again) in enumerate(itertools.zip_longest(one, other), 1):
        if line != again:
            return number
    return None


def _by_hunks(sides: Sides) -> bytes | None:
    """The text with changes that are only neighbours; None in doubt."""
    merged = adjacent_changes.merged(*sides)
    if merged is None:
        return None
    base, ours, theirs = (_reversed(side) for side in sides)
    backward = adjacent_changes.merged(base, ours, theirs)
    same = backward is not None and _reversed(backward) == _reversed(_reversed(merged))
    return merged if same else None


def _reversed(data: bytes) -> bytes:
    return b"\n".join(reversed(data.removesuffix(b"\n").split(b"\n"))) + b"\n"


def _breaks(three: Three, merged: bytes) -> str | None:
    problem = syntax.syntax_error(three.path, merged)
    if problem is None or any(syntax.syntax_error(three.path, side) for side in three.sides):
        return None
    return problem
