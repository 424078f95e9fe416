"""Landing: what was built in the scratch store becomes commits, or a conflict that git guides.

Git makes the commits, the files and the index, in a room of their own, so that its filters, sparse
checkouts and hooks' environment apply. Then `journal` moves all of it into place, as one; unrelated
staged, unstaged and untracked work stays as it is.
"""

from __future__ import annotations

import itertools
import os
import signal
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pygit2
from pygit2.enums import FileMode

from aegis_patch.errors import AegisError, Refused
from aegis_patch.landing import journal, locks
from aegis_patch.landing.journal import Landing
from aegis_patch.objects import trees
from aegis_patch.objects.trees import Entry
from aegis_patch.project import git

PLACEHOLDER = ("aegis", "aegis@localhost.invalid")
_PLACEHOLDERS = {
    f"GIT_{who}_{what}": value
    for who in ("AUTHOR", "COMMITTER")
    for what, value in zip(("NAME", "EMAIL"), PLACEHOLDER, strict=True)
}
_ABSENT = "0" * 40


@dataclass(frozen=True, slots=True)
class Draft:
    """A commit that is not made yet: its message, and the whole repository's tree."""

    message: str
    tree: pygit2.Oid


@dataclass(frozen=True, slots=True)
class Pick:
    """A conflict to be entered as git's own cherry-pick.

    `worktree` is the draft's tree with both sides marked; `stages` has base, ours and theirs of
    each path that awaits a person.
    """

    draft: Draft
    worktree: pygit2.Oid
    stages: Mapping[str, tuple[Entry | None, Entry | None, Entry | None]]


def author(directory: Path) -> bool:
    """Whether git knows who commits here."""
    try:
        git.run(directory, "var", "GIT_AUTHOR_IDENT")
        git.run(directory, "var", "GIT_COMMITTER_IDENT")
    except Refused:
        return False
    return True


def land(
    repo: pygit2.Repository,
    store: pygit2.Repository,
    head: pygit2.Oid | None,
    drafts: Sequence[Draft],
    pick: Pick | None = None,
    *,
    seen: Mapping[str, str],
    held: int,
) -> list[str]:
    """Make commits on the current branch, then enter a conflict: all of it, or nothing.

    `seen` is what `preconditions.files` returned, `held` what `journal.alone` did. The ids, oldest
    first.

    Raises:
        Refused: a file, the index or HEAD was changed meanwhile, or something cannot be written.
    """
    try:
        ids, landing = _stage(repo, store, head, drafts, pick, seen, held)
        with _uninterrupted():
            _move(repo, landing, held)
    except (OSError, pygit2.GitError) as error:
        raise Refused(
            f"{getattr(error, 'strerror', None) or error}; nothing was changed",
            where=str(getattr(error, "filename", None) or repo.workdir),
            next="see that you may write there and that there is room, then run this again",
        ) from error
    return ids


def _stage(
    repo: pygit2.Repository,
    store: pygit2.Repository,
    head: pygit2.Oid | None,
    drafts: Sequence[Draft],
    pick: Pick | None,
    seen: Mapping[str, str],
    held: int,
) -> tuple[list[str], Landing]:
    # Nothing points to the commits yet, and nobody looks into the room.
    before = store[head].peel(pygit2.Tree).id if head else store.TreeBuilder().write()
    old = str(head) if head else ""
    ids: list[str] = []
    tree, parent = before, old
    made_by = {} if head or author(Path(repo.workdir)) else _PLACEHOLDERS
    for draft in drafts:
        copy(store, repo, draft.tree, tree)
        tree, parent = draft.tree, _commit(repo, draft, parent, made_by)
        ids.append(parent)
    try:
        index = journal.make_room(repo)
        if pick:
            _copy_pick(repo, store, pick, tree)
            tree = pick.worktree
        paths = trees.changed(store, before, tree)
        _write_files(repo, before, tree, paths, _absent(store, before, paths, seen), held)
        if pick:
            to_come = _absent(store, tree, pick.stages, seen)  # a person needs them
            _write_again(repo, to_come, held)
            paths = tuple(sorted({*paths, *to_come}))
            _write_pick(repo, pick, _commit(repo, pick.draft, parent, made_by), held)
    except BaseException:
        journal.clear(repo)
        raise
    new = journal.store(repo) / "new"
    files = {path: (seen.get(path, ""), journal.mark(new / path)) for path in paths}
    subject = (drafts[-1] if drafts or not pick else pick.draft).message.partition("\n")[0]
    return ids, Landing(subject, journal.branch(repo), old, parent, index, files)


