"""Whether the result of a merge holds what both sides wanted."""

from __future__ import annotations

from collections import Counter

from aegis_patch.formats import kinds, syntax


def accepts(path: str, base: bytes, ours: bytes, theirs: bytes, result: bytes) -> bool:
    """Whether a result parses, and each piece of it is there as often as both sides wanted it.

    That is: as often as in base, and what each side added or took away; once, where both did the
    same. So no line of either is lost, none is resurrected, and none is made up.
    """
    found = kinds.kind(path)
    if syntax.syntax_error(path, result) is not None or resurrects(
        path, base, ours, theirs, result
    ):
        return False
    try:
        was, mine, wanted, now = (
            found.pieces(data.decode().replace("\r\n", "\n")) if found else _lines(data)
            for data in (base, ours, theirs, result)
        )
    except (ValueError, RecursionError, MemoryError):
        return False
    return all(
        _is_wanted(was[piece], mine[piece], wanted[piece], now[piece])
        for piece in was.keys() | mine.keys() | wanted.keys() | now.keys()
    )


def resurrects(path: str, base: bytes, ours: bytes, theirs: bytes, result: bytes) -> bool:
    """Whether YAML has a key that one side took away, or an item that the other had as it was.

    A text merge does so where a diff takes a line of one entry for the same line of another.
    """
    if not path.endswith((".yml", ".yaml")) or base in (ours, theirs) or ours == theirs:
        return False
    from yaml import YAMLError

    from aegis_patch.formats.yaml import keyed

    try:
        was, *changed, now = (
            keyed.pieces(data.decode().replace("\r\n", "\n"))
            for data in (base, ours, theirs, result)
        )
    except (ValueError, RecursionError, MemoryError, YAMLError):
        return False
    lost = keyed.keys(was) - (keyed.keys(changed[0]) & keyed.keys(changed[1]))
    return not lost.isdisjoint(keyed.keys(now)) or any(
        now[piece] and sorted(side[piece] for side in changed) == [0, count]
        for piece, count in was.items()
    )


def astray(base: bytes, ours: bytes, theirs: bytes, result: bytes) -> int | None:
    """Where a change of one side went to lines that the other had moved there, if any did.

    Told by the lines that each of the four has once: a change has to stay below the same of
    them, and a comment right above the same. The number of the first for which it did not.
    """
    texts = [[line.strip() for line in data.splitlines()] for data in (base, ours, theirs, result)]
    counts = [Counter(line for line in text if line) for text in texts]
    once = {line for line in counts[0] if all(count[line] == 1 for count in counts)}
    if len({tuple(line for line in text if line in once) for text in texts}) == 1:
        return None
    was, mine, wanted, now = (_below(text, once) + _above(text, once) for text in texts)
    wrong = {
        piece[0]
        for piece in was.keys() | mine.keys() | wanted.keys() | now.keys()
        if not _is_wanted(was[piece], mine[piece], wanted[piece], now[piece])
    }
    if b"" in wrong:
        return 1  # above them all
    return next((n for n, line in enumerate(texts[3], 1) if line in wrong), None)


def _below(text: list[bytes], marks: set[bytes]) -> Counter[tuple[bytes, bytes]]:
    found: Counter[tuple[bytes, bytes]] = Counter()
    mark = b""
    for line in text:
        if line in marks:
            mark = line
        elif line:
            found[mark, line] += 1
    return found


def _above(text: list[bytes], marks: set[bytes]) -> Counter[tuple[bytes, bytes]]:
    found: Counter[tuple[bytes, bytes]] = Counter()
    said: list[bytes] = []
    for line in text:
        if line.startswith(b"#"):
            said.append(b"above: " + line)
            continue
        if line in marks:
            found.update((line, each) for each in said)
        said = []
    return found


def _lines(data: bytes) -> Counter[str]:
    lines = (line.strip() for line in data.decode("latin-1").split("\n"))
    return Counter(line for line in lines if line)


def _is_wanted(was: int, mine: int, wanted: int, now: int) -> bool:
    both = mine + wanted - was
    if (mine - was) * (wanted - was) <= 0:
        return now == max(both, 0)
    alike = max(mine, wanted) if mine > was else min(mine, wanted)
    return min(both, alike) <= now <= max(both, alike)
