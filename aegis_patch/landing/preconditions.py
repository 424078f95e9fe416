"""What a verb is refused for before it does anything: it would meet yours."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import pygit2

from aegis_patch.errors import Refused
from aegis_patch.landing import journal, land, locks
from aegis_patch.landing.land import Pick
from aegis_patch.objects import trees
from aegis_patch.project import git, repository


def verb(repo: pygit2.Repository, root: Path) -> None:
    """Refuse to start a verb where it could not finish.

    Raises:
        Refused: HEAD is detached, an operation is under way, or paths are unmerged.
    """
    what, remedy = repository.under_way(repo)
    if what:
        raise Refused(f"{what} is under way", where=str(root), next=remedy)
    if repo.head_is_detached:
        raise Refused(
            "HEAD is detached, a commit would belong to no branch",
            where=str(root),
            next="git switch BRANCH, or git switch -c NEW-BRANCH",
        )
    locks.refuse_locked(repo)
    unmerged = git.run(root, "ls-files", "--unmerged", "-z", "--full-name", ":/")
    if unmerged:
        path = unmerged.split("\0")[0].partition("\t")[2]
        raise Refused("a file is unmerged", where=path, next="resolve it, git add, git commit")


def author(directory: Path) -> None:
    """Refuse to commit where git does not know who does.

    Raises:
        Refused: it does not.
    """
    if not land.author(directory):
        raise Refused(
            "git does not know who you are",
            where=str(directory),
            next='git config user.name "…" && git config user.email "…"',
        )


def files(
    repo: pygit2.Repository,
    store: pygit2.Repository,
    before: pygit2.Oid | None,
    after: pygit2.Oid,
    pick: Pick | None = None,
) -> dict[str, str]:
    """Refuse where landing would meet uncommitted work; a print of each file that it would meet.

    Raises:
        Refused: a path to be written has an uncommitted change, something untracked is in its
            way, or one of its parents is a link.
    """
    top = Path(repo.workdir)
    awaiting = [path for path in pick.stages if trees.lookup(store, after, path)] if pick else []
    paths = sorted({*_changed(store, before, after), *awaiting})
    seen = {path: journal.mark(top / path) for path in paths}  # before git looks
    if blocked := _in_the_way(store, before, top, paths, pick):
        first = _typed(blocked[:1])
        raise Refused(
            "something that is not in git is in the way",
            where=", ".join(blocked),
            next=f"move it away, or commit it: git add --force {first} "
            f"&& git commit -m 'Mine' -- {first}",
        )
    if changed := git.uncommitted(top, paths, Path(store.path) / "index-of-the-project"):
        raise _uncommitted(top, changed)
    return seen


def index(repo: pygit2.Repository) -> None:
    """Refuse to enter a conflict over other staged work.

    Raises:
        Refused: something is staged, which `git cherry-pick --abort` would throw away.
    """
    top = Path(repo.workdir)
    said = git.run(top, "diff-index", "--cached", "--name-only", "-z", "HEAD")
    # What `git add --intent-to-add` was told of is in no diff of HEAD and the index.
    said += git.run(top, "diff-files", "--name-only", "--diff-filter=A", "-z")
    staged = [path for path in said.split("\0") if path]
    if staged:
        raise Refused(
            "this ends in conflicts, and something else is staged",
            where=", ".join(staged),
            next="git commit what is staged, or git stash, then run this again",
        )


def _uncommitted(top: Path, changed: Mapping[str, str]) -> Refused:
    """Why not to go on over uncommitted changes, and how to put them away."""
    # In a sparse checkout, git stash refuses some paths, and git stash pop loses their changes.
    sparse = git.setting(top, "core.sparseCheckout", "--type=bool") == "true"
    unseen = "-c core.fsmonitor=false " if git.setting(top, "core.fsmonitor") else ""
    put_away = unseen + ("commit -m Mine" if sparse else "stash push")
    flagged = sorted(path for path, letter in changed.items() if letter != "H")
    if not flagged:
        return Refused(
            "uncommitted changes in what would be written",
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
        f"aegis needs to edit files that you changed and marked {' or '.join(marks)}",
        where=", ".join(flagged),
        next=" && ".join([*steps, f"{here} {put_away} -- {files}"]),
    )


def _typed(paths: Sequence[str]) -> str:
    # From wherever the user stands in the repository, and as a shell takes it.
    return " ".join(shlex.quote(f":/{path}") for path in paths)


def _changed(
    store: pygit2.Repository, before: pygit2.Oid | None, after: pygit2.Oid
) -> tuple[str, ...]:
    return trees.changed(store, before or store.TreeBuilder().write(), after)


def _in_the_way(
    store: pygit2.Repository,
    head: pygit2.Oid | None,
    top: Path,
    paths: Sequence[str],
    pick: Pick | None,
) -> list[str]:
    """What is not in git where something is to be written, or where it awaits a person.

    There, `git cherry-pick --abort` would take it away.
    """
    created = [path for path in paths if head is None or not trees.lookup(store, head, path)]
    found = {path for path in created if os.path.lexists(top / path)}
    found.update(parent for path in paths for parent in _bad_parents(top, path))
    stages = pick.stages.keys() - set(paths) if pick else ()
    found.update(path for path in stages if _is_loose(store, head, top, path))
    return sorted(found)


def _is_loose(store: pygit2.Repository, head: pygit2.Oid | None, top: Path, path: str) -> bool:
    """Whether a file is there that HEAD does not have, nor anything else in its place."""
    file = top / path
    if not file.is_symlink() and not file.is_file():
        return False
    return not (head and trees.lookup(store, head, path)) and not [*_bad_parents(top, path)]


def _bad_parents(top: Path, path: str) -> Iterable[str]:
    parts = path.split("/")[:-1]
    for count in range(1, len(parts) + 1):
        parent = "/".join(parts[:count])
        if (top / parent).is_symlink() or (top / parent).is_file():
            yield parent
