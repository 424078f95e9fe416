"""Markdown: its lines, each in whatever layout a formatter gives it; code stands as it is.

Prose has an order; list items and rows of a table are free. A blank line belongs to what stands
above it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator

from aegis_patch.formats.named_blocks import Block, behind_blank_lines, split_lines

_FENCE = re.compile(r"\s*(`{3,}|~{3,})")
_ITEM = re.compile(r"[*+-]\s+")
_CODE = r"(`[^`]*`)"
_EMPHASIS = re.compile(rf"{_CODE}|(?<!\w)_+(?=\S)|(?<=\S)_+(?!\w)")
_ESCAPED = re.compile(rf"{_CODE}|\\(?=[^A-Za-z0-9\s])")
_EDGE = re.compile(r"\s*\|\s*")
_RULE = re.compile(r"(?<=[|:])-+(?=[|:])")


def blocks(text: str) -> tuple[Block, ...]:
    """Each line with the blank ones below it, named by its text."""
    return tuple(_blocks(split_lines(text)))


def pieces(text: str) -> Counter[str]:
    """The meaning of each line."""
    return Counter(line for line, _ in _read(split_lines(text)) if line)


def joined(text: str) -> str:
    """The meaning of a text, however its lines are wrapped; lines of code stay as they are."""
    words = [line if line.endswith("\n") else line.strip() for line, _ in _read(split_lines(text))]
    return " ".join(filter(None, words))


def _blocks(lines: list[str]) -> Iterator[Block]:
    at, read = 0, list(_read(lines))
    while at < len(lines):
        stop = behind_blank_lines(lines, at + 1)
        line, free = read[at]
        yield Block(line, "".join(lines[at:stop]), free=free, said=line)
        at = stop


def _read(lines: Iterable[str]) -> Iterator[tuple[str, bool]]:
    """The meaning of each line, in one spelling of all that is the same to Markdown; if it is free.

    One of code has its end with it.
    """
    fence = ""
    for line in lines:
        mark = _FENCE.match(line)
        if fence and not mark:
            yield f"{line.rstrip()}\n", False
        else:
            is_inside = line[:1] in (" ", "\t")  # of an item, however deep
            words = _said(line.strip())
            yield " " * is_inside + words, not words or words.startswith(("- ", "|"))
        if mark and not fence:
            fence = mark[1]
        elif mark and mark[1].startswith(fence):
            fence = ""


def _said(line: str) -> str:
    line = _ESCAPED.sub(lambda found: found[1] or "", line)
    line = _ITEM.sub("- ", line, count=1) if _ITEM.match(line) else line
    line = _EMPHASIS.sub(lambda found: found[1] or "*" * len(found[0]), line)
    if line.startswith("|"):
        line = _RULE.sub("-", _EDGE.sub("|", line))
    return " ".join(line.split())
