"""The result for one path that differs."""

from __future__ import annotations

from collections.abc import Mapping

from pygit2.enums import FileMode

from aegis_patch.formats import python_names, same_meaning
from aegis_patch.merge import file_content, written_twice
from aegis_patch.merge.file_content import Three
from aegis_patch.merge.outcome import Conflict, Fate, Plan, Sides
from aegis_patch.merge.reason import Reason
from aegis_patch.objects.texts import is_binary, merge_text
from aegis_patch.objects.trees import Entry, bytes_of
from aegis_patch.stack import record
from aegis_patch.stack.record import RECORD
from aegis_patch.stack.stack import Stack
from aegis_patch.values import replace


def merge(plan: Plan, sides: Sides) -> Fate:
    """The result for one path; None if the file is gone."""
    base, ours, theirs = sides.base, sides.ours, sides.theirs
    if sides.path == RECORD and plan.record and base and ours and theirs:
        return _merge_record(plan.record, base, ours, theirs)
    if theirs in (base, ours):
        return ours
    if ours is None:
        return theirs if base is None else None
    if theirs is None:
        return _taken_away(plan, sides, ours)
    if ours == base and sides.pristine not in plan.yours:
        return theirs
    return _merge_file(plan, sides, ours, theirs)


def _taken_away(plan: Plan, sides: Sides, ours: Entry) -> Fate:
    """The result for a file that theirs deletes."""
    base = sides.base
    yours = plan.yours.get(sides.pristine)
    if yours is not None and written_twice.units(sides.path, bytes_of(base)).keys() <= yours:
        return ours  # the user had written the very same file
    if not is_same_but_for_layout(sides, {}):
        return Conflict(sides, Reason.DELETED_BY_US, ours)
    return Conflict(sides, Reason.SHARED, ours) if yours else None


def following(plan: Plan, asked: Conflict, modules: Mapping[str, str]) -> Fate:
    """The result with aegis's sides rewritten to the names of the user's renamed modules."""
    sides = asked.sides
    if asked.reason is Reason.DELETED_BY_US:
        return None if is_same_but_for_layout(sides, modules) else asked
    if asked.reason is not Reason.TEXT or not modules:
        return asked
    named = []
    for entry in (sides.base, sides.theirs):
        data = python_names.under(bytes_of(entry), modules)
        named.append(entry and Entry.written(entry.store, data, entry.mode))
    fate = merge(plan, replace(sides, base=named[0], theirs=named[1]))
    return asked if isinstance(fate, Conflict) else fate


def is_same_but_for_layout(sides: Sides, modules: Mapping[str, str]) -> bool:
    """Whether HEAD's file differs only in its layout and in renamed modules."""
    base, ours = sides.base, sides.ours
    if base == ours:
        return True
    if not (base and ours) or base.mode != ours.mode or ours.mode == FileMode.LINK:
        return False
    was, mine = base.data, ours.data
    if not (is_binary(was) or is_binary(mine)):
        was, mine = python_names.under(was, modules), python_names.under(mine, modules)
    return same_meaning.is_same(sides.path, was, mine)


def _merge_file(plan: Plan, sides: Sides, ours: Entry, theirs: Entry) -> Fate:
    """The result for a file that both sides have and changed."""
    base = sides.base
    before = base.mode if base else theirs.mode
    mode = theirs.mode if ours.mode == before else ours.mode
    if _kind(ours) != _kind(theirs):
        return Conflict(sides, Reason.KIND, ours)
    if ours.id == theirs.id:
        return replace(ours, mode=mode)
    by_hand = sides.path in plan.by_hand or sides.pristine in plan.by_hand
    texts = [bytes_of(entry) for entry in (base, ours, theirs)]
    is_whole = mode == FileMode.LINK or by_hand or any(map(is_binary, texts))
    if not is_whole:
        yours = plan.yours.get(sides.pristine, frozenset())
        texts[0] = _without(sides.path, texts[0], yours)
        three = Three(plan.head.store, sides.path, *texts)
        return _merge_texts(sides, three, mode)
    if base and base.id in (ours.id, theirs.id):
        return replace(theirs if ours.id == base.id else ours, mode=mode)
    return Conflict(sides, Reason.BINARY, ours, "by .gitattributes" if by_hand else "")


def _merge_texts(sides: Sides, three: Three, mode: int) -> Fate:
    if sides.base is None:  # two files of one name, each for its own
        added = merge_text(three.store, *three.sides)
        both = Entry.written(three.store, added.data, mode)
        return both if added.clean else Conflict(sides, Reason.ADDED, both)
    data, reason, detail = file_content.merge(three)
    if reason and same_meaning.is_python(sides.path):
        base, ours, theirs = three.sides
        if same_meaning.is_same(sides.path, base, ours, in_order=True):
            return Entry.written(three.store, theirs, mode)
    merged = Entry.written(three.store, data, mode)
    return Conflict(sides, reason, merged, detail) if reason else merged


def _merge_record(wanted: Stack, base: Entry, ours: Entry, theirs: Entry) -> Entry:
    """A record, with the values that the result has to have; all else in it is merged as text."""
    if ours == base:
        return ours.rewritten(record.write(theirs.data, wanted))
    sides = [record.write(entry.data, wanted) for entry in (base, ours, theirs)]
    merged = merge_text(ours.store, *sides)
    return ours.rewritten(merged.data if merged.clean else sides[1])


def _kind(entry: Entry) -> int:
    return entry.mode & 0o170000


def _without(path: str, text: bytes, yours: frozenset[bytes]) -> bytes:
    """A text without the user's own lines."""
    if not yours:
        return text
    kept = []
    for line in text.splitlines(keepends=True):
        found = written_twice.units(path, line)
        if not found or not found.keys() <= yours:
            kept.append(line)
    return b"".join(kept)
