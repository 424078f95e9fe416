"""Markdown: its lines, each in whatever layout a formatter gives it.

Prose has an order; list items and rows of a table are free. A blank line belongs to what stands
above it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from aegis_patch.formats.named_blocks import Block, behind_blank_lines, split_lines

_ITEM = re.compile(r"[*+-]\s+")
_EMPHASIS = re.compile(r"(?<!\w)_+(?=\S)|(?<=\S)_+(?!\w)")
_ESCAPED = re.compile(r"\\(?=[^A-Za-z0-9\s])")
_EDGE = re.compile(r"\s*\|\s*")
_RULE = re.compile(r"-{2,}")


def blocks(text: str) -> tuple[Block, ...]:
    """Each line with the blank ones below it, named by what it says."""
    return tuple(_blocks(split_lines(text)))


def pieces(text: str) -> Counter[str]:
    """What its lines say."""
    return Counter(said(text))


def said(text: str) -> list[str]:
    """What each line says, in one spelling of all that Markdown takes for the same."""
    return [_said(line) for line in text.splitlines() if line.strip()]


def _blocks(lines: list[str]) -> Iterator[Block]:
    at = 0
    while at < len(lines):
        stop = behind_blank_lines(lines, at + 1)
        line = _said(lines[at])
        free = not line.strip() or line.lstrip().startswith(("- ", "|"))
        yield Block(line, "".join(lines[at:stop]), free=free, said=line)
        at = stop


def _said(written: str) -> str:
    is_inside = written.startswith((" ", "\t"))  # of an item, however deep
    line = _ESCAPED.sub("", written.strip())
    line = _ITEM.sub("- ", line, count=1) if _ITEM.match(line) else line
    line = _EMPHASIS.sub(lambda found: "*" * len(found[0]), line)
    if line.startswith("|"):
        line = _RULE.sub("-", _EDGE.sub("|", line))
    return " " * is_inside + " ".join(line.split())
