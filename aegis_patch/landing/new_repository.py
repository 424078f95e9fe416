"""A new repository at a path: all of it, or nothing."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pygit2

from aegis_patch.errors import Refused
from aegis_patch.landing import journal, locks
from aegis_patch.landing.land import Draft, land
from aegis_patch.project import git, repository


def start(path: Path, store: pygit2.Repository, drafts: Sequence[Draft]) -> list[str]:
    """Make a repository at `path`, which is absent or empty, with some commits: all or nothing.

    It is built beside its place and renamed. Where the directory is there already, git's part is
    built inside it, and the commits land as in any repository that has none yet.
    """
    inside = path.exists()
    within = path if inside else path.parent
    within.mkdir(parents=True, exist_ok=True)
    building = Path(tempfile.mkdtemp(prefix=_building(path), dir=within))
    try:
        with locks.hold(building):
            _initialize(building)
            if not git.setting(building, "init.defaultBranch"):
                git.run(building, "symbolic-ref", "HEAD", "refs/heads/main")
            if not inside:
                ids = _first(building, store, drafts)
                building.chmod(0o777 & ~_umask())
                building.rename(path)
                return ids
            (building / ".git").rename(path / ".git")
    except BaseException:
        shutil.rmtree(building, ignore_errors=True)
        raise
    try:
        building.rmdir()
        return _first(path, store, drafts)
    except BaseException:
        if not (path / ".git" / journal.ROOM).exists():  # else the next `init` goes on
            shutil.rmtree(path / ".git", ignore_errors=True)
        raise


def _initialize(building: Path) -> None:
    """Have git make a repository, with the user's templates, that we can read later."""
    git.run(building, "init", "--quiet", env=git.PLAIN)
    try:
        git.run(building, "rev-parse", "--git-dir")
        repository.open_repository(building)
    except Refused:  # for what the configuration among the templates says
        (building / ".git" / "config").unlink()
        git.run(building, "init", "--quiet", "--template=", env=git.PLAIN)


def _first(path: Path, store: pygit2.Repository, drafts: Sequence[Draft]) -> list[str]:
    repo = pygit2.Repository(str(path))
    with journal.alone(repo) as held:
        return land(repo, store, None, drafts, seen={}, held=held)


def sweep(path: Path) -> None:
    """Remove what `start` had built of a project when it was killed; not while it is at work."""
    name = re.compile(re.escape(_building(path)) + r"[a-z0-9_]{8}")  # as mkdtemp makes them
    for within in (path, path.parent):
        for left in within.iterdir() if within.is_dir() else ():
            ours = name.fullmatch(left.name) and left.is_dir() and not left.is_symlink()
            if ours and locks.is_free(left):
                shutil.rmtree(left, ignore_errors=True)


def _building(path: Path) -> str:
    return f".{path.name}.aegis-"


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