def _absent(
    store: pygit2.Repository, tree: pygit2.Oid, paths: Iterable[str], seen: Mapping[str, str]
) -> list[str]:
    """Those of some paths that a tree has, and the worktree had not when it was looked at."""
    return [path for path in paths if not seen.get(path) and trees.lookup(store, tree, path)]


def _write_files(
    repo: pygit2.Repository,
    before: pygit2.Oid,
    after: pygit2.Oid,
    paths: Sequence[str],
    absent: Iterable[str],
    held: int,
) -> None:
    """Have git make the index to be, and the files to come as a checkout would write them.

    Absent files were skipped by the user (skip-worktree), and stay so.
    """
    new = journal.store(repo) / "new"
    filters = {*git.attributes(Path(repo.workdir), "filter", paths).values()} - {"set", "unset"}
    lax = {f"filter.{name}.required": "false" for name in filters}
    none = git.settings({**lax, **{f"filter.{name}.process": "" for name in filters}})
    _aside(repo, new, held, "read-tree", "-m", "-u", str(before), str(after), env=none)
    for path in absent:  # without a sparse checkout, git writes them all the same
        (new / path).unlink(missing_ok=True)
    if filters:
        _write_again(repo, [path for path in paths if os.path.lexists(new / path)], held)


def _write_again(repo: pygit2.Repository, paths: Sequence[str], held: int) -> None:
    # Once more, from the directory where the commands of the user's filters are at home. The index
    # has to forget the first time, or git would take the files for done or not wanted.
    if not paths:
        return
    top, new = Path(repo.workdir), journal.store(repo) / "new"
    entries = _aside(repo, top, held, "ls-files", "--stage", "-z", "--", *paths)
    _aside(repo, top, held, "update-index", "-z", "--index-info", stdin=entries)
    words = ("checkout-index", "--force", "-z", "--stdin", f"--prefix={new}/")
    _aside(repo, top, held, *words, stdin="".join(f"{path}\0" for path in paths))


def _copy_pick(
    repo: pygit2.Repository, store: pygit2.Repository, pick: Pick, known: pygit2.Oid
) -> None:
    # Every side too, so that nothing in the project's index is missing later.
    copy(store, repo, pick.draft.tree, known)
    copy(store, repo, pick.worktree, known)
    for side in itertools.chain.from_iterable(pick.stages.values()):
        if side:
            copy_blob(store, repo, side.id)


def _write_pick(repo: pygit2.Repository, pick: Pick, commit: str, held: int) -> None:
    room, lines = journal.room(repo), []
    for path, sides in pick.stages.items():
        lines.append(f"0 {_ABSENT}\t{path}\0")
        lines += [
            f"{side.mode:o} {side.id} {stage}\t{path}\0"
            for stage, side in enumerate(sides, start=1)
            if side
        ]
    words = ("update-index", "-z", "--index-info")
    _aside(repo, Path(repo.workdir), held, *words, stdin="".join(lines))
    (room / "MERGE_MSG").write_text(pick.draft.message, encoding="utf-8")
    (room / "CHERRY_PICK_HEAD").write_text(f"{commit}\n", encoding="utf-8")


