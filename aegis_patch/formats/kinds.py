"""Structured merges by kind of file, for the files that everybody edits.

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
from importlib import import_module

from aegis_patch.formats.named_blocks import SPARE_COMMA, Blocks, Texts, Unusual, settle
from aegis_patch.values import dataclass

_MODULES = {
    **{".toml": "toml", ".yml": "yaml_keys", ".yaml": "yaml_keys"},
    **{".py": "python", ".pyi": "python", ".md": "markdown", ".markdown": "markdown"},
}
_LINES = {
    "ignore": re.compile(r"\.[a-z]*ignore"),
    "env": re.compile(r".*\.env(\..+)?"),
}


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of file: how to cut a text into blocks, and what a text means.

    Both raise a ValueError for a file that is no such thing.
    """

    blocks: Callable[[str], Blocks]
    pieces: Callable[[str], Counter[str]]


def kind(path: str) -> Kind | None:
    """The kind of a file of this name, if it has a structured merge."""
    name = path.rpartition("/")[2]
    _, dot, ending = name.rpartition(".")
    if module := _MODULES.get(dot + ending):
        cut = import_module(f"aegis_patch.formats.{module}")
        return Kind(cut.blocks, cut.pieces)
    for cut_by, names in _LINES.items():
        if names.fullmatch(name):
            cut = import_module("aegis_patch.formats.line_files")
            return Kind(getattr(cut, cut_by), cut.pieces)
    return None


def structured(
    path: str, base: bytes, ours: bytes, theirs: bytes
) -> tuple[bytes, bytes, bytes] | None:
    """The three sides with everything settled that names decide; None if they decide nothing."""
    found = kind(path)
    if found is None:
        return None
    try:
        text = ours.decode()
        line_end = _line_end(text)
        plain = Texts(*(_plain(side.decode()) for side in (base, ours, theirs)))
        made = Texts(*map(_without_spare, settle(*(found.blocks(side) for side in plain))))
    except (ValueError, RecursionError, MemoryError):
        return None
    if made == plain:
        return None
    if not text.endswith("\n"):
        made = Texts(*(side.removesuffix("\n") for side in made))
    base, ours, theirs = (side.replace("\n", line_end).encode() for side in made)
    return base, ours, theirs


def _without_spare(text: str) -> str:
    return re.sub(rf"{SPARE_COMMA} ?\]", "]", text).replace(SPARE_COMMA, ",")


def _line_end(text: str) -> str:
    crlf, lf = text.count("\r\n"), text.count("\n")
    if crlf not in (0, lf) or text.startswith("\ufeff"):
        raise Unusual("line endings of two kinds, or a mark at the start")
    return "\r\n" if crlf else "\n"


def _plain(text: str) -> str:
    text = text.replace("\r\n", "\n")
    return text if text.endswith("\n") or not text else f"{text}\n"
