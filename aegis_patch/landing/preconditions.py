"""Preconditions: a verb is refused before it could overwrite the user's work."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath

import pygit2

from aegis_patch.errors import Refused
from aegis_patch.landing import journal, land, locks
from aegis_patch.landing.land import Pick
from aegis_patch.objects.trees import Tree
from aegis_patch.project import git, repository


def verb(repo: pygit2.Repository, root: Path) -> None:
    """Refuse to start a verb where it could not finish.

    Raises:
        Refused: HEAD is detached, an operation is under way, or paths are unmerged.
    """
    what, remedy = repository.under_way(repo)
    if what:
        raise Refused(f"{what.capitalize()} is in progress.", where=str(root), next=remedy)
    if repo.head_is_detached:
        raise Refused(
            "You're not on a branch (detached HEAD).",
            where=str(root),
            next="Which branch? `git switch BRANCH`, or a new one: `git switch -c NEW-BRANCH`",
        )
    locks.refuse_locked(repo)
    unmerged = git.run(root, "ls-files", "--unmerged", "-z", "--full-name", ":/")
    if unmerged:
        path = unmerged.split("\0")[0].partition("\t")[2]
        what = "This file has an unresolved conflict. Resolve it, git add it and commit."
        raise Refused(what, where=path, next="git status")


def author(directory: Path) -> None:
    """Refuse to commit if git doesn't know the author.

    Raises:
        Refused: it does not.
    """
    if not land.author(directory):
        raise Refused(
            "git doesn't know who you are.",
            where=str(directory),
            next='Who are you? `git config user.name "NAME" && git config user.email "EMAIL"`',
        )


def files(
    repo: pygit2.Repository,
    before: Tree,
    after: Tree,
    pick: Pick | None = None,
) -> dict[str, str]:
    """Refuse to overwrite uncommitted work; the mark of each file to be written.

    Raises:
        Refused: a path to be written has an uncommitted change, something untracked is in its
            way, or one of its parents is a link.
    """
    top = Path(repo.workdir)
    awaiting = pick.stages.keys() if pick else set[str]()
    paths = {*before.changed(after)}
    paths.update(path for path in awaiting if path in after)
    seen = {path: journal.mark(top / path) for path in sorted(paths)}  # before git looks
    blocked = _in_the_way(before, top, paths)
    blocked |= _loose(before, top, awaiting - paths)
    if blocked:
        first = _typed([min(blocked)])
        raise Refused(
            "An untracked file or a link is where aegis would write.",
            where=", ".join(sorted(blocked)),
            next=f"git add --force {first} && git commit -m 'Mine' -- {first}",
        )
    if changed := git.uncommitted(top, [*seen], Path(before.store.path) / "index-of-the-project"):
        raise _uncommitted(top, changed)
    return seen


def index(repo: pygit2.Repository) -> None:
    """Refuse to enter a conflict over other staged work.

    Raises:
        Refused: something is staged, which `git cherry-pick --abort` would throw away.
    """
    top = Path(repo.workdir)
    said = git.run(top, "diff-index", "--cached", "--name-only", "-z", "HEAD")
    # A file added with --intent-to-add is in no diff of HEAD and the index.
    said += git.run(top, "diff-files", "--name-only", "--diff-filter=A", "-z")
    staged = [path for path in said.split("\0") if path]
    if staged:
        raise Refused(
            "This ends in conflicts, and git cherry-pick --abort would drop your staged changes.",
            where=", ".join(staged),
            next="Commit or stash them? `git commit -m Mine` or `git stash`",
        )


def is_taken(top: Path, path: str) -> bool:
    """Whether something is where a new file is to come, or one of its parents is no directory."""
    return os.path.lexists(top / path) or bool([*_bad_parents(top, path)])


def _uncommitted(top: Path, changed: Mapping[str, str]) -> Refused:
    """The refusal over uncommitted changes, and the command that puts them away."""
    # In a sparse checkout, git stash refuses some paths, and git stash pop loses their changes.
    sparse = git.setting(top, "core.sparseCheckout", "--type=bool") == "true"
    unseen = "-c core.fsmonitor=false " if git.setting(top, "core.fsmonitor") else ""
    put_away = unseen + ("commit -m Mine" if sparse else "stash push")
    flagged = sorted(path for path, letter in changed.items() if letter != "H")
    if not flagged:
        return Refused(
            "Commit or stash these first; aegis needs to edit them.",
            where=", ".join(sorted(changed)),
            next=f"git {put_away} -- {_typed(sorted(changed))}",
        )
    letters = {changed[path] for path in flagged}
    marks = ["skip-worktree"] * bool(letters & {"S", "s"})
    marks += ["assume-unchanged"] * bool(letters & {"h", "s"})
    here = f"git -C {shlex.quote(str(top))}"
    files = " ".join(map(shlex.quote, flagged))
    steps = [f"{here} update-index --no-{mark} -- {files}" for mark in marks]
    return Refused(
        f"Commit or stash these first; you changed them and marked them {' or '.join(marks)}.",
        where=", ".join(flagged),
        next=" && ".join([*steps, f"{here} {put_away} -- {files}"]),
    )


def _typed(paths: Sequence[str]) -> str:
    # From wherever the user stands in the repository, and as a shell takes it.
    return " ".join(shlex.quote(f":/{path}") for path in paths)


def _in_the_way(head: Tree, top: Path, paths: Iterable[str]) -> set[str]:
    """Untracked files where aegis would write."""
    found = set[str]()
    for path in paths:
        found.update(_bad_parents(top, path))
        if path not in head and os.path.lexists(top / path):
            found.add(path)
    return found


def _loose(head: Tree, top: Path, paths: Iterable[str]) -> set[str]:
    """Files that are not in git, at paths that await a person: `--abort` would take them away."""
    found = set[str]()
    for path in paths:
        is_file = (top / path).is_symlink() or (top / path).is_file()
        if is_file and path not in head and not _bad_parents(top, path):
            found.add(path)
    return found


def _bad_parents(top: Path, path: str) -> list[str]:
    """The parents of a path that are no directories."""
    parents = [parent.as_posix() for parent in PurePosixPath(path).parents][:-1]
    return [each for each in parents if (top / each).is_symlink() or (top / each).is_file()]
