"""A file as named blocks: changes to blocks of different names don't meet.

Each kind of file only cuts its text into blocks. The blocks that all three sides have keep the
others in place. Blocks between two of them are settled if the names leave no doubt; otherwise each
side keeps its own, and the text merge decides on few lines.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Mapping, Sequence, Set
from typing import NamedTuple

from aegis_patch.values import dataclass

_BINDS = r"(?:def|import) (\w+)|(\w+) ?="  # the name of a block that binds one
SPARE_COMMA = ",\0"  # of an array on one line: it stands only if something follows


class Unusual(ValueError):
    """A file that can't be cut into blocks."""


class Texts(NamedTuple):
    """The three sides of a merge; if they are equal, nothing is left to decide."""

    base: str
    ours: str
    theirs: str

    def __add__(self, other: object) -> Texts:
        """The sides of both, one after the other."""
        assert isinstance(other, Texts)
        return Texts(*(one + two for one, two in zip(self, other, strict=True)))


@dataclass(frozen=True, slots=True)
class Block:
    """Some lines: a leaf, or a head and a foot with blocks between.

    Its name is unique among its siblings. It is `free` if its order among other free ones doesn't
    matter. `said` is its meaning in any layout; without it, only blank lines at the end don't
    count.
    """

    name: str
    head: str
    inner: tuple[Block, ...] | None = None
    foot: str = ""
    free: bool = True
    said: str = ""

    @property
    def text(self) -> str:
        """All of its lines."""
        return self.head + "".join(block.text for block in self.inner or ()) + self.foot

    def says_the_same(self, other: Block) -> bool:
        """Whether two blocks differ in layout alone."""
        if self.said and other.said:
            return self.said == other.said
        return _same(self.text, other.text)


Blocks = Sequence[Block]


def split_lines(text: str) -> list[str]:
    """Its lines with their ends; only a newline ends one."""
    return re.findall(r"[^\n]*\n|[^\n]+", text)


def behind_blank_lines(lines: Sequence[str], at: int) -> int:
    """The first line from there that isn't blank: a blank line belongs to the block above it."""
    while at < len(lines) and not lines[at].strip():
        at += 1
    return at


def settle(base: Blocks, ours: Blocks, theirs: Blocks) -> Texts:
    """The three sides, made equal wherever the names of their blocks decide."""
    sides = (base, ours, theirs)
    was, mine, wanted = (_count(side) for side in sides)
    repeated = {name for name, count in (was | mine | wanted).items() if count > 1}
    shared = was.keys() & mine.keys() & wanted.keys() - repeated
    order = _order(sides, shared)
    if order is None:
        return _as_they_are(base, ours, theirs)
    parts = [_by_anchor(side, shared) for side in sides]
    _drop_moved(parts, repeated)
    result = _gap(Texts("", "", ""), *(each[""] for each in parts), repeated=repeated)
    for name in order:
        result += _with_gap([each[name] for each in parts], repeated)
    return result


def _with_gap(sides: Sequence[Blocks], repeated: Set[str]) -> Texts:
    """A block that all three have, and the blocks up to the next such one."""
    gaps = [side[1:] for side in sides]
    above = Texts(*(side[0].text for side in sides))
    anchor = _one(*(side[0] for side in sides))
    if _count(gaps[1]).keys() - _count(gaps[0]).keys():  # ours stay as far below it
        anchor = Texts(*(_ending_like(above.ours, text) for text in anchor))
    return anchor + _gap(above, *gaps, repeated=repeated)


def _order(sides: Sequence[Blocks], shared: Set[str]) -> list[str] | None:
    """The order of the shared blocks; None if both sides changed it."""
    base, ours, theirs = ([block.name for block in side if block.name in shared] for side in sides)
    if base not in (ours, theirs) and ours != theirs:
        return None
    return theirs if ours == base else ours


def _count(*sides: Blocks) -> Counter[str]:
    return Counter(block.name for side in sides for block in side)


def _by_anchor(side: Blocks, shared: Set[str]) -> dict[str, list[Block]]:
    """The blocks of a side by the shared block that they follow, which is the first of its list."""
    found: dict[str, list[Block]] = {"": []}
    name = ""
    for block in side:
        if block.name in shared:
            name = block.name
            found[name] = []
        found[name].append(block)
    return found


def _drop_moved(parts: Sequence[dict[str, list[Block]]], repeated: Set[str]) -> None:
    """Drop theirs of a block added at two places, and a block that one moved and one deleted."""
    base, ours, theirs = (
        {block.name: above for above in side for block in side[above]} for side in parts
    )

    def is_done(block: Block, above: str, number: int) -> bool:
        name, other = block.name, theirs if number == 1 else ours
        if name in base:
            return name not in other and base[name] != above
        return number == 2 and other.get(name, above) != above

    for number in (1, 2):
        for above, blocks in parts[number].items():
            left = []
            for block in blocks:
                is_sure = block.free and block.name not in repeated
                if not (is_sure and is_done(block, above, number)):
                    left.append(block)
            parts[number][above] = left


