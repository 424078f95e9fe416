"""Landing: a result in the scratch store becomes commits, or a conflict in git's own state.

Git makes the commits, the files and the index, in a directory of their own, so that its filters,
sparse checkouts and hooks' environment apply. Then `journal` moves all of it into place; unrelated
staged, unstaged and untracked work stays as it is.
"""

from __future__ import annotations

import itertools
import os
import signal
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pygit2
from pygit2.enums import FileMode, ObjectType

from aegis_patch.errors import AegisError, Refused
from aegis_patch.landing import journal, locks, pack
from aegis_patch.landing.journal import Landing
from aegis_patch.project import git, repository
from aegis_patch.values import dataclass

if TYPE_CHECKING:
    from aegis_patch.objects.trees import Entry, Tree

PLACEHOLDER = ("aegis", "aegis@localhost.invalid")
AS_PLACEHOLDER = {
    f"GIT_{who}_{what}": value
    for who in ("AUTHOR", "COMMITTER")
    for what, value in zip(("NAME", "EMAIL"), PLACEHOLDER, strict=True)
}
_ABSENT = "0" * 40
_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_SIGNING = "^(gpg[.]|user[.]signingkey|commit[.]gpgsign)"
_REFRESH = ("add", "--refresh", "--pathspec-from-file=-", "--pathspec-file-nul")


@dataclass(frozen=True, slots=True)
class Draft:
    """A planned commit: its message, and the whole repository's tree."""

    message: str
    tree: Tree


@dataclass(frozen=True, slots=True)
class Pick:
    """A conflict to be entered as git's own cherry-pick.

    `worktree` is the draft's tree with both sides marked; `stages` has base, ours and theirs of
    each conflicted path.
    """

    draft: Draft
    worktree: Tree
    stages: Mapping[str, tuple[Entry | None, Entry | None, Entry | None]]


def result(drafts: Sequence[Draft], pick: Pick | None) -> Tree:
    """The worktree's files after a landing."""
    return pick.worktree if pick else drafts[-1].tree


def knows_author(directory: Path, known: Mapping[str, str]) -> bool:
    """Whether git, with these `variables`, knows the author here."""
    if git.people(known):
        return True
    try:
        git.run(directory, "var", "GIT_AUTHOR_IDENT")
        git.run(directory, "var", "GIT_COMMITTER_IDENT")
    except Refused:
        return False
    return True


