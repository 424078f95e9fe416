"""A new repository at a path: all of it, or nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pygit2

from aegis_patch.errors import Refused
from aegis_patch.landing import journal, locks
from aegis_patch.objects import scratch
from aegis_patch.project import git, repository


@contextmanager
def start(path: Path, branch: str, *, dry: bool) -> Iterator[pygit2.Repository]:
    """A repository without a commit, for a project at `path`, which is absent or empty.

    What lands in it stays if the block ends well, and is deleted if not. A dry run builds
    elsewhere. If no `branch` is given, git chooses its name.
    """
    if dry:
        from tempfile import TemporaryDirectory  # slow to import

        with TemporaryDirectory(prefix="aegis-") as directory:
            _initialize(Path(directory), branch)
            yield pygit2.Repository(directory)
        return
    is_new = not path.exists()
    is_ours = False  # what is there may be somebody else's, who was faster
    path.mkdir(parents=True, exist_ok=True)
    try:
        _build(path, branch)
        is_ours = True
        yield pygit2.Repository(str(path))
    except BaseException:
        if is_ours and not (path / ".git" / journal.ROOM).exists():  # else the next `init` goes on
            scratch.remove(path / ".git")
        if is_new and not any(path.iterdir()):
            path.rmdir()
        raise


def _build(path: Path, branch: str) -> None:
    """Build the `.git` of a repository in a directory inside its place, and rename it."""
    with scratch.directory(path, _building(path)) as building, locks.hold(building):
        _initialize(building, branch)
        (building / ".git").rename(path / ".git")


def _initialize(building: Path, branch: str) -> None:
    """Have git make a repository, with the user's templates, that we can read later."""
    git_dir = building / ".git"
    git_dir.mkdir()
    words = ("init", "--quiet", *([f"--initial-branch={branch}"] if branch else []))
    with locks.hold(git_dir) as held:
        git.run(building, *words, env=git.PLAIN, held=held)
        try:
            git.run(building, "rev-parse", "--git-dir")
            repository.open_repository(building)
        except Refused:  # for what the configuration among the templates says
            (git_dir / "config").unlink()
            git.run(building, *words, "--template=", env=git.PLAIN, held=held)


def sweep(path: Path) -> None:
    """Remove what a killed `start` had built of a project, unless one is still at work there.

    A git of the killed one may still be writing: it is waited for.
    """
    name = re.compile(re.escape(_building(path)) + r"([a-z0-9_]{8}|[0-9a-f]{16})")
    for left in path.iterdir() if path.is_dir() else ():
        ours = name.fullmatch(left.name) and left.is_dir() and not left.is_symlink()
        if ours and locks.is_free(left):
            git_dir = left / ".git"
            with suppress(Refused), locks.hold(git_dir if git_dir.is_dir() else left):
                scratch.remove(left)


def _building(path: Path) -> str:
    return f".{path.name}.aegis-"
