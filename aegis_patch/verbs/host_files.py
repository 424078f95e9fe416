"""The files a host puts into a new repository: README, LICENSE, .gitignore. Their text stays."""

from __future__ import annotations

import re
from collections.abc import Iterable

from pygit2.enums import FileMode

from aegis_patch.objects import trees
from aegis_patch.objects.texts import is_binary
from aegis_patch.objects.trees import Entry, Tree

_NAME = r"(?i)(readme|licen[cs]e|copying)([.-].*)?|\.git(ignore|attributes)"
_TITLE = rb"(?m)^# .*\n+|^.+\n=+\n+"


def others(names: Iterable[str]) -> set[str]:
    """The names of files that no host makes; readme.md too, which some disks take for README.md."""
    return {
        name
        for name in names
        if not re.fullmatch(_NAME, name) or (name.lower() == "readme.md" and name != "README.md")
    }


def sides(head: Tree, pristine: Tree) -> tuple[Tree, Tree]:
    """The merge base and theirs for a project that starts with a host's files.

    The base is empty but for a README and a .gitignore. In theirs these have the host's text and
    the pristine one.
    """
    base: dict[str, Entry | Tree | None] = {}
    both: dict[str, Entry | Tree | None] = {}
    for path, join in ("README.md", _readme), (".gitignore", _ignored):
        mine, theirs = head.lookup(path), pristine.lookup(path)
        if mine and theirs and mine.mode != FileMode.LINK and not is_binary(mine.data):
            data = join(mine.data.replace(b"\r\n", b"\n"), theirs.data)
            end = b"\r\n" if b"\r\n" in mine.data else b"\n"
            base[path] = mine
            both[path] = mine.rewritten(data.replace(b"\n", end))
    return trees.empty(pristine.store).replaced(base), pristine.replaced(both)


def _readme(mine: bytes, theirs: bytes) -> bytes:
    """The host's text, then ours; the host's title is that of both."""
    if re.search(_TITLE, mine):
        theirs = re.sub(_TITLE, b"", theirs, count=1)
    return b"\n\n".join(filter(None, [mine.rstrip(b"\n"), theirs]))


def _ignored(mine: bytes, theirs: bytes) -> bytes:
    """Our patterns that the host's file lacks, then that file, because the last match decides."""
    there = {line.strip() for line in mine.splitlines()} - {b""}
    ours = [line for line in theirs.splitlines(keepends=True) if line.strip() not in there]
    return b"\n".join(filter(None, [b"".join(ours), mine]))
