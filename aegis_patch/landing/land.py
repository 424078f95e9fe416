"""Landing: a result in the scratch store becomes commits, or a conflict in git's own state.

Git makes the commits, the files and the index, in a directory of their own, so that its filters,
sparse checkouts and hooks' environment apply. Then `journal` moves all of it into place; unrelated
staged, unstaged and untracked work stays as it is.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pygit2

from aegis_patch.errors import AegisError, Refused
from aegis_patch.landing import commits, journal, locks
from aegis_patch.landing.commits import AS_PLACEHOLDER, PLACEHOLDER, Draft, Pick
from aegis_patch.landing.journal import Landing
from aegis_patch.landing.room import Room
from aegis_patch.project import git, repository

if TYPE_CHECKING:
    from aegis_patch.objects.trees import Entry, Tree

_ABSENT = "0" * 40
_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_REFRESH = ("add", "--refresh", "--pathspec-from-file=-", "--pathspec-file-nul")


def land(
    repo: pygit2.Repository,
    head: pygit2.Oid | None,
    before: Tree,
    drafts: Sequence[Draft],
    pick: Pick | None = None,
    *,
    seen: Mapping[str, str],
    held: int,
) -> list[str]:
    """Make commits on the current branch, then enter a conflict: all of it, or nothing.

    `before` is HEAD's tree, or the empty one. `seen` is what `preconditions.files` returned, `held`
    what `journal.alone` did. The ids, oldest first.

    Raises:
        Refused: a file, the index or HEAD was changed meanwhile, or something can't be
            written.
    """
    known = git.variables(Path(repo.workdir))
    is_known = head or commits.knows_author(Path(repo.workdir), known)
    room = Room(repo, held, known, {} if is_known else AS_PLACEHOLDER)
    with _refusing(repo):
        ids, landing = _stage(room, head, before, drafts, pick, seen)
        _move(room, landing)
    return ids


def on_branch(
    repo: pygit2.Repository, head: pygit2.Oid, before: Tree, drafts: Sequence[Draft], branch: str
) -> list[str]:
    """Make commits on a new branch without checking out a file. The ids, oldest first.

    Raises:
        Refused: the branch can't be made, or something can't be written.
    """
    with _refusing(repo), journal.alone(repo) as held:
        room = Room(repo, held, git.variables(Path(repo.workdir)), {})
        ids, needed = commits.made(room, str(head), before, drafts)
        with journal.staging(repo):
            room.pack(needed)
            words = ("-m", "aegis: Created", f"refs/heads/{branch}", ids[-1], _ABSENT)
            try:
                git.run(room.top, "update-ref", *words, held=held)
            except Refused as error:
                if branch in repo.branches.local:  # since a moment ago, of another project there
                    error.what = f"Branch {branch} already exists."
                error.next = "Which name instead? `aegis fleet update . --branch NAME`"
                raise
        journal.clear(repo)
    return ids


def without_commit(
    repo: pygit2.Repository,
    head: pygit2.Oid,
    files: Mapping[str, Entry | None],
    *,
    seen: Mapping[str, str],
    held: int,
) -> None:
    """Write files into the worktree and the index, or delete them (None), without a commit.

    `seen` is a print of each, taken before its content was read.

    Raises:
        Refused: a file, the index or HEAD was changed meanwhile, or something can't be
            written.
    """
    room = Room(repo, held, {}, {})
    with _refusing(repo):
        _move(room, _stage_without_commit(room, str(head), files, seen))


@contextmanager
def _refusing(repo: pygit2.Repository) -> Iterator[None]:
    """Refuse if the system lets us write nothing."""
    try:
        yield
    except (OSError, pygit2.GitError) as error:
        where = journal.failed_path(repo, error)
        what = f"{getattr(error, 'strerror', None) or error}; nothing was changed"
        raise Refused(what, where=where, next=repository.look_at_disk(Path(where))) from error


def _stage(
    room: Room,
    head: pygit2.Oid | None,
    before: Tree,
    drafts: Sequence[Draft],
    pick: Pick | None,
    seen: Mapping[str, str],
) -> tuple[list[str], Landing]:
    repo = room.repo
    old = str(head) if head else ""
    ids, needed = commits.made(room, old, before, drafts, pick)
    picked = ids.pop() if pick else ""
    parent = ids[-1] if ids else old
    tree = commits.files_after(drafts, pick)
    with journal.staging(repo) as index:
        room.pack(needed)
        paths = before.changed(tree)
        _write_files(room, before, tree, paths, _absent(before, paths, seen))
        if pick:
            to_come = _absent(tree, pick.stages, seen)  # a person needs them
            _write_again(room, to_come)
            paths = tuple(sorted({*paths, *to_come}))
            _write_pick(room, pick, picked)
    new = room.new
    files = {path: (seen.get(path, ""), journal.mark(new / path)) for path in paths}
    subject = (drafts[-1] if drafts or not pick else pick.draft).message.partition("\n")[0]
    return ids, Landing(subject, journal.branch(repo), old, parent, index, files)


def _stage_without_commit(
    room: Room, head: str, files: Mapping[str, Entry | None], seen: Mapping[str, str]
) -> Landing:
    there = {path: entry for path, entry in files.items() if entry}
    with journal.staging(room.repo) as index:
        room.pack({entry.id: entry.store for entry in there.values()})
        _write_index(room, {path: (entry,) for path, entry in files.items()}, 0)
        _write_again(room, [*there])
    new = room.new
    marks = {path: (seen[path], journal.mark(new / path)) for path in files}
    branch = journal.branch(room.repo)
    return Landing("the merge of git's conflicts", branch, head, head, index, marks)


def _absent(tree: Tree, paths: Iterable[str], seen: Mapping[str, str]) -> list[str]:
    """Those of some paths that a tree has, and that the worktree lacked when it was looked at."""
    return [path for path in paths if not seen.get(path) and path in tree]


def _write_files(
    room: Room, before: Tree, after: Tree, paths: Sequence[str], absent: Iterable[str]
) -> None:
    """Have git make the new index, and the new files as a checkout writes them.

    Files that the user skipped (skip-worktree) and that are absent stay absent.
    """
    off: dict[str, str] = {}
    filters = set[str]()
    if any(name.startswith("filter.") for name in room.known):
        filters = {*git.attributes(room.top, "filter", paths).values()} - {"set", "unset"}
    for name in filters:
        off |= {f"filter.{name}.required": "false", f"filter.{name}.process": ""}
    # Git walks two trees, and keeps what neither of them has.
    was, now = (tree.within(after.store).only(paths) for tree in (before, after))
    env = {**git.settings(off), **git.seeing([Path(after.store.path, "objects")])}
    room.git(room.new, "read-tree", "-m", "-u", str(was), str(now), env=env)
    for path in absent:  # without a sparse checkout, git writes them all the same
        (room.new / path).unlink(missing_ok=True)
    if filters:
        _write_again(room, [path for path in paths if os.path.lexists(room.new / path)])


def _write_again(room: Room, paths: Sequence[str]) -> None:
    """Have git write files from the directory where the user's filter commands expect to run.

    The index has to forget them first, or git would take the files for done or not wanted.
    """
    if not paths:
        return
    entries = room.git(room.top, "ls-files", "--stage", "-z", "--", *paths)
    room.git(room.top, "update-index", "-z", "--index-info", stdin=entries)
    words = ("checkout-index", "--force", "-z", "--stdin", f"--prefix={room.new}/")
    room.git(room.top, *words, stdin=_listed(paths))


def _listed(paths: Iterable[str]) -> str:
    return "".join(f"{path}\0" for path in paths)


def _write_pick(room: Room, pick: Pick, commit: str) -> None:
    _write_index(room, pick.stages, 1)
    place = journal.room(room.repo)
    (place / "logs").mkdir()
    name, email = PLACEHOLDER
    log = f"{_ABSENT} {commit} {name} <{email}> {int(time.time())} +0000\taegis: pick\n"
    for file, text in zip(journal.PICKED, (pick.draft.message, log, f"{commit}\n"), strict=True):
        (place / file).write_text(text, encoding="utf-8")


def _write_index(room: Room, files: Mapping[str, Sequence[Entry | None]], stage: int) -> None:
    """Put these sides of some files into the index, the first of each at a stage."""
    lines = ""
    for path, sides in files.items():
        lines += f"0 {_ABSENT}\t{path}\0"
        for number, side in enumerate(sides, stage):
            if side:
                lines += f"{side.mode:o} {side.id} {number}\t{path}\0"
    room.git(room.top, "update-index", "-z", "--index-info", stdin=lines)


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Moving takes milliseconds: no signal ends it, and Ctrl-C doesn't reach git."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {each: signal.signal(each, signal.SIG_IGN) for each in _ENDING}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@_uninterrupted()
def _move(room: Room, landing: Landing) -> None:
    """Move a staged landing into place, or undo it."""
    repo = room.repo
    try:
        journal.begin(repo, landing)
        journal.swap(repo, landing)
        _refresh(room, landing)
        if landing.new == landing.old:
            journal.enter(repo)
        else:
            words = ("HEAD", landing.new, landing.old or _ABSENT)
            message = f"aegis: {landing.subject}"
            try:
                git.run(room.top, "update-ref", "-m", message, *words, held=room.held)
            except Refused as error:
                said = f"git couldn't move the branch, so nothing was changed: {error.what}"
                error.what = said
                raise
            # The disk may fail as git removes its lock, and git is silent.
            if Path(repo.path, "HEAD.lock").exists():
                locks.free_refs(repo, landing.refs, landing.new)
    except (AegisError, OSError):
        locks.free_refs(repo, landing.refs, landing.new)
        if not journal.settle(repo, landing):  # git can be killed after it moved the branch
            raise
    else:
        journal.settle(repo, landing)


def _refresh(room: Room, landing: Landing) -> None:
    # A rename changes a file's ctime, which would make git read each of them again.
    there = [path for path, (_, now) in landing.files.items() if now]
    try:
        room.git(room.top, *_REFRESH, stdin=_listed(there))
    except Refused:  # it fails where some are marked skip-worktree, and leaves those as they are
        _refresh_skipped(room, there)


def _refresh_skipped(room: Room, paths: Sequence[str]) -> None:
    # When it checks out another commit, git compares them with the disk: other times make it
    # refuse.
    lines = room.git(room.top, "ls-files", "-t", "--stage", "-z", "--", *paths).split("\0")
    entries = [line.removeprefix("S ") for line in lines if line.startswith("S ")]
    skipped = _listed(entry.partition("\t")[2] for entry in entries)
    room.git(room.top, "update-index", "-z", "--index-info", stdin=_listed(entries))
    with suppress(Refused):
        room.git(room.top, *_REFRESH, "--sparse", stdin=skipped)
    room.git(room.top, "update-index", "--skip-worktree", "-z", "--stdin", stdin=skipped)
