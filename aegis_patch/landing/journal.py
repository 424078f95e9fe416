"""The journal: an interrupted landing is finished or undone by the next verb.

A landing is staged first, in `.git/aegis` (in a linked worktree: its own git directory):

    journal       the landing; it has begun once this file exists
    new/PATH      the new files, as a checkout writes them
    old/N         the replaced files, N being the position in the journal's list
    index, was    the new index, and a copy of the one it was made from
    kept          the path of the .keep file of the pack with the new objects
    MERGE_MSG, logs/CHERRY_PICK_HEAD, CHERRY_PICK_HEAD    for a conflict, in git's format

From then on everything is a rename: files, the branch (by git), the index. If the branch has
moved, the rest follows; if not, everything goes back. A file is only touched while its mode, size
and time are in the journal, so a file saved in between stays.
"""

from __future__ import annotations

import json
import os
import shlex
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import pygit2

from aegis_patch.errors import Refused
from aegis_patch.landing import locks
from aegis_patch.objects import scratch
from aegis_patch.project import git
from aegis_patch.values import asdict, dataclass

ROOM = "aegis"
ELSEWHERE = ".aegis-landing"
KEPT = "kept"
PICKED = ("MERGE_MSG", "logs/CHERRY_PICK_HEAD", "CHERRY_PICK_HEAD")
"""The files of a conflict; by the log, `git gc` takes the commit that is picked for in use."""
_JOURNAL = "journal"


@dataclass(frozen=True, slots=True)
class Landing:
    """A landing that is staged.

    `ref` names `old` before and `new` after it ("": nothing yet); they are equal where only a
    conflict is entered. `files` has a print of each path before and after ("": no file there).
    """

    subject: str
    ref: str
    old: str
    new: str
    index: str
    files: Mapping[str, tuple[str, str]]

    @property
    def refs(self) -> set[str]:
        """The paths that git locks to land it."""
        return {"HEAD", self.ref}


@contextmanager
def alone(repo: pygit2.Repository, patience: float | None = None) -> Iterator[int]:
    """Be the only aegis in a worktree, after recovering from a killed one.

    Yields the lock, a descriptor. A git that inherits it holds the lock until it ends, even if this
    process is killed.

    Raises:
        Refused: another aegis runs for longer than `patience`.
    """
    with locks.hold(Path(repo.path), patience) as descriptor:
        _recover(repo)
        yield descriptor


def glance(repo: pygit2.Repository) -> None:
    """Recover from a killed aegis, for a verb that only reads.

    While another aegis runs, it does nothing but wait, for milliseconds, while files are moved or
    while a git outlives its killed aegis.
    """
    begun = (room(repo) / _JOURNAL).exists()
    left = begun or room(repo).exists() or locks.is_index_ours(repo)
    if left and (begun or locks.is_free(Path(repo.path))):
        with alone(repo):
            pass


def room(repo: pygit2.Repository) -> Path:
    """The directory of a staged landing and its journal."""
    return Path(repo.path) / ROOM


def store(repo: pygit2.Repository) -> Path:
    """The directory of a landing's files, from which a rename into the worktree is possible."""
    top, git_dir = Path(repo.workdir), Path(repo.path)
    return room(repo) if top.stat().st_dev == git_dir.stat().st_dev else top / ELSEWHERE


def branch(repo: pygit2.Repository) -> str:
    """The ref that a commit moves: the current branch, or HEAD where it is detached."""
    name = "HEAD"
    with suppress(KeyError):  # a branch without a commit
        while isinstance(target := repo.lookup_reference(name).target, str):
            name = target
    return name


@contextmanager
def staging(repo: pygit2.Repository) -> Iterator[str]:
    """Stage a landing, with a copy of git's index to start from; yields the mark of that index.

    What was staged is deleted if the block fails.
    """
    try:
        place = store(repo)
        for directory in (room(repo), place, place / "new", place / "old"):
            directory.mkdir(exist_ok=True)
        index = Path(repo.path) / "index"
        was = mark(index)
        for name in ("index", "was") if was else ():
            _share(index, room(repo) / name)
        yield was
    except BaseException:
        clear(repo)
        raise


def _share(index: Path, name: Path) -> None:
    """Give an index a second name: git writes a new file for it, and never into the old one."""
    try:
        os.link(index, name)
    except OSError:  # a file system without links
        name.unlink(missing_ok=True)
        git.copy_index(index, name)


