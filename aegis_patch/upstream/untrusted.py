"""A fork is looked at before any of it is read: modes, names, sizes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pygit2

from aegis_patch.errors import PatchRejected
from aegis_patch.project import git
from aegis_patch.stack import patch
from aegis_patch.values import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """What base/, patches/ and notes/ of a fork may be: all files, their bytes, those of one."""

    files: int = 20_000
    size: int = 256 * 1024 * 1024
    file_size: int = 32 * 1024 * 1024


USUAL = Limits()
_SETTINGS = {"files": "aegis.maxFiles", "size": "aegis.maxSize", "file_size": "aegis.maxFileSize"}
"""In git's configuration: who trusts an upstream can raise a limit."""
_FILES = (b"100644", b"100755")
_LINK = b"120000"
_KINDS = {_LINK: "a symbolic link", b"160000": "a submodule"}


def check(store: pygit2.Repository, pending: list[tuple[str, pygit2.Oid]]) -> None:
    """Look at all that a fork holds, before any of it is read.

    Raises:
        PatchRejected: a path is unsafe, something is no file, or it is too much.
    """
    for fault in faults(store, pending, _configured()):
        raise fault


def _configured() -> Limits:
    found = {key: git.number(Path(), name, getattr(USUAL, key)) for key, name in _SETTINGS.items()}
    return Limits(**found)


def _over(limits: Limits, where: str, used: Limits) -> Iterator[PatchRejected]:
    """A fault for each limit that is passed, with the setting that raises it."""
    for key, name in _SETTINGS.items():
        limit = getattr(limits, key)
        if getattr(used, key) > limit:
            words = {
                "files": f"{limit:,} files",
                "size": f"{limit >> 20} MiB altogether",
                "file_size": f"{limit >> 20} MiB in one file",
            }
            what = f"more than {words[key]}; if you trust it, raise the limit"
            more = 2 * limit if limit > 0 else getattr(USUAL, key)
            yield PatchRejected(what, where=where, next=f"git config --global {name} {more}")


def faults(
    store: pygit2.Repository, pending: list[tuple[str, pygit2.Oid]], limits: Limits = USUAL
) -> Iterator[PatchRejected]:
    """All that `check` refuses; the last of them where it is too much."""
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
            over = [*_over(limits, path, Limits(files, size, bytes_))]
            yield from over
            if over:
                return
            if is_link:
                yield from _in_link(path, store[oid].peel(pygit2.Blob).data)


def _in_name(under: str, name: str, names: dict[str, str]) -> Iterator[PatchRejected]:
    """What is wrong with a name, beside the others of its directory."""
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
