"""Structured merges by file kind, for what everybody edits.

A structured merge is tried where the text merge conflicts or is in doubt, or where its result does
not parse. It makes the three sides equal wherever the file's own names can settle what becomes
of a part; what is left is for the text merge, on few lines. The outcome is accepted only if it
parses and holds what both sides wanted. Pristine trees are never merged this way: an upgrade of
a parser must not change an old release.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from aegis_patch import compose, documents
from aegis_patch.merges.blocks import Blocks, Texts, Unusual, settle

_LINES = re.compile(r"\.[a-z]*ignore|.*\.env(\..+)?|(GNUm|m|M)akefile|.*\.mk")


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of file: how three sides of it are settled, and what one of them says.

    `settled` and `pieces` raise a ValueError for a file that is no such thing.
    """

    settled: Callable[[Texts], Texts]
    pieces: Callable[[str], Counter[str]]


def kind(path: str) -> Kind | None:
    """The kind of a file of this name, if it has a structured merge."""
    name = path.rpartition("/")[2]
    if name.endswith(".toml"):
        from aegis_patch.merges import toml

        return Kind(toml.settled, toml.pieces)
    if name.endswith((".yml", ".yaml")):
        from aegis_patch.merges import yaml

        return _by_blocks(yaml.blocks, yaml.pieces)
    if name.endswith((".py", ".pyi")):
        from aegis_patch.merges import python

        return _by_blocks(python.blocks, python.pieces)
    if name.endswith((".md", ".markdown")):
        from aegis_patch.merges import markdown

        return _by_blocks(markdown.blocks, markdown.pieces)
    if _LINES.fullmatch(name):
        from aegis_patch.merges import lines

        if name.endswith(("akefile", ".mk")):
            return _by_blocks(lines.makefile, lines.pieces)
        return _by_blocks(lines.ignore if name.endswith("ignore") else lines.env, lines.pieces)
    return None


def structured(
    path: str, base: bytes, ours: bytes, theirs: bytes
) -> tuple[bytes, bytes, bytes] | None:
    """The three sides with all settled that can be, or None where nothing can."""
    found = kind(path)
    if found is None:
        return None
    return _made((base, ours, theirs), found.settled)


def rewritten(
    path: str, base: bytes, ours: bytes, theirs: bytes
) -> tuple[bytes, bytes, bytes] | None:
    """The three sides, equal in what ours has in a form of its own and theirs changed; or None.

    What it makes equal holds what both sides wanted, told by what it says and not by its lines.
    """
    if path.endswith((".py", ".pyi")):
        from aegis_patch.merges import statements

        return _made((base, ours, theirs), statements.settled)
    if path.endswith((".yml", ".yaml")):
        from aegis_patch.merges import forms

        is_compose = compose.NAME.fullmatch(path.rpartition("/")[2])
        own = forms.with_own_name if is_compose else forms.rewritten
        return _made((base, ours, theirs), own)
    return None


