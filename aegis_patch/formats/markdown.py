"""Markdown: sections by their headings, list items, table rows and paragraphs by what they say.

An HTML comment stands for itself. The items of a numbered list have an order, all else may stand
before or after what another one put in beside it. `markdown_it` says where each begins.
"""

from __future__ import annotations

import functools
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from aegis_patch.formats.named_blocks import Block, Unusual, split_lines

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

_MOST_LINES = 5_000  # it is for what people write by hand
_FIRST_KEY = re.compile(r"[\w.-]+[ \t]*:(?:[ \t]|$)")


class _Part(NamedTuple):
    """Where something begins, and what it is; a heading has a level, a table many rows."""

    start: int
    name: str = ""
    level: int = 0
    free: bool = True
    rows: tuple[int, ...] = ()


def blocks(text: str) -> tuple[Block, ...]:
    """The blocks before the first heading, and the sections.

    Raises:
        Unusual: front matter that does not end, lines that end in another way, or too many.
    """
    lines = split_lines(text)
    if "\r" in text or len(lines) > _MOST_LINES:
        raise Unusual("line breaks of other kinds, or too many")
    first = _front_matter_end(lines)
    front = [Block("front matter", "".join(lines[:first]), free=False)] if first else []
    lines = lines[first:]
    parts = list(_parts(_parser().parse("".join(lines))))
    made = list[tuple[int, Block]]()
    for number, part in enumerate(parts):
        stop = parts[number + 1].start if number + 1 < len(parts) else len(lines)
        made.append((part.level, _block(part, lines, stop)))
    made.reverse()
    above = parts[0].start if parts else len(lines)
    if above:
        front.append(Block("", "".join(lines[:above])))  # blank lines
    return *front, *_nested(made, 0)


def pieces(text: str) -> Counter[str]:
    """Its lines; and again each with the headings above it, and whether it begins a block."""
    found = Counter(line.strip() for line in text.split("\n") if line.strip())
    return found + Counter(_placed(blocks(text), "# "))


def _placed(inside: Sequence[Block], under: str) -> Iterator[str]:
    for block in inside:
        lines = (block.head + block.foot).strip().split("\n")
        yield f"{under}^{lines[0].strip()}"
        for line in lines[1:]:
            yield f"{under}{line.strip()}"
        yield from _placed(block.inner or (), f"{under}{block.name} > ")


@functools.cache
def _parser() -> MarkdownIt:
    """A parser for blocks only; link targets are paragraphs."""
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark").enable("table").disable("reference")
    parser.core.ruler.enableOnly(["block"])
    return parser


def _front_matter_end(lines: Sequence[str]) -> int:
    """The line behind front matter and the blank ones below it; 0 if there is none."""
    if len(lines) < 2 or lines[0].rstrip() != "---" or not _FIRST_KEY.match(lines[1]):
        return 0
    for at, line in enumerate(lines[1:], 1):
        if line.rstrip() in ("---", "..."):
            rest = "".join(lines[at + 1 :])
            return at + 1 + rest[: len(rest) - len(rest.lstrip("\n"))].count("\n")
    raise Unusual("front matter that does not end")


def _parts(tokens: Sequence[Token]) -> Iterator[_Part]:
    """The outermost blocks, list items and headings."""
    for at, token in enumerate(tokens):
        start = token.map[0] if token.map else 0
        if token.type == "list_item_open" and token.level == 1:
            yield _Part(start, free=token.markup not in (".", ")"))
        elif token.level or token.nesting < 0 or token.type.endswith("list_open"):
            continue
        elif token.type == "heading_open":
            level = int(token.tag[1])
            yield _Part(start, f"{'#' * level} {tokens[at + 1].content}", level)
        elif token.type == "table_open":
            yield _Part(start, rows=tuple(_rows(tokens[at:])))
        else:
            yield _Part(start)


def _rows(tokens: Sequence[Token]) -> Iterator[int]:
    """The lines of a table's rows, below its header."""
    for token in tokens[1:]:
        if token.type == "table_close":
            return
        if token.type == "tr_open" and token.map and token.map[0] > (tokens[0].map or [0])[0]:
            yield token.map[0]


def _block(part: _Part, lines: Sequence[str], stop: int) -> Block:
    text = "".join(lines[part.start : stop])
    if not part.rows:
        return Block(part.name or text.strip(), text, free=part.free)
    rows = tuple(Block(_first_cell(lines[at]), lines[at]) for at in part.rows)
    head = "".join(lines[part.start : part.rows[0]])
    foot = "".join(lines[part.rows[-1] + 1 : stop])
    return Block(f"table {lines[part.start].strip()}", head, rows, foot)


def _first_cell(line: str) -> str:
    """The name of a row."""
    cells = line.strip().strip("|").split("|")
    return f"row {cells[0].strip() or line.strip()}"


def _nested(parts: list[tuple[int, Block]], level: int) -> Iterator[Block]:
    """The first of the parts, which are last in the list, until a heading ends the section."""
    while parts and not 0 < parts[-1][0] <= level:
        own, block = parts.pop()
        if own:
            yield Block(block.name, block.text, tuple(_nested(parts, own)))
        else:
            yield block
