"""Whether two texts of a file mean the same: a formatter's changes don't count as edits.

In Python the layout and the order of statements don't count; in YAML, JSON, Markdown and pages the
layout; in other files the ends of lines. Our anchors never count.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from contextlib import suppress

from aegis_patch.formats import anchors, bounded_parsers

_YAML = (".yaml", ".yml")
_MARKDOWN = (".md", ".markdown")
_PAGES = (".html", ".css")
_MARKS = r"[\s;'\"]"  # what a formatter puts into a page, takes out or writes otherwise


def is_same(path: str, one: bytes, other: bytes, *, in_order: bool = False) -> bool:
    """Whether two texts of the file at a path, ours and a user's, differ in their layout alone.

    With `in_order`, the order of statements and comments counts.
    """
    if b"\0" in one + other:
        return one == other
    ours, our_anchors = _read(one)
    mine, my_anchors = _read(other)
    if not my_anchors <= our_anchors:
        return False  # a comment of their own that only looks like an anchor
    if ours == mine:
        return True
    with suppress(ValueError, RecursionError, MemoryError):
        texts = _without_anchors(one), _without_anchors(other)
        if is_python(path):
            return _is_same_python(*texts, in_order)
        if path.endswith(_YAML):
            return _in_yaml(texts[0]) == _in_yaml(texts[1])
        if path.endswith(".json"):
            read = [json.loads(text, object_pairs_hook=list) for text in texts]
            return repr(read[0]) == repr(read[1])
        if path.endswith(_MARKDOWN):
            from aegis_patch.formats import markdown  # slow to import, and seldom needed

            return markdown.joined(texts[0]) == markdown.joined(texts[1])
        if path.endswith(_PAGES):
            return _in_page(texts[0]) == _in_page(texts[1])
    return False


def _read(text: bytes) -> tuple[list[bytes], set[bytes]]:
    """The lines of a text without their ends, and its anchors."""
    lines, found = list[bytes](), set[bytes]()
    for line in text.splitlines():
        if anchors.is_anchor(line):
            found.add(line.strip())
        else:
            lines.append(line.rstrip())
    return lines, found


def is_python(path: str) -> bool:
    """Whether a file's name is that of a Python file."""
    return path.endswith((".py", ".pyi"))


def _is_same_python(ours: str, mine: str, in_order: bool) -> bool:
    from aegis_patch.formats import python

    if in_order and python.order(ours) != python.order(mine):
        return False
    return python.pieces(ours) == python.pieces(mine)


def _in_yaml(text: str) -> tuple[str, Counter[str]]:
    """The documents in one form for all layouts, and the comments."""
    import yaml

    documents = yaml.serialize_all(bounded_parsers.yaml(text), canonical=True)
    return documents, Counter(re.findall(r"(?<!\S)#.*\S", text))


def _in_page(text: str) -> tuple[str, list[str]]:
    """The comments without their marks, word by word."""
    return re.sub(_MARKS, "", text), re.findall(r"[^\W_]+", text)


def _without_anchors(text: bytes) -> str:
    lines = [line for line in text.splitlines(keepends=True) if not anchors.is_anchor(line)]
    return b"".join(lines).decode()
