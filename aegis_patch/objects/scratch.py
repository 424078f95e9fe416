"""The scratch store: everything is computed there, so a verb can stop at any time.

It doesn't use `tempfile` and `shutil`, which take longer to import than their work takes here.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pygit2

_PREFIX = "aegis-scratch-"
_IN_USE = "in-use"  # a file that whoever made a store keeps locked
_YOUNG = 60  # seconds in which a store may not have its lock yet


@contextmanager
def scratch(alternates: Iterable[Path]) -> Iterator[pygit2.Repository]:
    """A throw-away object store that also sees the objects of its alternates."""
    with directory(disk(), _PREFIX) as place, (place / _IN_USE).open("w") as lock:
        with suppress(OSError):  # no locks here: then none is swept either
            fcntl.flock(lock, fcntl.LOCK_EX)
        _sweep(place)
        for name in "objects", "refs":
            (place / name).mkdir()
        (place / "HEAD").write_text("ref: refs/heads/main\n")
        (place / "config").write_text("[core]\n\tbare = true\n")
        store = pygit2.Repository(str(place))
        for path in alternates:
            see(store, path)
        yield store
        store.free()


@contextmanager
def directory(parent: Path, prefix: str) -> Iterator[Path]:
    """A new directory that only we can read; it is removed in the end."""
    made = parent / f"{prefix}{os.urandom(8).hex()}"
    made.mkdir(mode=0o700)
    try:
        yield made
    finally:
        remove(made)


def remove(directory: Path) -> None:
    """Remove a directory and its content as far as possible; no link is followed."""
    with suppress(OSError):
        for each in [*os.scandir(directory)]:
            if each.is_dir(follow_symlinks=False):
                remove(Path(each.path))
            else:
                with suppress(OSError):
                    Path(each.path).unlink()
        directory.rmdir()


def see(store: pygit2.Repository, objects: Path) -> None:
    """Let a store, and any git that works with it, see the objects of a directory."""
    borrow(Path(store.path, "objects"), objects)
    store.odb.add_disk_alternate(str(objects))


def borrow(mine: Path, others: Path) -> None:
    """Let an object directory borrow the objects of another.

    Only git reads a quoted line, so a path is quoted only if git needs that.
    """
    (mine / "info").mkdir(exist_ok=True)
    line = json.dumps(str(others), ensure_ascii=False) if "\n" in str(others) else str(others)
    alternates = mine / "info/alternates"
    with alternates.open("a", encoding="utf-8", errors="surrogateescape") as listed:
        listed.write(f"{line}\n")


def _sweep(new: Path) -> None:
    """Remove the stores that killed processes left beside a new one: they take up memory.

    Everybody may write there: a link may lead anywhere, and other users' directories can change.
    """
    mine = new.stat()
    for left in os.scandir(new.parent):
        if left.name.startswith(_PREFIX) and left.is_dir(follow_symlinks=False):
            with suppress(OSError):  # it is in use, or gone meanwhile
                its = left.stat(follow_symlinks=False)
                if its.st_uid == mine.st_uid and mine.st_mtime - its.st_mtime > _YOUNG:
                    _remove_unused(Path(left.path))


def _remove_unused(store: Path) -> None:
    with (store / _IN_USE).open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        remove(store)


def disk() -> Path:
    """The directory for scratch stores."""
    # Hundreds of small files: a file system in memory is faster.
    shared = "/dev/shm"
    if "TMPDIR" not in os.environ and os.access(shared, os.W_OK):
        return Path(shared)
    import tempfile  # slow to import

    return Path(tempfile.gettempdir())
