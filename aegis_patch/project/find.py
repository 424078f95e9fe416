"""A project in git: its directory, and its record at HEAD."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

import pygit2

from aegis_patch.errors import Refused
from aegis_patch.objects.trees import Tree
from aegis_patch.project import git, repository
from aegis_patch.stack import record
from aegis_patch.stack.record import RECORD
from aegis_patch.stack.stack import Stack
from aegis_patch.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a project is, or will be: a directory of a repository.

    `head` is None if the repository has no commit yet. `held` is the lock of a verb that may write
    (`journal.alone`).
    """

    repo: pygit2.Repository
    root: Path
    prefix: str
    head: pygit2.Oid | None
    held: int | None = None

    @property
    def objects(self) -> Path:
        """The repository's object directory (a linked worktree shares its main one's)."""
        return git.objects(Path(self.repo.workdir))


@dataclass(frozen=True, slots=True, kw_only=True)
class Project(Place):
    """A project at HEAD: its files, and its record."""

    head: pygit2.Oid
    tree: Tree
    stack: Stack

    @property
    def record_path(self) -> str:
        """Where the record is in the repository."""
        return repository.within(self.prefix, RECORD)


def find(start: Path) -> Project:
    """The project that a directory is in: the nearest parent with a record.

    Raises:
        Refused: there is none, git cannot be used there, or its record is not committed.
    """
    start = Path(os.path.realpath(start))  # links in a circle are no error
    if not start.is_dir():
        raise Refused(
            "No such directory.",
            where=str(start),
            next="Which project? `aegis --project-path PATH status`",
        )
    root = nearest_record(start)
    if root is None and not is_in_git(start):
        raise no_project(start)
    repo = repository.open_repository(root or start)
    root = root or _deleted_record(repo, start)
    _refuse_empty(repo, root)
    return _at_head(repo, root)


def nearest_record(start: Path) -> Path | None:
    """The directory with a record: this one, or its nearest parent that has one."""
    for place in (start, *start.parents):
        if (place / RECORD).is_file() or (place / RECORD).is_symlink():
            return place
    return None


def without_record(start: Path) -> Place:
    """A directory at HEAD, whatever it contains.

    Raises:
        Refused: git cannot be used there.
    """
    repo = repository.open_repository(start)
    _refuse_empty(repo, start)
    prefix = repository.prefix_of(Path(repo.workdir), start)
    return Place(repo=repo, root=start, prefix=prefix, head=repo.head.peel(pygit2.Commit).id)


def _at_head(repo: pygit2.Repository, root: Path) -> Project:
    prefix = repository.prefix_of(Path(repo.workdir), root)
    head = repo.head.peel(pygit2.Commit)
    tree = Tree(repo, head.tree.id).subtree(prefix)
    entry = tree.lookup(RECORD) if tree else None
    path = repository.within(prefix, RECORD)
    if tree is None or entry is None:
        place = shlex.quote(f":/{path}")
        raise Refused(
            f"{RECORD} isn't in the last commit.",
            where=str(root),
            next=f"git add --force {place} && git commit -m 'Record the stack' -- {place}",
        )
    try:
        recorded = record.parse(entry.data)
    except Refused as error:
        back = _put_back(repo, head.id, path)
        raise Refused(error.what, where=error.where, next=back or error.next) from error
    return Project(repo=repo, root=root, prefix=prefix, head=head.id, tree=tree, stack=recorded)


def is_in_git(directory: Path) -> bool:
    """Whether a directory is in any kind of repository, or a `.git` file says so."""
    try:
        return pygit2.discover_repository(str(directory)) is not None
    except (pygit2.GitError, TypeError):  # as pygit2 fails where that file is malformed
        return True


def _put_back(repo: pygit2.Repository, head: pygit2.Oid, path: str) -> str:
    """The command that restores the newest record that can be parsed; "" if there is none."""
    for commit in repository.commits(repo, head):
        try:
            record.parse(Tree(repo, commit.tree.id).read(path))
        except Refused:
            continue
        place = shlex.quote(f":/{path}")
        put_back = f"git checkout {str(commit.id)[:12]} -- {place} && git commit -m Record {place}"
        return f"{put_back} && aegis repair"
    return ""


def _deleted_record(repo: pygit2.Repository, start: Path) -> Path:
    """The directory of a record that HEAD has and the worktree lacks."""
    head = repository.last_commit(repo)
    if head is None:
        raise no_project(start)
    top = Path(repo.workdir or repo.path).resolve()
    tree = Tree(repo, head.tree.id)
    records = {
        place: repository.within(repository.prefix_of(top, place), RECORD)
        for place in (start, *start.parents)
        if place.is_relative_to(top)
    }
    for place, path in records.items():
        if path in tree:
            return place
    for place, path in records.items():
        if repo.workdir and (back := _put_back(repo, head.id, path)):
            what = f"{RECORD} was deleted, so this is no longer an aegis project."
            raise Refused(what, where=str(place), next=back)
    raise no_project(start, has_files=True)


def _refuse_empty(repo: pygit2.Repository, root: Path) -> None:
    if repo.workdir is None:
        raise Refused(
            "A bare repository has no files.",
            where=repo.path,
            next=f"git clone {shlex.quote(repo.path)} ../worktree",
        )
    if repository.last_commit(repo) is None:
        raise Refused(
            "The repository has no commit yet.",
            where=str(root),
            next='git add --all && git commit -m "Start"',
        )


def no_project(start: Path, *, has_files: bool = False) -> Refused:
    """The refusal of a directory that is in no project."""
    choices = "Start one, or go to one? `aegis init PATH` or `cd PROJECT`"
    if has_files:
        choices = "Start one, go to one, or was this made by aegis? "
        choices += "`aegis init PATH`, `cd PROJECT` or `aegis adopt`"
    return Refused(
        f"Not an aegis project (no {RECORD} in this or any parent directory).",
        where=str(start),
        next=choices,
    )
