"""A file as named blocks: what two people did to blocks of different names does not meet.

A kind of file says only how it is cut into blocks. Blocks that all three sides have hold the
others in their places; what stands between two such blocks is settled if the names leave no
doubt, and otherwise left as each side has it, for the text merge to decide on few lines.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
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
    or after another free one. `join` merges the text of a leaf that both sides changed.
    """

    name: str
    head: str
    inner: tuple[Block, ...] | None = None
    foot: str = ""
    free: bool = True
    join: Callable[[Texts], str | None] | None = None

    @property
    def text(self) -> str:
        """All of its lines."""
        return self.head + "".join(block.text for block in self.inner or ()) + self.foot


Blocks = Sequence[Block]


def settle(base: Blocks, ours: Blocks, theirs: Blocks) -> Texts:
    """The three sides again, with what their blocks' names can settle settled in each."""
    sides = (base, ours, theirs)
    repeated = {name for side in sides for name, n in _names(side).items() if n > 1}
    shared = set(_names(base)) & set(_names(ours)) & set(_names(theirs)) - repeated
    orders = [[block.name for block in side if block.name in shared] for side in sides]
    if orders[0] not in orders[1:] and orders[1] != orders[2]:
        return _as_they_are(*sides)  # both put them in an order of their own
    order = orders[2] if orders[1] == orders[0] else orders[1]
    result = Texts("", "", "")
    below, follows = (dict(pairwise([*each, ""])) for each in (orders[1], order))
    gaps = [_cut(side, order) for side in sides]
    for number, gap in enumerate(zip(*(cut.gaps for cut in gaps), strict=True)):
        above = Texts(*(cut.anchors[number - 1].text if number else "" for cut in gaps))
        if number:
            anchor = _one(*(cut.anchors[number - 1] for cut in gaps))
            own = _names(gap[1]).keys() - _names(gap[0]).keys()
            if own and not above.ours.endswith("\n\n"):  # a blank line of theirs has moved
                anchor = Texts(*(f"{text.rstrip()}\n" for text in anchor))
            result += anchor
        if repeated.isdisjoint(_names(*gap)):
            alone = number > 0 and below[order[number - 1]] != follows[order[number - 1]]
            result += _gap(above, alone, *gap)
        else:
            result += _as_they_are(*gap)
    return result


class _Cut(NamedTuple):
    anchors: list[Block]
    gaps: list[list[Block]]


def _cut(side: Blocks, order: list[str]) -> _Cut:
    """A side at the shared blocks, each with what follows it, in this order."""
    at, number = {name: n for n, name in enumerate(order, 1)}, 0
    cut = _Cut([], [[] for _ in range(len(order) + 1)])
    for block in side:
        if block.name in at:
            number = at[block.name]
            cut.anchors.append(block)
        else:
            cut.gaps[number].append(block)
    cut.anchors.sort(key=lambda block: at[block.name])
    return cut


def _one(base: Block, ours: Block, theirs: Block) -> Texts:
    texts = _part(Texts(base.text, ours.text, theirs.text))
    if texts.ours == texts.theirs:
        return texts
    if base.inner is not None and ours.inner is not None and theirs.inner is not None:
        inner = settle(base.inner, ours.inner, theirs.inner)
        head, foot = (
            _part(Texts(*parts))
            for parts in (
                (base.head, ours.head, theirs.head),
                (base.foot, ours.foot, theirs.foot),
            )
        )
        return head + inner + foot
    joined = ours.join(texts) if ours.join else None
    return texts if joined is None else _settled(joined)


def _part(texts: Texts) -> Texts:
    base, ours, theirs = texts
    if ours == base or (_same(ours, base) and not _same(theirs, base)):
        return _settled(theirs)
    return _settled(ours) if _same(theirs, base) or _same(theirs, ours) else texts


def _gap(above: Texts, alone: bool, base: Blocks, ours: Blocks, theirs: Blocks) -> Texts:
    """Between two shared blocks: what either took away goes, what either brought comes.

    What theirs brought comes first, beside the block that it follows, unless ours took that away.
    Or ours is right below that block, and theirs behind a blank line, or ours a comment at the
    end; or it is `alone` there, for what it was put above has moved.
    """
    was, mine = ({block.name for block in side} for side in (base, ours))
    kept = [block for block in ours if block.name not in was]
    brought = [block for block in theirs if block.name not in was | mine]
    if _in_doubt(base, ours, theirs, brought):
        return _as_they_are(base, ours, theirs)
    close = bool(above.ours) and not above.ours.endswith("\n\n")
    said = all(block.name.startswith("#") for block in kept) and _ends_part(kept)
    close = alone or (close and (above.theirs.endswith("\n\n") or said))
    behind = len(kept) if close or (theirs and theirs[0].name in was) else 0
    at = next((n for n, block in enumerate(ours) if block.name in was), behind)
    text = "".join(block.text for block in brought)
    moved = above.base.endswith("\n\n") and not (above.ours + above.theirs).endswith("\n\n")
    if kept and brought and moved:  # a blank line that was above is behind ours now
        text = f"{text.rstrip()}\n"
    first, last = ("".join(block.text for block in side) for side in (kept[:at], kept[at:]))
    return _settled(first + text + last)


def _ends_part(kept: Blocks) -> bool:
    return bool(kept) and kept[-1].text.endswith("\n\n")


def _in_doubt(base: Blocks, ours: Blocks, theirs: Blocks, brought: Blocks) -> bool:
    """Whether one side changed or replaced what the other took away, or the order matters."""
    was, mine, wanted = (
        {block.name: block.text for block in side} for side in (base, ours, theirs)
    )
    own = [block for block in ours if block.name not in was and block.name not in wanted]
    in_both_places = [(was, mine), (was, wanted), (mine, wanted)]
    if any(
        not _same(one[name], other[name])
        for one, other in in_both_places
        for name in one.keys() & other.keys()
    ):
        return True
    if was.keys() - mine.keys() - wanted.keys() and (mine.keys() | wanted.keys()) - was.keys():
        return True  # taken away by both, and replaced
    if not all(block.free for block in (*ours, *theirs)) and (brought or own):
        if (mine.keys() & wanted.keys()) - was.keys():
            return True  # brought by both, and by one side more: where among them?
        if [name for name in was if name in wanted] != [name for name in wanted if name in was]:
            return True  # moved by theirs, written anew by ours
    if not brought or not own:
        return False
    among = [block.name not in was for block in theirs]  # theirs on both sides of what was there?
    if len(base) > 1 or (base and sum(one != two for one, two in pairwise(among)) > 1):
        return True
    return not all(block.free for block in (*brought, *own))


def _names(*sides: Blocks) -> Counter[str]:
    return Counter(block.name for side in sides for block in side)


def _as_they_are(base: Blocks, ours: Blocks, theirs: Blocks) -> Texts:
    return Texts(*("".join(block.text for block in side) for side in (base, ours, theirs)))


def _settled(text: str) -> Texts:
    return Texts(text, text, text)


def _same(one: str, other: str) -> bool:
    return one.rstrip() == other.rstrip()  # a blank line belongs to what stands above it
