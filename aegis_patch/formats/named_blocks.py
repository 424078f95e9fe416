"""A file as named blocks: what two people did to blocks of different names does not meet.

A kind of file says only how it is cut into blocks. Blocks that all three sides have hold the
others in their places; what stands between two such blocks is settled if the names leave no
doubt, and otherwise left as each side has it, for the text merge to decide on few lines.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import NamedTuple


class Unusual(ValueError):
    """A file is written in a way that its blocks cannot be told."""


class Texts(NamedTuple):
    """The three sides of a merge; where they are equal, nothing is left to decide."""

    base: str
    ours: str
    theirs: str

    def __add__(self, other: object) -> Texts:
        """One after the other."""
        assert isinstance(other, Texts)
        return Texts(*(one + two for one, two in zip(self, other, strict=True)))


@dataclass(frozen=True, slots=True)
class Block:
    """Some lines: a leaf, or a head and a foot with blocks between.

    A block is known by its name among its siblings. It is `free` if it may as well stand before
    or after another free one. `join` merges the text of one that both sides changed. What is `said`
    is the same in any layout; if it is not given, only blank lines at the end say nothing.
    """

    name: str
    head: str
    inner: tuple[Block, ...] | None = None
    foot: str = ""
    free: bool = True
    join: Callable[[Texts], str | None] | None = None
    said: str = ""

    @property
    def text(self) -> str:
        """All of its lines."""
        return self.head + "".join(block.text for block in self.inner or ()) + self.foot

    def says_the_same(self, other: Block) -> bool:
        """Whether two differ in their layout alone."""
        if self.said and other.said:
            return self.said == other.said
        return _same(self.text, other.text)


Blocks = Sequence[Block]


def split_lines(text: str) -> list[str]:
    """Its lines with their ends; only a newline ends one."""
    return re.findall(r"[^\n]*\n|[^\n]+", text)


def behind_blank_lines(lines: Sequence[str], at: int) -> int:
    """The first line from there that is not blank: a blank line belongs to what is above it."""
    while at < len(lines) and not lines[at].strip():
        at += 1
    return at


def settle(base: Blocks, ours: Blocks, theirs: Blocks) -> Texts:
    """The three sides again, with what their blocks' names can settle settled in each."""
    sides = (base, ours, theirs)
    was, mine, wanted = (_count(side) for side in sides)
    repeated = {name for name, count in (was | mine | wanted).items() if count > 1}
    shared = was.keys() & mine.keys() & wanted.keys() - repeated
    order = _order(sides, shared)
    if order is None:
        return _as_they_are(base, ours, theirs)
    parts = [_by_anchor(side, order) for side in sides]
    if _moved_and_changed(parts, repeated):
        return _as_they_are(base, ours, theirs)
    result = _gap(Texts("", "", ""), *(each[""] for each in parts), repeated=repeated)
    for name in order:
        anchors = [each[name][0] for each in parts]
        gaps = [each[name][1:] for each in parts]
        above = Texts(*(each.text for each in anchors))
        anchor = _one(*anchors)
        if _count(gaps[1]).keys() - _count(gaps[0]).keys():  # what is ours stays as far below it
            anchor = Texts(*(_ending_like(above.ours, text) for text in anchor))
        result += anchor + _gap(above, *gaps, repeated=repeated)
    return result


def _order(sides: Sequence[Blocks], shared: Set[str]) -> list[str] | None:
    """The order of the blocks that all have; None where both put them in one of their own."""
    base, ours, theirs = ([block.name for block in side if block.name in shared] for side in sides)
    if base not in (ours, theirs) and ours != theirs:
        return None
    return theirs if ours == base else ours


def _count(*sides: Blocks) -> Counter[str]:
    return Counter(block.name for side in sides for block in side)


def _by_anchor(side: Blocks, order: Sequence[str]) -> dict[str, list[Block]]:
    """The blocks of a side: each that all have, by its name, with those that follow it."""
    found: dict[str, list[Block]] = {"": []}
    name = ""
    for block in side:
        if block.name in order:
            name = block.name
            found[name] = []
        found[name].append(block)
    return found


def _moved_and_changed(parts: Sequence[Mapping[str, Blocks]], repeated: Set[str]) -> bool:
    """Whether a block stands behind another one than on another side, and says something else."""
    known = dict[str, tuple[str, Block]]()
    for side in parts:
        for anchor, blocks in side.items():
            for block in blocks:
                above, other = known.setdefault(block.name, (anchor, block))
                moved = above != anchor and block.name not in repeated
                if moved and not block.says_the_same(other):
                    return True
    return False


