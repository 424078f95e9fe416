"""A git repository, read through pygit2: its place, and the operation in progress."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pygit2
from pygit2.enums import SortMode

from aegis_patch.errors import Refused
from aegis_patch.objects import scratch
from aegis_patch.project import git

_UNDER_WAY = {
    "rebase-merge": "rebase",
    "rebase-apply/applying": "am",
    "rebase-apply": "rebase",
    "MERGE_HEAD": "merge",
    "REVERT_HEAD": "revert",
    "CHERRY_PICK_HEAD": "cherry-pick",
    "BISECT_LOG": "bisect",
}
"""What git leaves in its directory during an operation. The first one that exists decides."""

_UNREADABLE = (
    # libgit2's complaint, what it means, and what to type
    (
        "malformed",
        "has a .git file that git can't read",
        "Where is its git directory? Write `gitdir: PATH` into .git",
    ),
    (
        "'sha256'",
        "has SHA-256 objects, which libgit2 can't read",
        "git init {sha1} && git fast-export --all --signed-tags=strip "
        "| git -C {sha1} fast-import --quiet && git -C {sha1} reset --hard",
    ),
    (
        "refstorage",
        "uses reftable, which libgit2 can't read",
        "git refs migrate --ref-format=files",
    ),
)


def prefix_of(top: Path, directory: Path) -> str:
    """Where a directory is in a repository; "" is the top."""
    below = directory.relative_to(top.resolve())
    return below.as_posix() if below.parts else ""


def within(prefix: str, path: str) -> str:
    """Where a path below a directory of a repository is in that repository."""
    return f"{prefix}/{path}" if prefix else path


def open_repository(directory: Path) -> pygit2.Repository:
    """The repository that a directory is in.

    Raises:
        Refused: there is none, or it is of a kind that libgit2 cannot read, or lacks objects.
    """
    try:
        repo = pygit2.Repository(str(directory))  # its worktree is where `.git` is, file or not
    except (pygit2.GitError, KeyError) as error:
        if "not found" in str(error):
            raise _not_found(directory) from error
        raise _unreadable(directory, str(error)) from error
    _refuse_elsewhere(repo, directory)
    _refuse_partial(repo, directory)
    return repo


def operation(repo: pygit2.Repository) -> str:
    """The git command that is in progress; "" for none."""
    there = Path(repo.path)
    return next((verb for mark, verb in _UNDER_WAY.items() if (there / mark).exists()), "")


def under_way(repo: pygit2.Repository) -> tuple[str, str]:
    """The operation in progress and the commands that end it; two empty strings for none."""
    verb = operation(repo)
    if not verb:
        return "", ""
    if verb == "bisect":
        return "a bisect", "git bisect reset"
    what = "a git am" if verb == "am" else f"a {verb}"
    return what, f"Finish or undo it? `git {verb} --continue` or `git {verb} --abort`"


def commits(repo: pygit2.Repository, head: pygit2.Oid) -> Iterator[pygit2.Commit]:
    """The commits reachable from `head`, newest first, children before parents."""
    yield from repo.walk(head, SortMode.TOPOLOGICAL | SortMode.TIME)


def last_commit(repo: pygit2.Repository) -> pygit2.Commit | None:
    """The commit at HEAD; None where there is none yet.

    Raises:
        Refused: it can't be read, as after a power cut.
    """
    try:
        if repo.head_is_unborn:
            return None
        commit = repo.head.peel(pygit2.Commit)
        return commit if commit.tree is not None else None  # which reads it
    except (pygit2.GitError, KeyError) as error:
        what = f"This repository is damaged: its last commit can't be read ({error})."
        raise Refused(what, where=repo.path, next="git fsck --full") from error


def ignores_case(repo: pygit2.Repository) -> bool:
    """Whether the file system takes `readme` for `README`, as git noted in the configuration."""
    name = "core.ignorecase"
    return name in _settings(repo, "ignorecase") and repo.config.get_bool(name)


def look_at_disk(path: Path) -> str:
    """A command that shows the permissions and the free space at `path`, present or not."""
    places = filter(os.path.exists, (path, *path.parents))  # not Path's, which may raise
    shown = shlex.quote(str(next(places, Path())))
    return f"ls -ld {shown} && df -h {shown}"


def of_system(error: OSError) -> Refused:
    """The refusal for an error of the operating system."""
    missing = isinstance(error, FileNotFoundError)
    if missing and error.filename == "git":
        return Refused(
            "git isn't installed, or not on your PATH.",
            next="Which system? `apt install git`, `dnf install git` or `brew install git`",
        )
    if missing and not error.filename:
        return Refused("Your current directory was deleted.", next="cd ~")
    in_store = "" if error.errno else scratch.disk()  # git's library says neither file nor number
    path = str(error.filename or in_store)
    return Refused(error.strerror or str(error), where=path, next=look_at_disk(Path(path)))


def _settings(repo: pygit2.Repository, word: str) -> set[str]:
    """Names of all settings; none if the repository's own file has no such word or include."""
    file = git.common(Path(repo.path)) / "config"
    text = file.read_text(errors="replace").lower() if file.exists() else ""
    if word not in text and "include" not in text:
        return set()
    return {entry.name for entry in repo.config}