def _one(base: Block, ours: Block, theirs: Block) -> Texts:
    """A block that all three have."""
    texts = Texts(base.text, ours.text, theirs.text)
    if ours.says_the_same(base) and (ours.text == base.text or not theirs.says_the_same(base)):
        return _settled(_framed(*texts, theirs.text))
    if theirs.says_the_same(base) or theirs.says_the_same(ours):
        return _settled(_framed(*texts, ours.text))
    if base.inner is not None and ours.inner is not None and theirs.inner is not None:
        head = _text(base.head, ours.head, theirs.head)
        foot = _text(base.foot, ours.foot, theirs.foot)
        return head + settle(base.inner, ours.inner, theirs.inner) + foot
    return texts


def _framed(base: str, ours: str, theirs: str, text: str) -> str:
    """A text with the blank lines around it that a side changed."""
    frame = []
    for around in _beginning, _ending:
        was, mine, wanted = map(around, (base, ours, theirs))
        frame.append(wanted if mine == was else mine)
    said = text[len(_beginning(text)) :].rstrip()
    return frame[0] + said + frame[1] if said else text


def _text(base: str, ours: str, theirs: str) -> Texts:
    if ours == base or (_same(ours, base) and not _same(theirs, base)):
        return _settled(theirs)
    return _settled(ours) if _same(theirs, base) else Texts(base, ours, theirs)


def _gap(above: Texts, base: Blocks, ours: Blocks, theirs: Blocks, *, repeated: Set[str]) -> Texts:
    """Between two shared blocks: without what either side deleted, with what either added.

    Theirs come first, beside the block that they follow, unless ours are right below that block.
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
    """How many of our blocks stand above the new ones of theirs."""
    for number, block in enumerate(ours):
        if block.name in was:  # theirs deleted it: its new ones are in its place
            return number
    if theirs and theirs[-1].name.startswith("#"):  # a comment says what the block below it is
        return len(ours)
    is_below = bool(above.ours) and not above.ours.endswith("\n\n")
    if (is_below and above.theirs.endswith("\n\n")) or (theirs and theirs[0].name in was):
        return len(ours)
    return 0


def _is_in_doubt(base: Blocks, ours: Blocks, theirs: Blocks) -> bool:
    """Whether one side changed, replaced or used what the other deleted, or the order matters."""
    was, mine, wanted = _by_name(base), _by_name(ours), _by_name(theirs)
    if any(_differ(*pair) for pair in itertools.combinations((was, mine, wanted), 2)):
        return True
    if _uses_what_went(was, mine, wanted) or _uses_what_went(was, wanted, mine):
        return True
    new = (mine.keys() | wanted.keys()) - was.keys()
    if new and was.keys() - mine.keys() - wanted.keys():
        return True  # deleted by both, and replaced
    by_both = mine.keys() & wanted.keys() & new
    if by_both and new - by_both and not _are_free((*ours, *theirs)):
        return True  # where among those that both added?
    own, brought = new - wanted.keys(), new - mine.keys()
    meeting = [block for block in (*ours, *theirs) if block.name in own | brought]
    return bool(own and brought) and (len(base) > 1 or not _are_free(meeting))


def _uses_what_went(
    was: Mapping[str, Block], one: Mapping[str, Block], other: Mapping[str, Block]
) -> bool:
    """Whether what one side added names a block that the other deleted."""
    new = "".join(one[name].text for name in one.keys() - was.keys())
    gone = [was[name] for name in was.keys() - other.keys()]
    return not set(re.findall(r"\w+", new)).isdisjoint(itertools.chain(*map(_binds, gone)))


def _binds(block: Block) -> list[str]:
    """The names that a block binds, as a statement of Python or a setting."""
    if block.name.startswith("from "):
        return re.findall(r"\w+", block.text.partition(" import ")[2])
    found = re.fullmatch(_BINDS, block.name)
    return [found[1] or found[2]] if found else []


def _by_name(side: Blocks) -> dict[str, Block]:
    return {block.name: block for block in side}


def _differ(one: Mapping[str, Block], other: Mapping[str, Block]) -> bool:
    """Whether a block that both sides have differs."""
    shared = one.keys() & other.keys()
    return not all(one[name].says_the_same(other[name]) for name in shared)


def _are_free(blocks: Blocks) -> bool:
    return all(block.free for block in blocks)


def _as_they_are(base: Blocks, ours: Blocks, theirs: Blocks) -> Texts:
    return Texts(*("".join(block.text for block in side) for side in (base, ours, theirs)))


def _settled(text: str) -> Texts:
    return Texts(text, text, text)


def _beginning(text: str) -> str:
    blank = text[: len(text) - len(text.lstrip())]
    return blank[: blank.rfind("\n") + 1]


def _ending(text: str) -> str:
    return text[len(text.rstrip()) :]


def _ending_like(other: str, text: str) -> str:
    """The text with as many blank lines at its end as the other has."""
    return text.rstrip() + _ending(other)


def _same(one: str, other: str) -> bool:
    return one.rstrip() == other.rstrip()  # a blank line belongs to what stands above it