def _one(base: Block, ours: Block, theirs: Block) -> Texts:
    """A block that all three have."""
    if ours.says_the_same(base) and (ours.text == base.text or not theirs.says_the_same(base)):
        return _settled(theirs.text)
    if theirs.says_the_same(base) or theirs.says_the_same(ours):
        return _settled(ours.text)
    if base.inner is not None and ours.inner is not None and theirs.inner is not None:
        head = _text(base.head, ours.head, theirs.head)
        foot = _text(base.foot, ours.foot, theirs.foot)
        return head + settle(base.inner, ours.inner, theirs.inner) + foot
    texts = Texts(base.text, ours.text, theirs.text)
    joined = ours.join(texts) if ours.join else None
    return texts if joined is None else _settled(joined)


def _text(base: str, ours: str, theirs: str) -> Texts:
    if _same(ours, base):
        return _settled(theirs)
    return _settled(ours) if _same(theirs, base) else Texts(base, ours, theirs)


def _gap(above: Texts, base: Blocks, ours: Blocks, theirs: Blocks, *, repeated: Set[str]) -> Texts:
    """Between two shared blocks: what either took away goes, what either brought comes.

    What theirs brought comes first, beside the block that it follows. But ours does where it is
    right below that block.
    """
    if repeated & _count(base, ours, theirs).keys() or _is_in_doubt(base, ours, theirs):
        return _as_they_are(base, ours, theirs)
    was, mine = _by_name(base), _by_name(ours)
    kept = [block.text for block in ours if block.name not in was]
    new = "".join(each.text for each in theirs if each.name not in was and each.name not in mine)
    ends = [_ending(text) for text in above]
    if kept and new and ends[0] != ends[1] == ends[2]:  # a blank line moved behind what is new
        new = _ending_like(above.theirs, new)
    at = _place(above, was.keys(), ours, theirs)
    return _settled("".join([*kept[:at], new, *kept[at:]]))


def _place(above: Texts, was: Set[str], ours: Blocks, theirs: Blocks) -> int:
    """How many of ours stand above what theirs brought."""
    for number, block in enumerate(ours):
        if block.name in was:  # theirs took it away: what it brought is in its place
            return number
    is_below = bool(above.ours) and not above.ours.endswith("\n\n")
    if (is_below and above.theirs.endswith("\n\n")) or (theirs and theirs[0].name in was):
        return len(ours)
    return 0


def _is_in_doubt(base: Blocks, ours: Blocks, theirs: Blocks) -> bool:
    """Whether one side changed or replaced what the other took away, or the order matters."""
    was, mine, wanted = _by_name(base), _by_name(ours), _by_name(theirs)
    if _differ(was, mine) or _differ(was, wanted) or _differ(mine, wanted):
        return True
    new = (mine.keys() | wanted.keys()) - was.keys()
    if new and was.keys() - mine.keys() - wanted.keys():
        return True  # taken away by both, and replaced
    by_both = mine.keys() & wanted.keys() & new
    if new - by_both and (by_both or _moved(was, wanted)) and not _are_free((*ours, *theirs)):
        return True  # where among those that both brought, or that theirs moved?
    own, brought = new - wanted.keys(), new - mine.keys()
    return bool(own and brought) and _is_order_open(base, ours, theirs, own | brought)


def _is_order_open(base: Blocks, ours: Blocks, theirs: Blocks, new: Set[str]) -> bool:
    """Whether what one side brought may belong above or below what the other did."""
    meeting = [block for block in (*ours, *theirs) if block.name in new]
    return len(base) > 1 or not _are_free(meeting) or _surround(theirs, _by_name(base))


def _by_name(side: Blocks) -> dict[str, Block]:
    return {block.name: block for block in side}


def _differ(one: Mapping[str, Block], other: Mapping[str, Block]) -> bool:
    """Whether a block of one says something else in the other."""
    shared = one.keys() & other.keys()
    return not all(one[name].says_the_same(other[name]) for name in shared)


def _are_free(blocks: Blocks) -> bool:
    return all(block.free for block in blocks)


def _moved(was: Mapping[str, Block], now: Mapping[str, Block]) -> bool:
    """Whether the blocks that are in both are in another order."""
    return [name for name in was if name in now] != [name for name in now if name in was]


def _surround(theirs: Blocks, was: Mapping[str, Block]) -> bool:
    """Whether theirs brought something on both sides of what was there."""
    known = [block.name in was for block in theirs]
    return any(known) and not known[0] and not known[-1]


def _as_they_are(base: Blocks, ours: Blocks, theirs: Blocks) -> Texts:
    return Texts(*("".join(block.text for block in side) for side in (base, ours, theirs)))


def _settled(text: str) -> Texts:
    return Texts(text, text, text)


def _ending(text: str) -> str:
    return text[len(text.rstrip()) :]


def _ending_like(other: str, text: str) -> str:
    """The text with as many blank lines at its end as the other has."""
    return text.rstrip() + _ending(other)


def _same(one: str, other: str) -> bool:
    return one.rstrip() == other.rstrip()  # a blank line belongs to what stands above it
