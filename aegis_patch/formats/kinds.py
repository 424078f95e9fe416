"""Structured merges by file kind, for what everybody edits.

A structured merge is tried where the text merge conflicts or is in doubt, or where its result does
not parse. It makes the three sides equal wherever the file's own names can settle what becomes
of a part; what is left is for the text merge, on few lines. The outcome is accepted only if it
parses and holds what both sides wanted. Pristine trees are never merged this way: an upgrade of
a parser must not change an old release.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from aegis_patch.formats.named_blocks import Blocks, Texts, Unusual, settle

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
        from aegis_patch.formats import toml

        return _by_blocks(toml.blocks, toml.pieces)
    if name.endswith((".yml", ".yaml")):
        from aegis_patch.formats import yaml_keys

        return _by_blocks(yaml_keys.blocks, yaml_keys.pieces)
    if name.endswith((".py", ".pyi")):
        from aegis_patch.formats import python

        return _by_blocks(python.blocks, python.pieces)
    if name.endswith((".md", ".markdown")):
        from aegis_patch.formats import markdown

        return _by_blocks(markdown.blocks, markdown.pieces)
    if _LINES.fullmatch(name):
        from aegis_patch.formats import line_files

        if name.endswith(("akefile", ".mk")):
            return _by_blocks(line_files.makefile, line_files.pieces)
        return _by_blocks(
            line_files.ignore if name.endswith("ignore") else line_files.env, line_files.pieces
        )
    return None


def structured(
    path: str, base: bytes, ours: bytes, theirs: bytes
) -> tuple[bytes, bytes, bytes] | None:
    """The three sides with all settled that can be, or None where nothing can."""
    found = kind(path)
    if found is None:
        return None
    return _made((base, ours, theirs), found.settled)


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


def _is_crlf(text: str) -> bool:
    crlf, lf = text.count("\r\n"), text.count("\n")
    if crlf not in (0, lf) or text.startswith("\ufeff"):
        raise Unusual("line endings of two kinds, or a mark at the start")
    return crlf > 0


def _complete(text: str) -> str:
    return text if text.endswith("\n") or not text else f"{text}\n"


def _by_blocks(cut: Callable[[str], Blocks], pieces: Callable[[str], Counter[str]]) -> Kind:
    return Kind(lambda sides: settle(*(cut(text) for text in sides)), pieces)
