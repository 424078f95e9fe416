"""Locks: one aegis at a time in a repository, and no git that writes at the same time."""

from __future__ import annotations

import fcntl
import os
import shlex
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pygit2

from aegis_patch.errors import Refused
from aegis_patch.project import git

PATIENCE = 10.0
"""Seconds to wait for another aegis."""
_OURS = "aegis/journal"  # where our index.lock, a link, leads to: git never makes one


@contextmanager
def hold(directory: Path, patience: float | None = None) -> Iterator[int]:
    """Lock a directory; the kernel releases it when this process dies.

    Raises:
        Refused: another process holds it for longer than `patience`.
    """
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        until = time.monotonic() + (PATIENCE if patience is None else patience)
        while not _try(descriptor):
            if time.monotonic() >= until:
                raise Refused(
                    "Another aegis is running in this repository.",
                    where=str(directory),
                    next="Is it still running? Wait, then run this again; if it hangs, stop it",
                )
            time.sleep(0.05)
        yield descriptor
    finally:
        os.close(descriptor)


def is_free(directory: Path) -> bool:
    """Whether nobody holds the lock on a directory."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        return _try(descriptor)
    finally:
        os.close(descriptor)


def _try(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True  # a file system without locks: the index and the refs still have theirs
    return True


def lock_index(repo: pygit2.Repository) -> None:
    """Lock git's index as git does, in a way that we recognize as ours.

    Raises:
        Refused: git has it locked.
    """
    lock = Path(repo.path) / "index.lock"
    for _ in range(20):
        try:
            lock.symlink_to(_OURS)
        except FileExistsError:
            time.sleep(0.05)
        else:
            return
    raise _is_locked(lock)


def refuse_locked(repo: pygit2.Repository) -> None:
    """Refuse to start where git's index is locked.

    Raises:
        Refused: it is.
    """
    lock = Path(repo.path) / "index.lock"
    if lock.exists():
        raise _is_locked(lock)


def _is_locked(lock: Path) -> Refused:
    return Refused(
        "Another git process has locked the index.",
        where=str(lock),
        next=f"Is git still running? Wait for it; if not: `rm {shlex.quote(str(lock))}`",
    )


def is_index_ours(repo: pygit2.Repository) -> bool:
    """Whether this or a killed aegis locked git's index."""
    lock = Path(repo.path) / "index.lock"
    return lock.is_symlink() and str(lock.readlink()) == _OURS


def unlock_index(repo: pygit2.Repository) -> None:
    """Remove our lock, if it is ours."""
    if is_index_ours(repo):
        (Path(repo.path) / "index.lock").unlink()


def free_refs(repo: pygit2.Repository, refs: Iterable[str], new: str) -> None:
    """Remove the locks that a failed `git update-ref` to a commit left on refs."""
    for ref in refs:
        place = git.run(Path(repo.workdir), "rev-parse", "--git-path", ref).strip()
        lock = Path(repo.workdir, f"{place}.lock")
        with suppress(OSError, ValueError):
            before = lock.stat().st_mtime_ns
            time.sleep(0.5)  # a living git holds one for milliseconds
            if lock.stat().st_mtime_ns == before and new.startswith(lock.read_text().strip()):
                lock.unlink()
