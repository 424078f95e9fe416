"""A new repository at a path: all of it, or nothing."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pygit2

from aegis_patch.errors import Refused
from aegis_patch.landing import journal, locks
from aegis_patch.project import git, repository


@contextmanager
def start(path: Path, *, dry: bool) -> Iterator[pygit2.Repository]:
    """A repository without a commit, for a project at `path`, which is absent or empty.

    What is landed in it is there when the block ends well, and gone if not. A dry run builds
    elsewhere.
    """
    if dry:
        with tempfile.TemporaryDirectory(prefix="aegis-") as directory:
            _initialize(Path(directory))
            yield pygit2.Repository(directory)
        return
    is_new = not path.exists()
    path.mkdir(parents=True, exist_ok=True)
    try:
        _build(path)
        yield pygit2.Repository(str(path))
    except BaseException:
        if not (path / ".git" / journal.ROOM).exists():  # else the next `init` goes on
            shutil.rmtree(path / ".git", ignore_errors=True)
            if is_new and not any(path.iterdir()):
                path.rmdir()
        raise


def _build(path: Path) -> None:
    """Build git's part of a repository in a directory inside its place, and rename it."""
    building = Path(tempfile.mkdtemp(prefix=_building(path), dir=path))
    try:
        with locks.hold(building):
            _initialize(building)
            (building / ".git").rename(path / ".git")
    finally:
        shutil.rmtree(building, ignore_errors=True)


def _initialize(building: Path) -> None:
    """Have git make a repository, with the user's templates, that we can read later."""
    git_dir = building / ".git"
    git_dir.mkdir()
    with locks.hold(git_dir) as held:
        git.run(building, "init", "--quiet", env=git.PLAIN, held=held)
        try:
            git.run(building, "rev-parse", "--git-dir")
            repository.open_repository(building)
        except Refused:  # for what the configuration among the templates says
            (git_dir / "config").unlink()
            git.run(building, "init", "--quiet", "--template=", env=git.PLAIN, held=held)
        if not git.setting(building, "init.defaultBranch"):
            git.run(building, "symbolic-ref", "HEAD", "refs/heads/main", held=held)


def sweep(path: Path) -> None:
    """Remove what `start` had built of a project when it was killed; not while it is at work.

    A git of the killed one may go on writing there: it is waited for.
    """
    name = re.compile(re.escape(_building(path)) + r"[a-z0-9_]{8}")  # as mkdtemp makes them
    for left in path.iterdir() if path.is_dir() else ():
        ours = name.fullmatch(left.name) and left.is_dir() and not left.is_symlink()
        if ours and locks.is_free(left):
            git_dir = left / ".git"
            with suppress(Refused), locks.hold(git_dir if git_dir.is_dir() else left):
                shutil.rmtree(left, ignore_errors=True)


def _building(path: Path) -> str:
    return f".{path.name}.aegis-"
