"""The scratch store: everything is computed there, so a verb can stop at any time."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pygit2


@contextmanager
def scratch(alternates: Iterable[Path]) -> Iterator[pygit2.Repository]:
    """A throw-away object store that also sees the objects of its alternates."""
    with tempfile.TemporaryDirectory(prefix="aegis-", dir=_memory()) as directory:
        store = pygit2.init_repository(directory, bare=True)
        for path in alternates:
            store.odb.add_disk_alternate(str(path))
        yield store
        store.free()


def _memory() -> str | None:
    # Hundreds of small files: a file system in memory is faster.
    shared = "/dev/shm"
    return shared if "TMPDIR" not in os.environ and os.access(shared, os.W_OK) else None
