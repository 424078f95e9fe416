"""Whether the result of a merge holds what both sides wanted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import TypeVar

from aegis_patch.formats import kinds, syntax

_Piece = TypeVar("_Piece")
_CANNOT_SAY = (ValueError, RecursionError, MemoryError)


def accepts(path: str, base: bytes, ours: bytes, theirs: bytes, result: bytes) -> bool:
    """Whether a result parses, and each piece of it is there as often as both sides wanted it.

    That is: as often as in base, and what each side added or took away; once, where both did the
    same. So no line of either is lost, none is resurrected, and none is made up.
    """
    sides = (base, ours, theirs, result)
    if syntax.syntax_error(path, result) is not None or resurrects(path, *sides):
        return False
    kind = kinds.kind(path)
    try:
        counts = _read(kind.pieces, sides) if kind else [_lines(side) for side in sides]
    except _CANNOT_SAY:
        return False
    return not _unwanted(counts)


def resurrects(path: str, base: bytes, ours: bytes, theirs: bytes, result: bytes) -> bool:
    """Whether YAML has a key that one side took away, or an item that the other had as it was.

    A text merge does so where a diff takes a line of one entry for the same line of another.
    """
    if not path.endswith((".yml", ".yaml")) or base in (ours, theirs) or ours == theirs:
        return False
    from yaml import YAMLError

    from aegis_patch.formats import yaml_keys

    try:
        was, mine, wanted, now = _read(yaml_keys.pieces, (base, ours, theirs, result))
    except (*_CANNOT_SAY, YAMLError):
        return False
    lost = yaml_keys.keys(was) - (yaml_keys.keys(mine) & yaml_keys.keys(wanted))
    if lost & yaml_keys.keys(now):
        return True
    for piece, count in was.items():
        if now[piece] and sorted((mine[piece], wanted[piece])) == [0, count]:
            return True
    return False


def astray(base: bytes, ours: bytes, theirs: bytes, result: bytes) -> int | None:
    """Where a change of one side went to lines that the other had moved there, if any did.

    Told by the lines that each of the four has once: a change has to stay below the same of
    them, and a comment right above the same. The number of the first for which it did not.
    """
    texts = [[line.strip() for line in data.splitlines()] for data in (base, ours, theirs, result)]
    once = _standing_once(texts)
    orders = {tuple(line for line in text if line in once) for text in texts}
    if len(orders) == 1:
        return None
    marks = {piece[0] for piece in _unwanted([_beside(text, once) for text in texts])}
    if b"" in marks:
        return 1  # above them all
    for number, line in enumerate(texts[3], 1):
        if line in marks:
            return number
    return None


def _standing_once(texts: Sequence[Sequence[bytes]]) -> set[bytes]:
    """The lines that each text has once."""
    once = set(texts[0]) - {b""}
    for text in texts:
        counts = Counter(text)
        once = {line for line in once if counts[line] == 1}
    return once


def _beside(text: Sequence[bytes], once: set[bytes]) -> Counter[tuple[bytes, bytes]]:
    """Each line with the one above it that stands once, each comment with the one below it."""
    found = Counter[tuple[bytes, bytes]]()
    comments = list[bytes]()
    mark = b""
    for line in text:
        if line in once:
            mark = line
        elif line:
            found[mark, line] += 1
        if line.startswith(b"#"):
            comments.append(line)
            continue
        if line in once:
            found.update((line, b"above: " + each) for each in comments)
        comments.clear()
    return found


def _read(pieces: Callable[[str], Counter[str]], sides: Sequence[bytes]) -> list[Counter[str]]:
    return [pieces(side.decode().replace("\r\n", "\n")) for side in sides]


def _lines(data: bytes) -> Counter[str]:
    found = Counter(line.strip() for line in data.decode("latin-1").split("\n"))
    del found[""]
    return found


def _unwanted(counts: Sequence[Counter[_Piece]]) -> set[_Piece]:
    """The pieces that a result has more or less often than both sides wanted."""
    was, mine, wanted, now = counts
    found = set[_Piece]()
    for piece in was.keys() | mine.keys() | wanted.keys() | now.keys():
        added, brought = mine[piece] - was[piece], wanted[piece] - was[piece]
        least = most = max(was[piece] + added + brought, 0)
        if added > 0 and brought > 0:  # by both: perhaps the same one
            least = max(mine[piece], wanted[piece])
        elif added < 0 and brought < 0:
            most = min(mine[piece], wanted[piece])
        if not least <= now[piece] <= most:
            found.add(piece)
    return found