def clear(repo: pygit2.Repository) -> None:
    """Delete a staged landing that no journal names."""
    with suppress(OSError):  # it has no pack
        Path(os.fsdecode((room(repo) / KEPT).read_bytes())).unlink()
    scratch.remove(store(repo))
    scratch.remove(room(repo))


def mark(path: Path) -> str:
    """The mode, size and time of a path; "" if nothing is there.

    A save changes them, a rename doesn't. (In an overlay, a rename may change the inode.)
    """
    try:
        at = path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return ""
    return f"{at.st_mode:o} {at.st_size} {at.st_mtime_ns}"


def begin(repo: pygit2.Repository, landing: Landing) -> None:
    """Write the journal and lock git's index: from here on, `settle` must follow.

    Raises:
        Refused: git has the index, or changed it or HEAD since the landing was staged.
    """
    draft = room(repo) / f"{_JOURNAL}.draft"
    draft.write_text(json.dumps(asdict(landing)), encoding="utf-8")
    draft.rename(room(repo) / _JOURNAL)
    locks.lock_index(repo)
    if mark(Path(repo.path) / "index") != landing.index or _tip(repo, landing) != landing.old:
        raise Refused(
            "git changed this repository at the same time, so aegis changed nothing. Run it again.",
            where=repo.workdir,
            next="git status",
        )


def swap(repo: pygit2.Repository, landing: Landing) -> None:
    """Replace the old files by the new ones; the old ones are kept until `settle`.

    Raises:
        Refused: a file was saved or created since it was looked at.
        OSError: a file can't be moved.
    """
    top, place = Path(repo.workdir), store(repo)
    for n, (path, (was, now)) in enumerate(landing.files.items()):
        if was:
            (top / path).rename(place / "old" / str(n))
            _unchanged(place / "old" / str(n), was, path)
        try:
            if now:
                _move(place / "new" / path, top / path)
        except FileExistsError as error:
            raise _saved(path) from error
    for n, (path, (was, _)) in enumerate(landing.files.items()):
        _unchanged(place / "old" / str(n), was, path)  # by an editor that had it open


def enter(repo: pygit2.Repository) -> None:
    """Publish the new index, which decides if no branch moves."""
    new = room(repo) / "index"
    new.replace(Path(repo.path) / "index")
    new.unlink(missing_ok=True)  # of two names for one file, rename keeps both


def settle(repo: pygit2.Repository, landing: Landing) -> bool:
    """Finish a landing if the branch has moved, else undo it; whether it has landed.

    It can be killed and called again.

    Raises:
        Refused: something can't be moved. The journal stays for the next verb.
    """
    try:
        landed = _is_landed(repo, landing)
        if landed:
            _publish(repo, landing)
        elif _tip(repo, landing) == landing.old:
            _undo(repo, landing)
        else:  # somebody removed our lock, and has committed something else
            _say("git has been used here since; no file was changed (see git status)")
        _keep_saved(repo, landing)
        locks.unlock_index(repo)
        (room(repo) / _JOURNAL).unlink(missing_ok=True)
    except OSError as error:
        raise Refused(
            f"{landing.subject!r} is half written: {error.strerror or error}. Fix that; "
            "any aegis command then finishes it.",
            where=failed_path(repo, error),
            next="aegis status",
        ) from error
    clear(repo)
    return landed


def failed_path(repo: pygit2.Repository, error: Exception) -> str:
    """The path that an error is about: of a failed rename, the one outside our own directory."""
    paths = [str(getattr(error, name, None) or "") for name in ("filename", "filename2")]
    for path in paths:
        if path and not Path(path).is_relative_to(room(repo)):
            return path
    return paths[0] or repo.workdir


def _recover(repo: pygit2.Repository) -> None:
    """Finish or undo the landing of a killed aegis, if there is one."""
    try:
        written = json.loads((room(repo) / _JOURNAL).read_text(encoding="utf-8"))
    except FileNotFoundError:
        locks.unlock_index(repo)
        if room(repo).exists():
            clear(repo)
        return
    except ValueError as error:  # the power failed: nothing here waits for the disk
        paths = (str(room(repo)), f"{repo.path}index.lock")
        leftovers = " ".join(map(shlex.quote, paths))
        raise Refused(
            "An interrupted command left a journal that can't be read.",
            where=str(room(repo)),
            next=f"Is everything right in git status? Then: `rm -rf {leftovers}`",
        ) from error
    landing = Landing(**{**written, "files": {p: (a, b) for p, (a, b) in written["files"].items()}})
    locks.free_refs(repo, landing.refs, landing.new)
    landed = settle(repo, landing)
    what = "is finished now" if landed else "was undone"
    _say(f"aegis was killed during {landing.subject!r}, which {what}")