def _refuse_partial(repo: pygit2.Repository, directory: Path) -> None:
    for name in _settings(repo, "partialclonefilter"):
        if partial := re.fullmatch(r"remote\.(.+)\.partialclonefilter", name):
            setting, remote = (shlex.quote(name) for name in partial.group(0, 1))
            raise Refused(
                "This partial clone lacks objects that a merge needs.",
                where=str(directory),
                next=f"git config --unset {setting} && git fetch --refetch {remote}",
            )


def _refuse_elsewhere(repo: pygit2.Repository, directory: Path) -> None:
    """Refuse a repository whose worktree git expects elsewhere."""
    place = directory.resolve()
    known = (repo.workdir or place, repo.path)
    if any(place.is_relative_to(Path(each).resolve()) for each in known):
        return
    moved = (Path(repo.path) / "gitdir").exists()
    raise _elsewhere(directory, repo.workdir, "worktree repair" if moved else "")


def _elsewhere(directory: Path, worktree: str | None, command: str = "") -> Refused:
    """The refusal of a repository whose worktree git expects in another directory."""
    command = command or "config --unset core.worktree"
    return Refused(
        f"git expects this repository's worktree at {worktree}.",
        where=str(directory),
        next=f"git -C {shlex.quote(str(directory.resolve()))} {command}",
    )


def _unreadable(directory: Path, error: str) -> Refused:
    """The refusal of a repository that libgit2 can't open."""
    config = shlex.quote(f"{directory}/.git/config")
    what = f"can't be opened ({error})"
    remedy = f"git config --file {config} --get-regexp ^extensions"
    for word, meaning, command in _UNREADABLE:
        if word in error.lower():
            what = meaning
            remedy = command.format(sha1=shlex.quote(f"{directory}-sha1"))
    if "reftable" in what and (git.common(git.git_dir(directory)) / "worktrees").exists():
        remedy = f"Remove linked worktrees first? `git worktree remove PATH`, then `{remedy}`"
    if "is not owned" in error:
        here = directory.resolve()
        around = (place for place in (here, *here.parents) if (place / ".git").exists())
        worktree = next(around, here)
        what = "belongs to another user"
        remedy = f"git config --global --add safe.directory {shlex.quote(str(worktree))}"
    return Refused(f"This repository {what}.", where=str(directory), next=remedy)


def _not_found(directory: Path) -> Refused:
    """The refusal without a repository, or if a `.git` file or `core.worktree` leads nowhere."""
    for place in (directory, *directory.parents):
        with suppress(pygit2.GitError, KeyError, OSError):
            worktree = pygit2.Config(str(place / ".git/config"))["core.worktree"] or ""
            if not (place / ".git" / worktree).is_dir():
                return _elsewhere(place, worktree)
        if (place / ".git").is_file():
            return Refused(
                "This .git file leads to no repository; it was moved or deleted.",
                where=str(place / ".git"),
                next="Where is the main worktree? "
                f"`git -C MAIN-WORKTREE worktree repair {shlex.quote(str(place))}`",
            )
    return Refused(
        "Not a git repository.",
        where=str(directory),
        next='git init && git add --all && git commit -m "Start"',
    )
