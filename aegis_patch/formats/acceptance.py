"""Does a merge result have what both sides wanted? The one check that every merge has to pass.

A text is a bag of pieces: its lines or, after a merge by names, what its kind of file says. So no
piece of either side is lost, none that one side took out is back, and none is made up.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from typing import TypeVar

from aegis_patch.formats import kinds, syntax

_Piece = TypeVar("_Piece")


def unwanted(
    was: Counter[_Piece],
    mine: Counter[_Piece],
    wanted: Counter[_Piece],
    now: Counter[_Piece],
    *,
    by_place: bool = False,
) -> set[_Piece]:
    """The pieces that a result has more or less often than both sides wanted.

    They want each as often as it was, and as each side added it or took it away; where both did
    that, perhaps alike, any number between. A merge `by_place` makes a change of both once,
    whatever else they did to pieces that read the same: that holds wherever both have some, then.
    """
    wrong = set[_Piece]()
    for piece in was.keys() | mine.keys() | wanted.keys() | now.keys():
        before, one, other = was[piece], mine[piece], wanted[piece]
        both = max(one + other - before, 0)
        bounds = [both]
        if by_place and one and other:
            bounds += [one, other]
        elif (one - before) * (other - before) > 0:
            bounds.append(max(one, other) if one > before else min(one, other))
        if not min(bounds) <= now[piece] <= max(bounds):
            wrong.add(piece)
    return wrong


def made_once(
    was: Counter[_Piece], mine: Counter[_Piece], wanted: Counter[_Piece], now: Counter[_Piece]
) -> set[_Piece]:
    """The pieces that both sides added, and that a result has less often than both together."""
    found = set[_Piece]()
    for piece in (mine - was).keys() & (wanted - was).keys():
        if now[piece] < mine[piece] + wanted[piece] - was[piece]:
            found.add(piece)
    return found


def is_whole(base: bytes, ours: bytes, theirs: bytes, marked: bytes) -> bool:
    """Whether a text with marked conflicts still has every line that either side added."""
    was, mine, wanted, now = map(Counter, _lines(base, ours, theirs, marked))
    return (mine - was) | (wanted - was) <= now


def accepts(path: str, base: bytes, ours: bytes, theirs: bytes, result: bytes) -> bool:
    """Whether the result of a merge by names parses, and holds what both sides wanted."""
    if syntax.syntax_error(path, result) is not None:
        return False
    pieces = _pieces(path, base, ours, theirs, result)
    return pieces is not None and not unwanted(*pieces)


def wrong_line(base: bytes, ours: bytes, theirs: bytes, result: bytes) -> int | None:
    """The first line that a text merge has more or less often than both sides wanted."""
    texts = _lines(base, ours, theirs, result)
    wrong = unwanted(*map(Counter, texts), by_place=True) - {b""}
    return _first(wrong, texts[3])


def misplaced_line(base: bytes, ours: bytes, theirs: bytes, result: bytes) -> int | None:
    """The first line where one side's change didn't follow the other side's move.

    It is asked of the lines that all four have once: what is below each, and the comments right
    above it, has to be as both sides wanted it.
    """
    texts = _lines(base, ours, theirs, result)
    marks = set.intersection(*map(unique, texts))
    orders = [list(filter(marks.__contains__, text)) for text in texts]
    if orders.count(orders[0]) == len(orders):
        return None
    wrong = unwanted(*(_placed(text, marks) for text in texts))
    return _first([piece.partition(b"\0")[0] for piece in wrong], texts[3])


def _pieces(path: str, *texts: bytes) -> list[Counter[str]] | None:
    """The pieces of each text, by its kind of file or else its lines; None if one can't be read."""
    kind = kinds.kind(path)
    if kind is None:
        return [Counter(line.decode("latin-1") for line in each if line) for each in _lines(*texts)]
    try:
        return [kind.pieces(data.decode().replace("\r\n", "\n")) for data in texts]
    except (ValueError, RecursionError, MemoryError):
        return None


def _lines(*texts: bytes) -> list[list[bytes]]:
    """The lines of each text, without the blanks around them."""
    return [[line.strip() for line in data.split(b"\n")] for data in texts]


def _first(wrong: Collection[bytes], text: Sequence[bytes]) -> int | None:
    """The line number of the first wrong line in a text: 1 if it isn't there, None if none is
    wrong."""
    for number, line in enumerate(text, 1):
        if line and line in wrong:
            return number
    return 1 if wrong else None


def unique(lines: Iterable[bytes]) -> set[bytes]:
    """The lines, blank ones apart, that are there once."""
    return {line for line, count in Counter(lines).items() if line and count == 1}


def _placed(text: Iterable[bytes], marks: Collection[bytes]) -> Counter[bytes]:
    """Each line with the mark above it, and a comment also with the mark right below it."""
    found = Counter[bytes]()
    mark = b""
    comments: list[bytes] = []
    for line in text:
        if line in marks:
            mark = line
            for comment in comments:
                found[mark + b"\0above " + comment] += 1
        elif line:
            found[mark + b"\0" + line] += 1
        comments = [*comments, line] if line.startswith(b"#") else []
    return found
