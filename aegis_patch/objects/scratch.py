"""The scratch store: everything is computed there, so a verb can stop at any time."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pygit2

_PREFIX = "aegis-scratch-"
_OLD = 7 * 24 * 60 * 60  # seconds after which a store is that of a killed process


@contextmanager
def scratch(alternates: Iterable[Path]) -> Iterator[pygit2.Repository]:
    """A throw-away object store that also sees the objects of its alternates."""
    with tempfile.TemporaryDirectory(prefix=_PREFIX, dir=_memory()) as directory:
        _sweep(Path(directory))
        for name in "objects", "refs":
            Path(directory, name).mkdir()
        Path(directory, "HEAD").write_text("ref: refs/heads/main\n")
        Path(directory, "config").write_text("[core]\n\tbare = true\n")
        store = pygit2.Repository(directory)
        for path in alternates:
            see(store, path)
        yield store
        store.free()


def see(store: pygit2.Repository, objects: Path) -> None:
    """Let a store, and a git that works with it, see the objects of a directory."""
    info = Path(store.path, "objects/info")
    info.mkdir(exist_ok=True)
    with (info / "alternates").open("a", encoding="utf-8", errors="surrogateescape") as listed:
        listed.write(f"{objects}\n")
    store.odb.add_disk_alternate(str(objects))


def _sweep(new: Path) -> None:
    """Remove the stores that killed processes left beside a new one: they take memory."""
    for left in new.parent.glob(f"{_PREFIX}*"):
        with suppress(OSError):
            if new.stat().st_mtime - left.stat().st_mtime > _OLD:
                shutil.rmtree(left)


def _memory() -> str | None:
    # Hundreds of small files: a file system in memory is faster.
    shared = "/dev/shm"
    return shared if "TMPDIR" not in os.environ and os.access(shared, os.W_OK) else None