def refuse_nobody(directory: Path) -> None:
    """Refuse to commit if git doesn't know the author.

    Raises:
        Refused: it does not.
    """
    if not knows_author(directory, git.variables(directory)):
        next = 'Who are you? `git config user.name "NAME" && git config user.email "EMAIL"`'
        if empty := git.empty_names():
            next = f"unset {' '.join(empty)}"
        raise Refused("git doesn't know who you are.", where=str(directory), next=next)


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
        Refused: a file, the index or HEAD was changed meanwhile, or something cannot be written.
    """
    known = git.variables(Path(repo.workdir))
    is_known = head or knows_author(Path(repo.workdir), known)
    room = _Room(repo, held, known, {} if is_known else AS_PLACEHOLDER)
    with _refusing(repo):
        ids, landing = _stage(room, head, before, drafts, pick, seen)
        _move(room, landing)
    return ids


def on_branch(
    repo: pygit2.Repository, head: pygit2.Oid, before: Tree, drafts: Sequence[Draft], branch: str
) -> list[str]:
    """Make commits on a new branch, with no file checked out. The ids, oldest first.

    Raises:
        Refused: it can't be made, or something cannot be written.
    """
    with _refusing(repo), journal.alone(repo) as held:
        room = _Room(repo, held, git.variables(Path(repo.workdir)), {})
        ids, needed = _commits(room, str(head), before, drafts)
        with journal.staging(repo):
            room.pack(needed)
            words = ("-m", "aegis: Created", f"refs/heads/{branch}", ids[-1], _ABSENT)
            try:
                git.run(room.top, "update-ref", *words, held=held)
            except Refused as error:
                error.next = "Which name instead? `aegis fleet update --branch NAME`"
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
    """Put files into the worktree and the index, or take them away (None), and make no commit.

    `seen` is a print of each, from before its content was looked at.

    Raises:
        Refused: a file, the index or HEAD was changed meanwhile, or something cannot be written.
    """
    room = _Room(repo, held, {}, {})
    with _refusing(repo):
        _move(room, _stage_without_commit(room, str(head), files, seen))


@contextmanager
def _refusing(repo: pygit2.Repository) -> Iterator[None]:
    """Refuse where the system lets us write nothing."""
    try:
        yield
    except (OSError, pygit2.GitError) as error:
        where = journal.failed_path(repo, error)
        what = f"{getattr(error, 'strerror', None) or error}; nothing was changed"
        raise Refused(what, where=where, next=repository.look_at_disk(Path(where))) from error


@dataclass(frozen=True, slots=True)
class _Room:
    """A directory where git works aside: nothing points to its commits yet."""

    repo: pygit2.Repository
    held: int
    known: Mapping[str, str]
    made_by: Mapping[str, str]

    @property
    def top(self) -> Path:
        return Path(self.repo.workdir)

    @property
    def new(self) -> Path:
        """The files to come."""
        return journal.store(self.repo) / "new"

    def pack(self, objects: Mapping[pygit2.Oid, pygit2.Repository]) -> None:
        """Write objects into the project, for as long as the room is there."""
        pack.write(git.objects(self.top), objects, journal.room(self.repo) / journal.KEPT)

    def git(
        self, worktree: Path, *args: str, stdin: str = "", env: Mapping[str, str] | None = None
    ) -> str:
        """Run git on the index in the room, with the files of some directory."""
        env = {
            **(env or {}),
            "GIT_DIR": self.repo.path,
            "GIT_WORK_TREE": str(worktree),
            "GIT_INDEX_FILE": str(journal.room(self.repo) / "index"),
            "GIT_LITERAL_PATHSPECS": "1",
        }
        data = stdin.encode("utf-8", "surrogateescape")
        try:
            return git.run(worktree, *args, stdin=data, env=env, held=self.held)
        except git.FilterFailed:
            raise
        except Refused as error:
            what = f"git couldn't write the files, so nothing was changed: {error.what}"
            raise Refused(
                what, where=str(worktree), next=repository.look_at_disk(worktree)
            ) from error

    def commit(self, draft: Draft, parent: str) -> str:
        """Make a commit in the store of its tree; git does where it is to be signed."""
        store = draft.tree.store
        signs = "commit.gpgsign" in self.known and (
            git.setting(self.top, "commit.gpgSign", "--type=bool") == "true"
        )
        if (people := git.people(self.known)) and not signs:
            lines = [f"tree {draft.tree}", *([f"parent {parent}"] if parent else [])]
            lines += [f"{who} {name}" for who, name in people.items()]
            text = "\n".join([*lines, "", draft.message]).encode("utf-8", "surrogateescape")
            return str(store.odb.write(ObjectType.COMMIT, text))
        options = [*(["-S"] if signs else []), *(["-p", parent] if parent else [])]
        words = ("commit-tree", *options, "-F", "-", str(draft.tree))
        objects = Path(store.path, "objects")
        env = {
            **self.made_by,
            **git.settings({"i18n.commitEncoding": "UTF-8"}),
            **git.seeing([git.objects(self.top)]),
            "GIT_OBJECT_DIRECTORY": str(objects),
        }
        try:
            return git.run(self.top, *words, stdin=draft.message.encode(), env=env).strip()
        except Refused as error:
            refuse_nobody(self.top)
            if signs:
                error.next = f"git config --show-origin --get-regexp '{_SIGNING}'"
            error.what = f"git couldn't make the commit, so nothing was changed: {error.what}"
            raise


def _stage(
    room: _Room,
    head: pygit2.Oid | None,
    before: Tree,
    drafts: Sequence[Draft],
    pick: Pick | None,
    seen: Mapping[str, str],
) -> tuple[list[str], Landing]:
    repo = room.repo
    old = str(head) if head else ""
    ids, needed = _commits(room, old, before, drafts, pick)
    picked = ids.pop() if pick else ""
    parent = ids[-1] if ids else old
    tree = result(drafts, pick)
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


def _commits(
    room: _Room, parent: str, before: Tree, drafts: Iterable[Draft], pick: Pick | None = None
) -> tuple[list[str], dict[pygit2.Oid, pygit2.Repository]]:
    """Make the commits in the stores of their trees; their ids, and what the project lacks."""
    ids: list[str] = []
    needed = _needed(before, drafts, pick)
    for draft in (*drafts, *([pick.draft] if pick else [])):
        ids.append(room.commit(draft, ids[-1] if ids else parent))
        needed[pygit2.Oid(hex=ids[-1])] = draft.tree.store
    return ids, needed


def _stage_without_commit(
    room: _Room, head: str, files: Mapping[str, Entry | None], seen: Mapping[str, str]
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
    """Those of some paths that a tree has, and the worktree had not when it was looked at."""
    return [path for path in paths if not seen.get(path) and path in tree]


def _write_files(
    room: _Room, before: Tree, after: Tree, paths: Sequence[str], absent: Iterable[str]
) -> None:
    """Have git make the new index, and the new files as a checkout writes them.

    Absent files were skipped by the user (skip-worktree), and stay so.
    """
    off: dict[str, str] = {}
    filters = set[str]()
    if any(name.startswith("filter.") for name in room.known):
        filters = {*git.attributes(room.top, "filter", paths).values()} - {"set", "unset"}
    for name in filters:
        off |= {f"filter.{name}.required": "false", f"filter.{name}.process": ""}
    # Git goes through all of two trees, and keeps what neither of them has.
    was, now = (tree.within(after.store).only(paths) for tree in (before, after))
    env = {**git.settings(off), **git.seeing([Path(after.store.path, "objects")])}
    room.git(room.new, "read-tree", "-m", "-u", str(was), str(now), env=env)
    for path in absent:  # without a sparse checkout, git writes them all the same
        (room.new / path).unlink(missing_ok=True)
    if filters:
        _write_again(room, [path for path in paths if os.path.lexists(room.new / path)])


def _write_again(room: _Room, paths: Sequence[str]) -> None:
    """Have git write files from the directory where the commands of the user's filters are at home.

    The index has to forget the first time, or git would take the files for done or not wanted.
    """
    if not paths:
        return
    entries = room.git(room.top, "ls-files", "--stage", "-z", "--", *paths)
    room.git(room.top, "update-index", "-z", "--index-info", stdin=entries)
    words = ("checkout-index", "--force", "-z", "--stdin", f"--prefix={room.new}/")
    room.git(room.top, *words, stdin=_listed(paths))


def _listed(paths: Iterable[str]) -> str:
    return "".join(f"{path}\0" for path in paths)


def _needed(
    before: Tree, drafts: Iterable[Draft], pick: Pick | None
) -> dict[pygit2.Oid, pygit2.Repository]:
    """The objects that the project lacks, each with the store that has it.

    Of a conflict every side too, so that nothing in the project's index is missing later.
    """
    found: dict[pygit2.Oid, pygit2.Repository] = {}
    known = before
    trees = [draft.tree for draft in drafts] + ([pick.draft.tree, pick.worktree] if pick else [])
    for tree in trees:
        found.update(dict.fromkeys(tree.objects(known), tree.store))
        known = tree
    for side in itertools.chain.from_iterable(pick.stages.values() if pick else ()):
        if side and side.mode != FileMode.COMMIT:
            found[side.id] = side.store
    return found


def _write_pick(room: _Room, pick: Pick, commit: str) -> None:
    _write_index(room, pick.stages, 1)
    place = journal.room(room.repo)
    (place / "logs").mkdir()
    name, email = PLACEHOLDER
    log = f"{_ABSENT} {commit} {name} <{email}> {int(time.time())} +0000\taegis: pick\n"
    for file, text in zip(journal.PICKED, (pick.draft.message, log, f"{commit}\n"), strict=True):
        (place / file).write_text(text, encoding="utf-8")


def _write_index(room: _Room, files: Mapping[str, Sequence[Entry | None]], stage: int) -> None:
    """Have the index hold these sides of some files, the first of each at a stage."""
    lines = ""
    for path, sides in files.items():
        lines += f"0 {_ABSENT}\t{path}\0"
        for number, side in enumerate(sides, stage):
            if side:
                lines += f"{side.mode:o} {side.id} {number}\t{path}\0"
    room.git(room.top, "update-index", "-z", "--index-info", stdin=lines)


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Moving takes milliseconds: no signal ends it, and git is out of the reach of a Ctrl-C."""
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
def _move(room: _Room, landing: Landing) -> None:
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
            git.run(room.top, "update-ref", "-m", message, *words, held=room.held)
            # The disk may fail as git removes its lock, and git is silent.
            if Path(repo.path, "HEAD.lock").exists():
                locks.free_refs(repo, landing.refs, landing.new)
    except (AegisError, OSError):
        locks.free_refs(repo, landing.refs, landing.new)
        if not journal.settle(repo, landing):  # git can be killed after it moved the branch
            raise
    else:
        journal.settle(repo, landing)


def _refresh(room: _Room, landing: Landing) -> None:
    # A rename changes a file's ctime, which would make git read each of them again.
    there = [path for path, (_, now) in landing.files.items() if now]
    try:
        room.git(room.top, *_REFRESH, stdin=_listed(there))
    except Refused:  # it fails where some are marked skip-worktree, and leaves those as they are
        _refresh_skipped(room, there)


def _refresh_skipped(room: _Room, paths: Sequence[str]) -> None:
    # Git asks the disk about them when it checks out another commit: with other times, it refuses.
    lines = room.git(room.top, "ls-files", "-t", "--stage", "-z", "--", *paths).split("\0")
    entries = [line.removeprefix("S ") for line in lines if line.startswith("S ")]
    skipped = _listed(entry.partition("\t")[2] for entry in entries)
    room.git(room.top, "update-index", "-z", "--index-info", stdin=_listed(entries))
    with suppress(Refused):
        room.git(room.top, *_REFRESH, "--sparse", stdin=skipped)
    room.git(room.top, "update-index", "--skip-worktree", "-z", "--stdin", stdin=skipped)
