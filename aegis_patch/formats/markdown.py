"""Markdown: sections by their headings, list items, table rows and paragraphs by what they say.

A fenced block is whole, an HTML comment stands for itself (anchors are such). A blank line belongs
to what stands above it. The items of a numbered list have an order, all else may stand before or
after what another one put in beside it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from aegis_patch.formats.named_blocks import Block, Unusual

_HEADING = re.compile(r" {0,3}(#{1,6})(?:[ \t]|$)")
_FENCE = re.compile(r" {0,3}(`{3,}+(?!.*`)|~{3,})")
_ITEM = re.compile(r"( {0,3})(?:[-*+]|(\d{1,9})[.)])(?:[ \t]|$)")
_RULE = re.compile(r" {0,3}([-*_])[ \t]*(?:\1[ \t]*){2,}$")
_UNDERLINE = re.compile(r" {0,3}(?:=+|-+)[ \t]*$")
_NO_HEADING = re.compile(r"[ \t]*[><]|    |\t")  # what may not be underlined, or need not be text
_KEY = re.compile(r"[\w.-]+[ \t]*:(?:[ \t\n]|$)")  # of front matter, which begins with one
_IN_FRONT = re.compile(rf"{_KEY.pattern}|[ \t#]|- |$")
_DELIMITERS = re.compile(r" {0,3}\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*$")


def blocks(text: str) -> tuple[Block, ...]:
    """The blocks before the first heading, and the sections.

    Raises:
        Unusual: something that does not end, or might be underlined, or be front matter.
    """
    if re.search("[\r\v\f\x1c-\x1e\x85\u2028\u2029]", text):
        raise Unusual("line breaks of other kinds")
    lines = text.splitlines(keepends=True)
    if not lines or not _UNDERLINE.match(lines[0].rstrip("\n")):
        return tuple(_cut(lines))
    stop = _front_matter_end(lines)
    return Block("front matter", "".join(lines[:stop]), free=False), *_cut(lines[stop:])


def pieces(text: str) -> Counter[str]:
    """Its lines; and again each with the headings above it, and whether it begins a block."""
    found = Counter(line.strip() for line in text.split("\n") if line.strip())
    return found + Counter(_said(blocks(text), "# "))


def _said(inside: tuple[Block, ...], under: str) -> Iterator[str]:
    for block in inside:
        lines = (block.head + block.foot).strip().split("\n")
        yield from (f"{under}{line.strip()}" for line in ("^" + lines[0], *lines[1:]))
        yield from _said(block.inner or (), f"{under}{block.name} > ")


def _cut(lines: list[str]) -> Iterator[Block]:
    at = 0
    while at < len(lines):
        stop = _end(lines, at)
        end = stop
        while stop < len(lines) and not lines[stop].strip():
            stop += 1
        text = "".join(lines[at:stop])
        if level := _level(lines, at):
            close = _section_end(lines, stop, level)
            said = " ".join(line.strip() for line in lines[at : max(end - 1, at + 1)])
            name = said if said.startswith("#") else f"{'#' * level} {said}"
            yield Block(name, text, tuple(_cut(lines[stop:close])))
            stop = close
        elif _is_table(lines, at):
            rows = tuple(Block(_row(line), line) for line in lines[at + 2 : end])
            head, foot = "".join(lines[at : at + 2]), "".join(lines[end:stop])
            yield Block(f"table {lines[at].strip()}", head, rows, foot)
        else:
            item = _ITEM.match(lines[at])
            yield Block(text.strip(), text, free=not (item and item.group(2)))
        at = stop


def _end(lines: list[str], at: int) -> int:
    """The line behind the block that begins here, without the blank lines after it."""
    line, stop = lines[at], at + 1
    if fence := _FENCE.match(line):
        closed = re.compile(f" {{0,3}}{re.escape(fence.group(1)[0])}{{{len(fence.group(1))},}} *$")
        return _until(lines, stop, closed)
    if line.lstrip(" ").startswith("<!--"):
        return stop if "-->" in line else _until(lines, stop, re.compile(".*-->"))
    if _HEADING.match(line) or _RULE.match(line.rstrip("\n")):
        return stop
    if _is_table(lines, at):
        while stop < len(lines) and _is_row(lines[stop]):
            stop += 1
        return stop
    if _ITEM.match(line):
        return _item_end(lines, at)
    stop = _text_end(lines, at)
    if not _is_underline(lines, stop):
        return stop
    if _NO_HEADING.match(line):
        raise Unusual("something that might be underlined")
    return stop + 1


def _text_end(lines: list[str], at: int) -> int:
    """The line behind some lines of text, which may be one that underlines them."""
    stop = at + 1
    while stop < len(lines) and lines[stop].strip() and not _begins(lines, stop):
        if _is_underline(lines, stop):
            break
        stop += 1
    return stop


def _is_underline(lines: list[str], at: int) -> bool:
    return at < len(lines) and bool(_UNDERLINE.match(lines[at].rstrip("\n")))


def _level(lines: list[str], at: int) -> int:
    """Of the heading that begins here; 0 if none does."""
    if heading := _HEADING.match(lines[at]):
        return len(heading.group(1))
    if not lines[at].strip() or _begins(lines, at) or _is_table(lines, at):
        return 0
    stop = _text_end(lines, at)
    if not _is_underline(lines, stop):
        return 0
    return 1 if "=" in lines[stop] else 2


def _front_matter_end(lines: list[str]) -> int:
    for at, line in enumerate(lines[1:], 1):
        if line.rstrip() in ("---", "...") and lines[0].startswith("---"):
            rest = (number for number in range(at + 1, len(lines)) if lines[number].strip())
            return next(rest, len(lines))
        if not (_KEY if at == 1 else _IN_FRONT).match(line):
            break
    raise Unusual("a line at the top that might begin front matter")


def _until(lines: list[str], at: int, closed: re.Pattern[str]) -> int:
    for number in range(at, len(lines)):
        if closed.match(lines[number].rstrip("\n")):
            return number + 1
    raise Unusual("something that does not end")


def _item_end(lines: list[str], at: int) -> int:
    """An item goes on with what is indented below it, also behind blank lines."""
    column = _indent(lines[at]) + 1
    stop = ahead = at + 1
    while ahead < len(lines):
        blank = not lines[ahead].strip()
        lazy = not lines[ahead - 1].strip() or _begins(lines, ahead)
        if not blank and _indent(lines[ahead]) <= column and lazy:
            break
        ahead += 1
        stop = stop if blank else ahead
    if any(_FENCE.match(line.lstrip(" ")) for line in lines[at:stop]) and _open(lines[at:stop]):
        raise Unusual("a fence that an item does not hold")
    return stop


def _open(lines: list[str]) -> bool:
    return sum(bool(_FENCE.match(line.lstrip(" "))) for line in lines) % 2 == 1


def _section_end(lines: list[str], at: int, level: int) -> int:
    while at < len(lines):
        if 0 < _level(lines, at) <= level:
            return at
        at = _end(lines, at)
        while at < len(lines) and not lines[at].strip():
            at += 1
    return at


def _begins(lines: list[str], at: int) -> bool:
    """Whether a block of another kind begins here, though no blank line is above."""
    line = lines[at]
    if any(each.match(line) for each in (_HEADING, _FENCE, _ITEM)):
        return True
    return line.lstrip(" ").startswith("<!--") or bool(_RULE.match(line.rstrip("\n")))


def _is_table(lines: list[str], at: int) -> bool:
    below = lines[at + 1].rstrip("\n") if at + 1 < len(lines) else ""
    return "|" in lines[at] and "|" in below and bool(_DELIMITERS.match(below))


def _is_row(line: str) -> bool:
    return line.lstrip(" ").startswith("|")


def _row(line: str) -> str:
    """A row is known by its first cell that says something."""
    cells = (cell.strip() for cell in line.split("|"))
    return f"row {next((cell for cell in cells if cell), line.strip())}"


def _indent(line: str) -> int:
    return len(wide := line.expandtabs(4)) - len(wide.lstrip(" "))
