"""Preconditions: a verb is refused before it could overwrite the user's work."""

from __future__ import annotations

import os
import shlex
import stat
from collections.abc import Iterable, Mapping, Sequence, Set
from pathlib import Path
from typing import TYPE_CHECKING

import pygit2
from pygit2.enums import FileMode

from aegis_patch.errors import Refused
from aegis_patch.landing import journal, locks
from aegis_patch.objects.trees import above
from aegis_patch.project import git, repository, unfinished

if TYPE_CHECKING:
    from aegis_patch.landing.commits import Pick
    from aegis_patch.objects.trees import Tree


def verb(repo: pygit2.Repository, root: Path) -> None:
    """Refuse to start a verb that could not finish.

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
    _refuse_unmerged(unfinished.unmerged(repo))  # of other conflicts, git tells `files`


def _refuse_unmerged(paths: Sequence[str]) -> None:
    if paths:
        what = "This file has an unresolved conflict. Resolve it, git add it and commit."
        raise Refused(what, where=paths[0], next="git status")


def files(
    repo: pygit2.Repository, before: Tree, after: Tree, pick: Pick | None = None
) -> dict[str, str]:
    """Refuse to overwrite uncommitted work; the print of each file to be written.

    Raises:
        Refused: a path to be written has an uncommitted change, something untracked is in its
            way, one of its parents is a link, or some path is unmerged.
    """
    top = Path(repo.workdir)
    awaiting = pick.stages.keys() if pick else set[str]()
    paths = {*before.changed(after)}
    paths.update(path for path in awaiting if path in after)
    seen = {path: journal.mark(top / path) for path in sorted(paths)}  # before git looks
    staged = _staged(repo, before)
    blocked = _bad_parents(top, paths)
    blocked |= {path for path, mark in seen.items() if mark and path not in before}
    blocked |= _loose(before, top, awaiting - paths)
    blocked -= staged & paths  # what is in the index can be stashed
    if blocked:
        raise Refused(
            "An untracked file or a link is where aegis would write.",
            where=", ".join(sorted(blocked)),
            next=_make_room(top, min(blocked)),
        )
    copy = Path(before.store.path) / "index-of-the-project"
    doubtful = [path for path in seen if path in staged or not _is_on_disk(before, top, path)]
    if changed := git.uncommitted(top, doubtful, copy):
        raise _uncommitted(top, changed)
    return seen


def index(repo: pygit2.Repository) -> None:
    """Refuse to enter a conflict over other staged work.

    Raises:
        Refused: something is staged, which `git cherry-pick --abort` would throw away.
    """
    top = Path(repo.workdir)
    said = git.run(top, "diff-index", "--cached", "--name-only", "-z", "HEAD")
    intended = _intended(top)
    if staged := sorted({*said.split("\0"), *intended} - {""}):
        add = _add(intended)
        raise Refused(
            "This ends in conflicts, and git cherry-pick --abort would drop your staged changes.",
            where=", ".join(staged),
            next=f"Commit or stash them? `{add}git commit -m Mine` or `{add}git stash`",
        )


def _intended(top: Path) -> list[str]:
    """The files added with --intent-to-add, which a diff of HEAD and the index can lack."""
    return git.run(top, "diff-files", "--name-only", "--diff-filter=A", "-z").split("\0")[:-1]


def _add(intended: Sequence[str]) -> str:
    """The command that adds them, to run before the one that commits or stashes them."""
    return f"git add -- {_typed(intended)} && " if intended else ""


def _staged(repo: pygit2.Repository, before: Tree) -> Set[str]:
    """The paths that differ between the index and a tree, whatever flags the files have.

    Raises:
        Refused: one of them is unmerged.
    """
    if not (Path(repo.path) / "index").exists():
        return set()
    plain = ("--name-status", "--no-renames", "--ita-visible-in-index", "--ignore-submodules=none")
    said = git.run(Path(repo.workdir), "diff-index", "--cached", "-z", *plain, str(before))
    words = said.split("\0")
    letters = dict(zip(words[1::2], words[0::2], strict=False))
    _refuse_unmerged([path for path, letter in letters.items() if letter == "U"])
    return letters.keys()


def _is_on_disk(before: Tree, top: Path, path: str) -> bool:
    """Whether a file on disk is byte for byte that of a tree: then nothing would be lost.

    If not, it may still be unchanged: through filters, line endings or a sparse checkout.
    """
    committed = before.lookup(path)
    if not committed:
        return not os.path.lexists(top / path)
    return _on_disk(top / path) == (committed.mode, committed.data)


def _on_disk(file: Path) -> tuple[int, bytes]:
    """The mode that git would give to a path, and its bytes; zero if there is no file."""
    try:
        mode = file.lstat().st_mode
        if stat.S_ISLNK(mode):
            return FileMode.LINK, os.fsencode(file.readlink())
        if stat.S_ISREG(mode):
            return FileMode.BLOB_EXECUTABLE if mode & 0o100 else FileMode.BLOB, file.read_bytes()
    except OSError:
        pass  # git says why
    return 0, b""


def is_taken(top: Path, path: str) -> bool:
    """Whether something is in the way of a new file, or one of its parents is no directory."""
    return os.path.lexists(top / path) or bool(_bad_parents(top, [path]))


def _uncommitted(top: Path, changed: Mapping[str, str]) -> Refused:
    """The refusal over uncommitted changes, and the command that puts them away."""
    # In a sparse checkout, git stash refuses some paths, and git stash pop loses their changes.
    sparse = git.setting(top, "core.sparseCheckout", "--type=bool") == "true"
    unseen = "-c core.fsmonitor=false " if git.setting(top, "core.fsmonitor") else ""
    put_away = unseen + ("commit -m Mine" if sparse else "stash push")
    flagged = sorted(path for path, letter in changed.items() if letter != "H")
    if not flagged:
        intended = sorted(changed.keys() & _intended(top))
        return Refused(
            "Commit or stash these first; aegis needs to edit them.",
            where=", ".join(sorted(changed)),
            next=f"{_add(intended)}git {put_away} -- {_typed(sorted(changed))}",
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


def _make_room(top: Path, path: str) -> str:
    """The command that commits a path, or moves it if git can't hold it."""
    place, typed = top / path, _typed([path])
    if any(each.is_symlink() or each.is_file() for each in (place, *place.rglob("*"))):
        return f"git add --force {typed} && git commit -m 'Mine' -- {typed}"
    quoted = shlex.quote(str(place))  # such as the empty directory that Docker mounts for a file
    return f"Move it away? `mv {quoted} {quoted}.mine`"


def _typed(paths: Sequence[str]) -> str:
    # Runs from anywhere in the repository, quoted for a shell.
    return " ".join(shlex.quote(f":/{path}") for path in paths)


def _loose(head: Tree, top: Path, paths: Iterable[str]) -> set[str]:
    """Files outside git at paths that a person has to resolve: `--abort` would delete them."""
    found = set[str]()
    for path in paths:
        is_file = (top / path).is_symlink() or (top / path).is_file()
        if is_file and path not in head and not _bad_parents(top, [path]):
            found.add(path)
    return found


def _bad_parents(top: Path, paths: Iterable[str]) -> set[str]:
    """The parents of some paths that are no directories."""
    parents = {each for path in paths for each in above(path)}
    return {each for each in parents if (top / each).is_symlink() or (top / each).is_file()}
