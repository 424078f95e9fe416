"""A word of its own in each line that a user writes: the line is known by it wherever it went."""

from __future__ import annotations

import re
from collections import Counter
from functools import lru_cache
from pathlib import Path

from aegis_patch.objects.trees import Tree
from aegis_patch.stack.record import RECORD

WORD = re.compile(r"own\d{4}own", re.IGNORECASE)

Written = dict[str, Counter[str]]  # by path: the lines with a word in them, and how often


def of_tree(tree: Tree) -> Written:
    """What the user has written, as a tree has it."""
    found = {path: of_file(path, tree.read(path)) for path in tree.files()}
    return {path: lines for path, lines in found.items() if lines}


def of_directory(top: Path) -> Written:
    """What the user has written, as it is on disk."""
    found: Written = {}
    for path in sorted(top.rglob("*")):
        inside = path.relative_to(top).as_posix()
        if path.is_file() and not inside.startswith(".git/"):
            found[inside] = of_file(inside, path.read_bytes())
    return {path: lines for path, lines in found.items() if lines}


def of_file(path: str, data: bytes) -> Counter[str]:
    """The lines with a word; in the record their comments, for the values are not the user's."""
    lines = of_text(data)
    if path != RECORD:
        return lines
    return Counter({line[line.index("#") :]: count for line, count in lines.items()})


@lru_cache(10_000)
def of_text(data: bytes) -> Counter[str]:
    """The lines with a word; who asks must not change them."""
    if b"own" not in data.lower():
        return Counter()
    lines = data.decode("utf-8", "replace").splitlines()
    return Counter(line.strip().rstrip(",") for line in lines if WORD.search(line))


def together(written: Written) -> Counter[str]:
    """The lines of all files."""
    return sum(written.values(), Counter[str]())


def named(lines: Counter[str]) -> set[str]:
    """The words in some lines."""
    return {word.lower() for line in lines for word in WORD.findall(line)}


def of_line(line: str) -> set[str]:
    """The words in a line."""
    return named(Counter([line]))
