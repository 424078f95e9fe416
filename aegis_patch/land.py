"""Landing: what was built in the scratch store becomes commits, or a conflict that git guides.

Git moves the worktree and the index (`read-tree -m -u`), so that its filters, sparse checkouts
and hooks' environment apply; unrelated staged, unstaged and untracked work stays as it is. HEAD
moves last, by compare and swap.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import signal
import tempfile
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pygit2
from pygit2.enums import FileMode

from aegis_patch import project, trees
from aegis_patch.errors import AegisError, Refused
from aegis_patch.evolve import Conflicted
from aegis_patch.project import git

PLACEHOLDER = ("aegis", "aegis@localhost.invalid")
_ABSENT = "0" * 40
_git = partial(git, alone=True)


@dataclass(frozen=True, slots=True)
class Draft:
    """A commit that is not made yet: its message, and the whole repository's tree."""

    message: str
    tree: pygit2.Oid


def author(directory: Path) -> bool:
    """Whether git knows who commits here."""
    try:
        git(directory, "var", "GIT_AUTHOR_IDENT")
        git(directory, "var", "GIT_COMMITTER_IDENT")
    except Refused:
        return False
    return True


def check(
    repo: pygit2.Repository, store: pygit2.Repository, before: pygit2.Oid | None, after: pygit2.Oid
) -> None:
    """Refuse where landing would meet uncommitted work.

    Raises:
        Refused: a path to be written has an uncommitted change, something untracked is in its
            way, or one of its parents is a link.
    """
    top = Path(repo.workdir)
    paths = _changed(store, before, after)
    created = [path for path in paths if before is None or not trees.lookup(store, before, path)]
    blocked = [path for path in created if os.path.lexists(top / path)]
    blocked += [parent for path in paths for parent in _bad_parents(top, path)]
    if blocked:
        names = sorted(set(blocked))
        raise Refused(
            "something that is not in git is in the way",
            where=", ".join(names),
            next=f"move it away, or commit it: git add --force {_typed(names[:1])} "
            f"&& git commit -m 'Mine' -- {_typed(names[:1])}",
        )
    unseen = project.assumed_unchanged(top, paths)
    if unseen:
        raise Refused(
            "git is told not to look at what would be written",
            where=", ".join(unseen),
            next=f"git update-index --no-assume-unchanged -- {_typed(unseen)}",
        )
    changed = sorted(project.dirty(top, paths))
    if changed:
        raise Refused(
            "uncommitted changes in what would be written",
            where=", ".join(changed),
            next=f"git stash push -- {_typed(changed)}, or commit them",
        )


def check_index(repo: pygit2.Repository) -> None:
    """Refuse to enter a conflict over other staged work.

    Raises:
        Refused: something is staged, which `git cherry-pick --abort` would throw away.
    """
    top = Path(repo.workdir)
    said = git(top, "diff", "--cached", "--name-only", "-z")
    said += git(top, "diff", "--name-only", "--diff-filter=A", "-z")  # git add --intent-to-add
    staged = [path for path in said.split("\0") if path]
    if staged:
        raise Refused(
            "this ends in conflicts, and something else is staged",
            where=", ".join(staged),
            next="git commit what is staged, or git stash, then run this again",
        )


def commits(
    repo: pygit2.Repository,
    store: pygit2.Repository,
    head: pygit2.Oid | None,
    drafts: Sequence[Draft],
) -> list[str]:
    """Make commits on the current branch, all or none; their ids, oldest first."""
    top = Path(repo.workdir)
    before = store[head].peel(pygit2.Tree).id if head else None
    ids: list[str] = []
    parent, known = head, before
    for draft in drafts:
        copy(store, repo, draft.tree, known)
        ids.append(_commit(top, draft, str(parent) if parent else None))
        parent, known = pygit2.Oid(hex=ids[-1]), draft.tree
    subject = drafts[-1].message.partition("\n")[0]
    old = str(head) if head else _ABSENT
    with _uninterrupted():
        _move(top, before, drafts[-1].tree, store)
        try:
            _git(top, "update-ref", "-m", f"aegis: {subject}", "HEAD", ids[-1], old)
        except AegisError:
            _move(top, drafts[-1].tree, before, store)
            raise
    return ids


def conflict(
    repo: pygit2.Repository,
    store: pygit2.Repository,
    head: str,
    draft: Draft,
    outcome: Conflicted,
    prefix: str,
) -> None:
    """Enter git's own cherry-pick state: `--continue` makes our commit, `--abort` undoes it.

    The index must equal HEAD (`check_index`). Every side of a conflict is copied into the
    project first, so that nothing in its index is missing later.
    """
    top = Path(repo.workdir)
    before = store[head].peel(pygit2.Tree).id
    copy(store, repo, draft.tree, before)
    stages = []
    for item in outcome.conflicts:
        path = f"{prefix}/{item.path}" if prefix else item.path
        stages.append(f"0 {_ABSENT}\t{path}\0")
        sides = (item.sides.base, item.sides.ours, item.sides.theirs)
        for stage, side in enumerate(sides, start=1):
            if side:
                copy_blob(store, repo, side.id)
                stages.append(f"{side.mode:o} {side.id} {stage}\t{path}\0")
        if item.marked:
            copy_blob(store, repo, item.marked.id)
    picked = _commit(top, draft, head)
    git_dir = Path(git(top, "rev-parse", "--absolute-git-dir").strip())
    with _uninterrupted():
        _move(top, before, draft.tree, store)
        try:
            _git(top, "update-index", "-z", "--index-info", stdin="".join(stages).encode())
            for item in outcome.conflicts:
                if item.marked and item.marked != item.sides.ours:
                    path = f"{prefix}/{item.path}" if prefix else item.path
                    _write(top, path, item.marked)
            (git_dir / "MERGE_MSG").write_text(draft.message, encoding="utf-8")
            _git(top, "update-ref", "--no-deref", "CHERRY_PICK_HEAD", picked)
        except (AegisError, OSError):
            _git(top, "reset", "--quiet", "--merge", "HEAD")
            raise