def accepts(path: str, base: bytes, ours: bytes, theirs: bytes, result: bytes) -> bool:
    """Whether a result parses, and each piece of it is there as often as both sides wanted it.

    That is: as often as in base, and what each side added or took away; once, where both did the
    same. So no line of either is lost, none is resurrected, and none is made up.
    """
    found = kind(path)
    if syntax_error(path, result) is not None or resurrects(path, base, ours, theirs, result):
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

    from aegis_patch.merges import yaml

    try:
        was, *changed, now = (
            yaml.pieces(data.decode().replace("\r\n", "\n"))
            for data in (base, ours, theirs, result)
        )
    except (ValueError, RecursionError, MemoryError, YAMLError):
        return False
    lost = yaml.keys(was) - (yaml.keys(changed[0]) & yaml.keys(changed[1]))
    return not lost.isdisjoint(yaml.keys(now)) or any(
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


def _made(
    sides: tuple[bytes, bytes, bytes], how: Callable[[Texts], Texts]
) -> tuple[bytes, bytes, bytes] | None:
    """The sides when something was done to their texts; None where nothing can be."""
    try:
        texts = Texts(*(data.decode() for data in sides))
        crlf = _is_crlf(texts.ours)
        plain = Texts(*(_complete(text.replace("\r\n", "\n")) for text in texts))
        made = how(plain)
    except (ValueError, RecursionError, MemoryError):
        return None
    if made == plain:
        return None
    if not texts.ours.endswith("\n"):
        made = Texts(*(text.removesuffix("\n") for text in made))
    if crlf:
        made = Texts(*(text.replace("\n", "\r\n") for text in made))
    return made.base.encode(), made.ours.encode(), made.theirs.encode()


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


def _is_crlf(text: str) -> bool:
    crlf, lf = text.count("\r\n"), text.count("\n")
    if crlf not in (0, lf) or text.startswith("\ufeff"):
        raise Unusual("line endings of two kinds, or a mark at the start")
    return crlf > 0


def _complete(text: str) -> str:
    return text if text.endswith("\n") or not text else f"{text}\n"


def _by_blocks(cut: Callable[[str], Blocks], pieces: Callable[[str], Counter[str]]) -> Kind:
    return Kind(lambda sides: settle(*(cut(text) for text in sides)), pieces)


def syntax_error(path: str, data: bytes) -> str | None:
    """Why a file does not parse, as "line N: reason"; None where it does, or none can tell."""
    check = _CHECKS.get(path.rpartition(".")[2])
    try:
        if check:
            check(data)
    except SyntaxError as error:
        return f"line {error.lineno}: {error.msg}"
    except ValueError as error:  # TOML, JSON and Unicode errors
        return str(error)
    except (RecursionError, MemoryError):  # nested too deep for the parser
        return None
    return None


def _python(data: bytes) -> None:
    documents.python(data)


def _toml(data: bytes) -> None:
    documents.toml(data.decode())


def _json(data: bytes) -> None:
    json.loads(data)


def _yaml(data: bytes) -> None:
    for document in documents.yaml(data.decode()):
        _unique(document)


def _unique(document: object) -> None:
    # A key that stands twice is an error to Compose, though not to every YAML parser; so is an
    # item in `depends_on`, and a name in `environment` counts once. Aliases lead to nodes that
    # were seen already, perhaps to the one that holds them.
    import yaml

    from aegis_patch.merges.yaml import SETS

    pending, seen = [document], set[int]()
    while pending:
        node = pending.pop()
        if not isinstance(node, yaml.CollectionNode) or id(node) in seen:
            continue
        seen.add(id(node))
        keys = set[tuple[str, str]]()
        for item in node.value:
            key, value = item if isinstance(item, tuple) else (None, item)
            pending.append(value)
            if isinstance(key, yaml.ScalarNode) and key.value in SETS:
                _unique_items(value, key.value)
            if isinstance(key, yaml.ScalarNode) and key.value != "<<":
                if (key.tag, key.value) in keys:
                    line = key.start_mark.line + 1
                    raise ValueError(f"line {line}: key {key.value!r} stands twice")
                keys.add((key.tag, key.value))


def _unique_items(node: object, key: str) -> None:
    import yaml

    items = node.value if isinstance(node, yaml.SequenceNode) else []
    seen = set[str]()
    for item in items:
        if isinstance(item, yaml.ScalarNode):
            said = item.value.partition("=")[0] if key in ("environment", "labels") else item.value
            if said in seen:
                line = item.start_mark.line + 1
                raise ValueError(f"line {line}: item {said!r} stands twice")
            seen.add(said)


_CHECKS: dict[str, Callable[[bytes], None]] = {
    "py": _python,
    "pyi": _python,
    "toml": _toml,
    "json": _json,
    "yml": _yaml,
    "yaml": _yaml,
}