def _tip(repo: pygit2.Repository, landing: Landing) -> str:
    """The commit that the landing's branch is at; "" for none."""
    try:
        return str(repo.lookup_reference(landing.ref).target)
    except KeyError:
        return ""


def _is_landed(repo: pygit2.Repository, landing: Landing) -> bool:
    tip = _tip(repo, landing)
    if landing.new == landing.old:
        return tip == landing.new and not (room(repo) / "index").exists()
    if tip in ("", landing.old, landing.new):
        return tip == landing.new
    return repo.descendant_of(tip, landing.new)


def _publish(repo: pygit2.Repository, landing: Landing) -> None:
    top, git_dir, place = Path(repo.workdir), Path(repo.path), room(repo)
    for path, (_, now) in landing.files.items():
        if not now:  # not before: an undo on a full disk can make no directory
            _remove_empty(top, top / path)
    if (place / "index").exists():
        if mark(git_dir / "index") == landing.index or _same_entries(repo):
            (place / "index").replace(git_dir / "index")
        else:  # somebody removed our lock, and went on
            _say("the index was changed since, and was kept (see git status)")
    for name in PICKED:
        if (place / name).exists():
            (git_dir / name).parent.mkdir(exist_ok=True)
            (place / name).replace(git_dir / name)


def _same_entries(repo: pygit2.Repository) -> bool:
    said = {
        git.run(Path(repo.workdir), "ls-files", "--stage", "-z", env={"GIT_INDEX_FILE": str(index)})
        for index in (room(repo) / "was", Path(repo.path) / "index")
    }
    return len(said) == 1


def _undo(repo: pygit2.Repository, landing: Landing) -> None:
    top, place = Path(repo.workdir), store(repo)
    for n, (path, (was, now)) in enumerate(landing.files.items()):
        file, kept, new = top / path, place / "old" / str(n), place / "new" / path
        if now and mark(file) == now:
            new.unlink(missing_ok=True)  # of two names for one file, rename would keep both
            file.rename(new)
            if mark(new) != now:
                _move(new, file)
        if not os.path.lexists(file):
            if mark(kept):
                _move(kept, file)
            elif not was:
                _remove_empty(top, file)


def _keep_saved(repo: pygit2.Repository, landing: Landing) -> None:
    """Save what an editor wrote into a moved file beside that file: no commit has it."""
    old = store(repo) / "old"
    for n, (path, (was, _)) in enumerate(landing.files.items()):
        kept = old / str(n)
        if mark(kept) not in ("", was):
            file = Path(repo.workdir) / f"{path}.saved-{time.time_ns()}"
            _move(kept, file)
            _say(f"{path} was saved during the update; your version is in {file.name}")


def _unchanged(kept: Path, was: str, path: str) -> None:
    if mark(kept) != was:
        raise _saved(path)


def _saved(path: str) -> Refused:
    place = shlex.quote(f":/{path}")
    return Refused(
        "You saved this file during the update, so aegis changed nothing. Commit it first.",
        where=path,
        next=f"git add --force {place} && git commit -m Mine -- {place}",
    )


def _move(source: Path, target: Path) -> None:
    """Move a file to a path where nothing is.

    Raises:
        FileExistsError: something is there.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source, target, follow_symlinks=False)
    except FileExistsError:
        raise
    except OSError:  # a file system without links, or not our file
        if os.path.lexists(target):
            raise FileExistsError(str(target)) from None
        source.rename(target)
        return
    source.unlink()


def _remove_empty(top: Path, path: Path) -> None:
    """Remove the directories that became empty with their last file, as git does."""
    for parent in path.parents:
        if parent == top:
            return
        try:
            parent.rmdir()
        except FileNotFoundError:
            continue
        except OSError:
            return


def _say(text: str) -> None:
    print(f"note {text}", file=sys.stderr)
