"""Checks a fork before any of it is read: modes, names, sizes."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pygit2

from aegis_patch.errors import PatchRejected
from aegis_patch.stack import patch

# Limits for base/, patches/ and notes/ of a fork.
MOST_FILES = 20_000
MOST_BYTES = 256 * 1024 * 1024
LARGEST_FILE = 32 * 1024 * 1024
_FILES = (b"100644", b"100755")
_LINK = b"120000"
_KINDS = {_LINK: "a symbolic link", b"160000": "a submodule"}


def check(store: pygit2.Repository, pending: list[tuple[str, pygit2.Oid]]) -> None:
    """Check everything in a fork, before any of it is read.

    Raises:
        PatchRejected: a path is unsafe, something is no file, or it is too much.
    """
    for fault in faults(store, pending):
        raise fault


def _over(files: int, size: int, file_size: int) -> str:
    """The limit that was exceeded, if any."""
    if files > MOST_FILES:
        return f"more than {MOST_FILES:,} files"
    if size > MOST_BYTES:
        return f"more than {MOST_BYTES >> 20} MiB altogether"
    return f"more than {LARGEST_FILE >> 20} MiB in one file" if file_size > LARGEST_FILE else ""


def faults(
    store: pygit2.Repository, pending: list[tuple[str, pygit2.Oid]]
) -> Iterator[PatchRejected]:
    """Everything that `check` refuses; the last one of them if it is too much."""
    files = size = 0
    while pending:
        under, tree = pending.pop()
        names: dict[str, str] = {}
        for mode, raw, oid in _entries(store, tree):
            try:
                name = raw.decode()
            except UnicodeDecodeError:
                yield PatchRejected("a path is not UTF-8", where=f"{under}/{ascii(raw)[2:-1]}")
                continue
            path = f"{under}/{name}"
            yield from _in_name(under, name, names)
            files += 1
            if mode == b"40000":
                pending.append((path, oid))
                continue
            is_link = mode == _LINK and under.partition("/")[0] == "base"
            if not (mode in _FILES or is_link) or "/" in name:
                what = f"{_KINDS.get(mode, 'this')}: an upstream may hold ordinary files only"
                yield PatchRejected(what, where=path)
                continue
            bytes_ = store.odb.read_header(oid)[1]
            size += bytes_
            if over := _over(files, size, bytes_):
                yield PatchRejected(over, where=path)
                return
            if is_link:
                yield from _in_link(path, store[oid].peel(pygit2.Blob).data)


def _in_name(under: str, name: str, names: dict[str, str]) -> Iterator[PatchRejected]:
    """What is wrong with a name, given the others in its directory."""
    try:
        patch.check_path(f"{under}/{name}")
    except PatchRejected as fault:
        yield fault
    if other := names.get(name.casefold()):
        yield PatchRejected(f"{name} and {other} differ only in case", where=under)
    names[name.casefold()] = name


def _in_link(path: str, target: bytes) -> Iterator[PatchRejected]:
    """What is wrong with a link of base/."""
    try:
        patch.check_link(path.removeprefix("base/"), target)
    except PatchRejected as fault:
        yield PatchRejected(fault.what, where=path)


def _entries(
    store: pygit2.Repository, tree: pygit2.Oid
) -> Iterator[tuple[bytes, bytes, pygit2.Oid]]:
    # As they are: libgit2 would correct the modes.
    _, raw = store.odb.read(tree)
    for mode, name, oid in re.findall(rb"([0-7]+) ([^\0]+)\0(.{20})", raw, re.DOTALL):
        yield mode, name, pygit2.Oid(raw=oid)