def _aside(
    repo: pygit2.Repository,
    worktree: Path,
    held: int,
    *args: str,
    stdin: str = "",
    env: Mapping[str, str] | None = None,
) -> str:
    """Run git on the index in the room, with the files of some directory."""
    env = {
        **(env or {}),
        "GIT_DIR": repo.path,
        "GIT_WORK_TREE": str(worktree),
        "GIT_INDEX_FILE": str(journal.room(repo) / "index"),
        "GIT_LITERAL_PATHSPECS": "1",
    }
    data = stdin.encode("utf-8", "surrogateescape")
    try:
        return git.run(worktree, *args, stdin=data, env=env, held=held)
    except git.FilterFailed:
        raise
    except Refused as error:
        raise Refused(
            f"git could not write the files, nothing was changed: {error.what}",
            where=str(worktree),
            next="see that you may write there and that there is room, then run this again",
        ) from error


def _move(repo: pygit2.Repository, landing: Landing, held: int) -> None:
    """Put in place what is staged, or put all back."""
    top = Path(repo.workdir)
    try:
        journal.begin(repo, landing)
        journal.swap(repo, landing)
        _refresh(repo, landing, held)
        if landing.new == landing.old:
            journal.enter(repo)
        else:
            refs = ("HEAD", landing.new, landing.old or _ABSENT)
            git.run(top, "update-ref", "-m", f"aegis: {landing.subject}", *refs, held=held)
            if locks.is_head_locked(repo):  # the disk failed as git removed it, and git is silent
                locks.free_refs(repo, landing.refs, landing.new)
    except (AegisError, OSError):
        locks.free_refs(repo, landing.refs, landing.new)
        if not journal.settle(repo, landing):  # git can be killed after it moved the branch
            raise
    else:
        journal.settle(repo, landing)


def _refresh(repo: pygit2.Repository, landing: Landing, held: int) -> None:
    # A rename changes a file's ctime, which would make git read each of them again.
    there = "".join(f"{path}\0" for path, (_, now) in landing.files.items() if now)
    words = ("add", "--refresh", "--pathspec-from-file=-", "--pathspec-file-nul")
    with suppress(Refused):
        _aside(repo, Path(repo.workdir), held, *words, stdin=there)


def copy(
    store: pygit2.Repository,
    repo: pygit2.Repository,
    tree: pygit2.Oid,
    known: pygit2.Oid | None,
) -> None:
    """Copy what a tree needs into a repository, apart from what is in the `known` tree."""
    before = {e.name: (e.id, e.filemode) for e in store[known].peel(pygit2.Tree)} if known else {}
    for entry in store[tree].peel(pygit2.Tree):
        was, mode = before.get(entry.name, (None, None))
        if entry.id == was or entry.filemode == FileMode.COMMIT:
            continue
        if entry.filemode == FileMode.TREE:
            copy(store, repo, entry.id, was if mode == FileMode.TREE else None)
        else:
            copy_blob(store, repo, entry.id)
    copy_blob(store, repo, tree)


def copy_blob(store: pygit2.Repository, repo: pygit2.Repository, oid: pygit2.Oid) -> None:
    """Copy one object, unless it is there."""
    if oid not in repo.odb:
        kind, data = store.odb.read(oid)
        repo.odb.write(kind, data)


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Moving takes milliseconds: a Ctrl-C waits until it is over, and git is out of its reach."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _commit(repo: pygit2.Repository, draft: Draft, parent: str, made_by: Mapping[str, str]) -> str:
    top = Path(repo.workdir)
    options = ["-S"] if git.setting(top, "commit.gpgSign", "--type=bool") == "true" else []
    if parent:
        options += ["-p", parent]
    words = ("commit-tree", *options, "-F", "-", str(draft.tree))
    env = {**made_by, **git.settings({"i18n.commitEncoding": "UTF-8"})}
    return git.run(top, *words, stdin=draft.message.encode(), env=env).strip()
