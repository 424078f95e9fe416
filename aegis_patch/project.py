"""A project in git: where it is, and what HEAD holds.

Reading is done through pygit2; `git` asks git itself.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pygit2
from pygit2.enums import RepositoryState, SortMode

from aegis_patch import git, record, trees
from aegis_patch.errors import Refused
from aegis_patch.record import RECORD
from aegis_patch.stack import Stack

_UNDER_WAY = {
    RepositoryState.MERGE: ("a merge", "git merge --continue, or git merge --abort"),
    RepositoryState.REVERT: ("a revert", "git revert --continue, or git revert --abort"),
    RepositoryState.REVERT_SEQUENCE: ("a revert", "git revert --continue, or git revert --abort"),
    RepositoryState.CHERRYPICK: (
        "a cherry-pick",
        "git cherry-pick --continue, or git cherry-pick --abort",
    ),
    RepositoryState.CHERRYPICK_SEQUENCE: (
        "a cherry-pick",
        "git cherry-pick --continue, or git cherry-pick --abort",
    ),
    RepositoryState.BISECT: ("a bisect", "git bisect reset"),
    RepositoryState.APPLY_MAILBOX: ("a git am", "git am --continue, or git am --abort"),
}
_REBASE = ("a rebase", "git rebase --continue, or git rebase --abort")


@dataclass(frozen=True, slots=True)
class Project:
    """A project at HEAD: its repository, its directory there, and its record.

    `held` is there for a verb that may write (`journal.alone`).
    """

    repo: pygit2.Repository
    root: Path
    prefix: str
    head: pygit2.Oid
    tree: pygit2.Oid
    stack: Stack
    held: int | None = None

    @property
    def record_path(self) -> str:
        """Where the record is in the repository."""
        return within(self.prefix, RECORD)

    @property
    def objects(self) -> Path:
        """The repository's object directory (a linked worktree shares its main one's)."""
        return git.objects(self.root)


def find(start: Path) -> Project:
    """The project that a directory is in: the nearest parent with a record.

    Raises:
        Refused: there is none, git cannot be used there, or its record is not committed.
    """
    start = start.resolve()
    if not start.is_dir():
        raise Refused("no such directory", where=str(start), next="give another --project-path")
    root = next((place for place in (start, *start.parents) if (place / RECORD).is_file()), None)
    if root is None and not is_in_git(start):
        raise _no_project(start)
    repo = open_repository(root or start)
    if root is None:
        root = _deleted_record(repo, start)
    _refuse_empty(repo, root)
    prefix = prefix_of(Path(repo.workdir), root)
    head = repo.head.peel(pygit2.Commit)
    tree = trees.subtree(repo, head.tree.id, prefix)
    entry = trees.lookup(repo, tree, RECORD) if tree else None
    if tree is None or entry is None:
        raise Refused(
            f"{RECORD} is not in the last commit",
            where=str(root),
            next=f"git add {RECORD} && git commit, or git checkout HEAD -- {RECORD}",
        )
    try:
        recorded = record.parse(trees.blob(repo, entry))
    except Refused as error:
        raise _nonsense(repo, head, prefix, error) from error
    return Project(repo, root, prefix, head.id, tree, recorded)


def prefix_of(top: Path, directory: Path) -> str:
    """Where a directory is in a repository; "" is its top."""
    below = directory.relative_to(top.resolve())
    return below.as_posix() if below.parts else ""


def within(prefix: str, path: str) -> str:
    """Where a path below a directory of a repository is in that repository."""
    return f"{prefix}/{path}" if prefix else path


def is_in_git(directory: Path) -> bool:
    """Whether a directory is in a repository, of whatever kind, or a `.git` file says so."""
    try:
        return pygit2.discover_repository(str(directory)) is not None
    except (pygit2.GitError, TypeError):  # as pygit2 fails where that file is malformed
        return True


def open_repository(directory: Path) -> pygit2.Repository:
    """The repository that a directory is in.

    Raises:
        Refused: there is none, or it is of a kind that libgit2 cannot read, or lacks objects.
    """
    try:
        repo = pygit2.Repository(str(directory))  # its worktree is where `.git` is, file or not
    except (pygit2.GitError, KeyError) as error:
        raise _closed(directory, str(error)) from error
    _refuse_elsewhere(repo, directory)
    _refuse_partial(repo, directory)
    return repo


def under_way(repo: pygit2.Repository) -> tuple[str, str]:
    """The operation that a repository is in, and what ends it; two empty words for none."""
    state = repo.state()
    return _UNDER_WAY.get(state, _REBASE) if state != RepositoryState.NONE else ("", "")


def commits(repo: pygit2.Repository, head: pygit2.Oid) -> Iterator[pygit2.Commit]:
    """The commits reachable from `head`, newest first, children before parents."""
    yield from repo.walk(head, SortMode.TOPOLOGICAL | SortMode.TIME)


def _nonsense(repo: pygit2.Repository, head: pygit2.Commit, prefix: str, error: Refused) -> Refused:
    """A record that does not make sense, and how to have the newest that did."""
    back = _put_back(repo, head.id, within(prefix, RECORD))
    return Refused(error.what, where=error.where, next=back) if back else error


def _put_back(repo: pygit2.Repository, head: pygit2.Oid, path: str) -> str:
    """What brings back the newest record at a path that makes sense; "" if there never was one."""
    for commit in commits(repo, head):
        try:
            record.parse(trees.read(repo, commit.tree.id, path))
        except Refused:
            continue
        place = shlex.quote(f":/{path}")
        put_back = f"git checkout {str(commit.id)[:12]} -- {place} && git commit -m Record {place}"
        return f"{put_back} && aegis repair"
    return ""


def ignores_case(repo: pygit2.Repository) -> bool:
    """Whether the file system takes `readme` for `README`, as git found when it made this."""
    return "core.ignorecase" in repo.config and repo.config.get_bool("core.ignorecase")


def _deleted_record(repo: pygit2.Repository, start: Path) -> Path:
    """Where the last commit has a record that the worktree has not."""
    if repo.head_is_unborn:
        raise _no_project(start)
    top = Path(repo.workdir or repo.path).resolve()
    places = [place for place in (start, *start.parents) if place.is_relative_to(top)]
    records = [within(prefix_of(top, place), RECORD) for place in places]
    head = repo.head.peel(pygit2.Commit)
    for place, path in zip(places, records, strict=True):
        if trees.lookup(repo, head.tree.id, path):
            return place
    for place, path in zip(places, records, strict=True):
        if back := _put_back(repo, head.id, path):
            what = f"{RECORD} was deleted, so this is no project of aegis any more"
            raise Refused(what, where=str(place), next=back)
    raise _no_project(start)


def _refuse_partial(repo: pygit2.Repository, directory: Path) -> None:
    for entry in repo.config:
        if partial := re.fullmatch(r"remote\.(.+)\.partialclonefilter", entry.name):
            setting, remote = (shlex.quote(name) for name in partial.group(0, 1))
            raise Refused(
                "a partial clone lacks objects that a merge needs",
                where=str(directory),
                next=f"git config --unset {setting} && git fetch --refetch {remote}",
            )


def _refuse_empty(repo: pygit2.Repository, root: Path) -> None:
    if repo.workdir is None:
        raise Refused(
            "a bare repository has no files to evolve", next="use a clone with a worktree"
        )
    if repo.head_is_unborn:
        raise Refused(
            "the repository has no commit yet",
            where=str(root),
            next='git add --all && git commit -m "Start"',
        )


def _refuse_elsewhere(repo: pygit2.Repository, directory: Path) -> None:
    """Refuse where git takes another directory for the worktree than the one with `.git`."""
    top, place = repo.workdir, directory.resolve()
    if not top or place.is_relative_to(Path(top).resolve()):
        return
    if place.is_relative_to(Path(repo.path).resolve()):
        return
    here = f"git -C {shlex.quote(str(place))}"
    moved = (Path(repo.path) / "gitdir").exists()
    raise Refused(
        f"git has the worktree of this repository at {top}",
        where=str(directory),
        next=f"{here} worktree repair" if moved else f"{here} config --unset core.worktree",
    )


def _closed(directory: Path, error: str) -> Refused:
    """What libgit2 cannot open, and what to type."""
    where = str(directory)
    if "not found" in error:
        return _not_found(directory)
    if "malformed" in error:
        what, next = "has a .git file that git cannot read", "write gitdir: PATH into it"
    elif foreign := re.search(r"'(.*)' is not owned", error):
        place = shlex.quote(foreign.group(1))
        what, next = "is not yours", f"git config --global --add safe.directory {place}"
    elif "'sha256'" in error:
        top = shlex.quote(f"{directory}-sha1")
        what = "has SHA-256 objects, which libgit2 cannot read"
        next = f"git init {top} && git fast-export --all --signed-tags=strip | git -C {top} "
        next += f"fast-import --quiet && git -C {top} reset --hard"
    elif "refstorage" in error.lower():
        what, next = (
            "is a reftable, which libgit2 cannot read",
            "git refs migrate --ref-format=files",
        )
    else:
        what, next = f"cannot be opened: {error}", "use a repository without that extension"
    return Refused(f"this repository {what}", where=where, next=next)


def _not_found(directory: Path) -> Refused:
    """Why there is no repository: nobody made one, or a `.git` file leads nowhere."""
    for place in (directory, *directory.parents):
        if (place / ".git").is_file():
            return Refused(
                "the .git file leads to no repository: it was moved or deleted",
                where=str(place / ".git"),
                next=f"git -C MAIN-WORKTREE worktree repair {shlex.quote(str(place))}",
            )
    return Refused(
        "not a git repository",
        where=str(directory),
        next='git init && git add --all && git commit -m "Start"',
    )


def _no_project(start: Path) -> Refused:
    return Refused(
        f"not a project of aegis: no {RECORD} here or above",
        where=str(start),
        next="aegis init PATH, or cd into the project",
    )