def start(path: Path, store: pygit2.Repository, drafts: Sequence[Draft]) -> list[str]:
    """Make a repository at `path`, which is absent or empty, with some commits: all or nothing.

    It is built beside its place and renamed; where the directory is there already, inside it.
    """
    within = path if path.exists() else path.parent
    within.mkdir(parents=True, exist_ok=True)
    building = Path(tempfile.mkdtemp(prefix=f".{path.name}.aegis-", dir=within))
    try:
        git(building, "init", "--quiet")
        if not git(building, "config", "--default", "", "--get", "init.defaultBranch").strip():
            git(building, "symbolic-ref", "HEAD", "refs/heads/main")
        ids = commits(pygit2.Repository(str(building)), store, None, drafts)
        with _uninterrupted():
            _take_place(building, path)
    except BaseException:
        shutil.rmtree(building, ignore_errors=True)
        raise
    return ids


def _take_place(building: Path, path: Path) -> None:
    if not path.exists():
        building.chmod(0o777 & ~_umask())
        building.rename(path)
        return
    children = sorted(building.iterdir(), key=lambda child: child.name == ".git")
    for child in children:  # .git is the last: until then there is no repository
        child.rename(path / child.name)
    building.rmdir()


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
    """Moving takes milliseconds: a Ctrl-C waits until it is over, out of its reach is `_git`."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _commit(top: Path, draft: Draft, parent: str | None) -> str:
    sign = git(top, "config", "--type=bool", "--default=false", "--get", "commit.gpgSign").strip()
    options = ["-S"] if sign == "true" else []
    if parent:
        options += ["-p", parent]
    env: dict[str, str] = {}
    if parent is None and not author(top):
        name, email = PLACEHOLDER
        for who in ("AUTHOR", "COMMITTER"):
            env |= {f"GIT_{who}_NAME": name, f"GIT_{who}_EMAIL": email}
    message = draft.message.encode()
    return git(
        top, "commit-tree", *options, "-F", "-", str(draft.tree), stdin=message, env=env
    ).strip()


def _move(
    top: Path, before: pygit2.Oid | None, after: pygit2.Oid | None, store: pygit2.Repository
) -> None:
    """Take worktree and index from one tree to another, or leave both as they were."""
    trees_ = [str(tree) if tree else str(store.TreeBuilder().write()) for tree in (before, after)]
    try:
        _git(top, "read-tree", "-m", "-u", *trees_)
    except Refused as error:
        _restore(top, before, after, store)
        raise Refused(
            f"git could not write the worktree, nothing was changed: {error.what}",
            where=str(top),
            next="free the path or the disk, then run this again",
        ) from error


def _restore(
    top: Path, before: pygit2.Oid | None, after: pygit2.Oid | None, store: pygit2.Repository
) -> None:
    # The index is as before. Only what git had written by then is taken back: anything else at
    # these paths is not ours.
    for path in _changed(store, before, after) if after else ():
        made = trees.lookup(store, after, path) if after else None
        gone = made is None and not os.path.lexists(top / path)
        if not gone and not _is_at(top, path, made):
            continue
        if before and trees.lookup(store, before, path):
            with contextlib.suppress(Refused):
                _git(top, "checkout-index", "--force", "--", path)
        else:
            with contextlib.suppress(OSError):
                (top / path).unlink()


def _is_at(top: Path, path: str, entry: trees.Entry | None) -> bool:
    if entry is None or not (top / path).is_file():
        return False
    with contextlib.suppress(Refused):
        return git(top, "hash-object", "--", path).strip() == str(entry.id)
    return False


def _typed(paths: Sequence[str]) -> str:
    # From wherever the user stands in the repository, and as a shell takes it.
    return " ".join(shlex.quote(f":/{path}") for path in paths)


def _changed(
    store: pygit2.Repository, before: pygit2.Oid | None, after: pygit2.Oid
) -> tuple[str, ...]:
    return trees.changed(store, before or store.TreeBuilder().write(), after)


def _write(top: Path, path: str, entry: trees.Entry) -> None:
    # `cat-file --filters` applies what the user's .gitattributes ask for, as a checkout would.
    file = top / path
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f".{file.name}.aegis")
    with draft.open("wb") as out:
        out.write(
            git(top, "cat-file", "--filters", f"--path={path}", str(entry.id)).encode(
                "utf-8", "surrogateescape"
            )
        )
    draft.chmod(0o777 & ~_umask() if entry.mode == FileMode.BLOB_EXECUTABLE else 0o666 & ~_umask())
    draft.replace(file)


def _bad_parents(top: Path, path: str) -> Iterable[str]:
    parts = path.split("/")[:-1]
    for count in range(1, len(parts) + 1):
        parent = "/".join(parts[:count])
        if (top / parent).is_symlink() or (top / parent).is_file():
            yield parent


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
