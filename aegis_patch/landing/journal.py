"""The journal: a landing that has begun is finished, or undone, by the next verb at the latest.

What is landed is staged first, in `.git/aegis` (of a linked worktree: in its own git directory):

    journal       which landing this is; it counts from the moment that this file is there
    new/PATH      the files to come, as a checkout would write them
    old/N         the files that were in their places, N being the place in the journal's list
    index, was    the index to be, and a copy of the one that it was made from
    MERGE_MSG, CHERRY_PICK_HEAD       for a conflict, as git wants them

From then on everything is a rename: files, the branch (by git), the index. The branch decides:
if it has moved, the rest follows; if not, all goes back. A file is only touched while its print
(mode, size, time) is one that the journal knows, so that what a user saved meanwhile stays.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import pygit2

from aegis_patch.errors import Refused
from aegis_patch.landing import locks
from aegis_patch.project import git

ROOM = "aegis"
ELSEWHERE = ".aegis-landing"
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
        """What git locks to land it."""
        return {"HEAD", self.ref}


@contextmanager
def alone(repo: pygit2.Repository, patience: float | None = None) -> Iterator[int]:
    """Be the only aegis in a worktree, and finish first what a killed one left there.

    Yields what is held, a descriptor. A git that is handed it holds it too until it ends, even if
    we are killed.

    Raises:
        Refused: another one is at work for as long as our patience lasts.
    """
    with locks.hold(Path(repo.path), patience) as descriptor:
        _recover(repo)
        yield descriptor


def glance(repo: pygit2.Repository) -> None:
    """Finish what a killed one left, for a verb that only reads.

    While another is at work, nothing is done; but where files are being moved, which takes
    milliseconds, or where a git has outlived its aegis in the midst of that, we wait.
    """
    begun = (room(repo) / _JOURNAL).exists()
    left = begun or room(repo).exists() or locks.is_index_ours(repo)
    if left and (begun or locks.is_free(Path(repo.path))):
        with alone(repo):
            pass


def room(repo: pygit2.Repository) -> Path:
    """Where a landing is staged and journalled."""
    return Path(repo.path) / ROOM


def store(repo: pygit2.Repository) -> Path:
    """Where the files of a landing wait: a rename to the worktree must be possible from there."""
    top, git_dir = Path(repo.workdir), Path(repo.path)
    return room(repo) if top.stat().st_dev == git_dir.stat().st_dev else top / ELSEWHERE


def branch(repo: pygit2.Repository) -> str:
    """The ref that a commit moves: the current branch, or HEAD where it is detached."""
    target = repo.lookup_reference("HEAD").target
    return target if isinstance(target, str) else "HEAD"


def make_room(repo: pygit2.Repository) -> str:
    """Begin to stage, with a copy of git's index to work on; a print of that index."""
    for directory in (room(repo), store(repo), store(repo) / "new", store(repo) / "old"):
        directory.mkdir(exist_ok=True)
    index = Path(repo.path) / "index"
    was = mark(index)
    for name in ("index", "was") if was else ():
        shutil.copyfile(index, room(repo) / name)
    return was


def clear(repo: pygit2.Repository) -> None:
    """Throw away what is staged, which no journal is about."""
    shutil.rmtree(store(repo), ignore_errors=True)
    shutil.rmtree(room(repo), ignore_errors=True)


def mark(path: Path) -> str:
    """A print of what is at a path, "" for nothing.

    A rename changes none of it, a save does. (An inode may change by a rename in an overlay.)
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
    if mark(Path(repo.path) / "index") != landing.index or _at(repo, landing) != landing.old:
        raise Refused(
            "git was at work here at the same time, nothing was changed",
            where=repo.workdir,
            next="run this again",
        )


def swap(repo: pygit2.Repository, landing: Landing) -> None:
    """Put the new files in the places of the old ones, which are kept until it is settled.

    Raises:
        Refused: a file was saved, or came to be, since it was looked at.
        OSError: a file cannot be moved.
    """
    top, place = Path(repo.workdir), store(repo)
    for n, (path, (was, now)) in enumerate(landing.files.items()):
        if was:
            (top / path).rename(place / "old" / str(n))
            _unchanged(place / "old" / str(n), was, path)
        try:
            if now:
                _put(place / "new" / path, top / path)
        except FileExistsError as error:
            raise _saved(path) from error
    for n, (path, (was, _)) in enumerate(landing.files.items()):
        _unchanged(place / "old" / str(n), was, path)  # by an editor that had it open


def enter(repo: pygit2.Repository) -> None:
    """Publish the new index: what decides, where no branch moves."""
    (room(repo) / "index").replace(Path(repo.path) / "index")


def settle(repo: pygit2.Repository, landing: Landing) -> bool:
    """Finish a landing if the branch has moved, else undo it; whether it has landed.

    It may be killed as well, and be called again.

    Raises:
        Refused: something cannot be moved. The journal stays for the next verb.
    """
    try:
        landed = _is_landed(repo, landing)
        if landed:
            _publish(repo, landing)
        elif _at(repo, landing) == landing.old:
            _undo(repo, landing)
        else:  # somebody removed our lock, and has committed something else
            _say("git was used here since; every file is left as it is: see git status")
        _spare(repo, landing)
        locks.unlock_index(repo)
        (room(repo) / _JOURNAL).unlink(missing_ok=True)
    except OSError as error:
        raise Refused(
            f"{landing.subject!r} is half landed: {error.strerror or error}",
            where=str(error.filename or repo.workdir),
            next="put that right; any command of aegis, as aegis status, then finishes it",
        ) from error
    clear(repo)
    return landed


def _recover(repo: pygit2.Repository) -> None:
    try:
        written = json.loads((room(repo) / _JOURNAL).read_text(encoding="utf-8"))
    except FileNotFoundError:
        locks.unlock_index(repo)
        if room(repo).exists():
            clear(repo)
        return
    except ValueError as error:  # the power failed: nothing here waits for the disk
        raise Refused(
            "the journal of a landing cannot be read",
            where=str(room(repo)),
            next=f"git status; when all is as it should be, rm -r {room(repo)} and index.lock",
        ) from error
    landing = Landing(**{**written, "files": {p: (a, b) for p, (a, b) in written["files"].items()}})
    locks.free_refs(repo, landing.refs, landing.new)
    landed = settle(repo, landing)
    what = "is now finished" if landed else "did not happen"
    _say(f"aegis was killed while it landed {landing.subject!r}, which {what}")


def _at(repo: pygit2.Repository, landing: Landing) -> str:
    try:
        return str(repo.lookup_reference(landing.ref).target)
    except KeyError:
        return ""


def _is_landed(repo: pygit2.Repository, landing: Landing) -> bool:
    at = _at(repo, landing)
    if landing.new == landing.old:
        return at == landing.new and not (room(repo) / "index").exists()
    if at in ("", landing.old, landing.new):
        return at == landing.new
    return repo.descendant_of(at, landing.new)


def _publish(repo: pygit2.Repository, landing: Landing) -> None:
    top, git_dir, place = Path(repo.workdir), Path(repo.path), room(repo)
    for path, (_, now) in landing.files.items():
        if not now:
            _prune(top, top / path)  # not before: an undo on a full disk can make no directory
    if (place / "index").exists():
        if mark(git_dir / "index") == landing.index or _same_entries(repo):
            (place / "index").replace(git_dir / "index")
        else:  # somebody removed our lock, and went on
            _say("the index was changed since, and is left as it is: see git status")
    for name in ("MERGE_MSG", "CHERRY_PICK_HEAD"):
        if (place / name).exists():
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
                _put(new, file)
        if not os.path.lexists(file):
            if mark(kept):
                _put(kept, file)
            elif not was:
                _prune(top, file)


def _spare(repo: pygit2.Repository, landing: Landing) -> None:
    # What an editor wrote into a file that had been moved away is in no commit.
    for n, (path, (was, _)) in enumerate(landing.files.items()):
        kept = store(repo) / "old" / str(n)
        if mark(kept) not in ("", was):
            file = Path(repo.workdir) / f"{path}.saved-{time.time_ns()}"
            _put(kept, file)
            _say(f"what was saved into {path} meanwhile is in {file.name}")


def _unchanged(kept: Path, was: str, path: str) -> None:
    if mark(kept) != was:
        raise _saved(path)


def _saved(path: str) -> Refused:
    return Refused(
        "a file was saved while it was about to be changed; nothing was",
        where=path,
        next="commit it, then run this again",
    )


def _put(source: Path, target: Path) -> None:
    """Move a file to where nothing is.

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


def _prune(top: Path, path: Path) -> None:
    # As git does: directories that have become empty go with their last file.
    for parent in path.parents:
        if parent == top or not parent.is_relative_to(top):
            return
        try:
            parent.rmdir()
        except FileNotFoundError:
            continue
        except OSError:
            return


def _say(text: str) -> None:
    print(f"note {text}", file=sys.stderr)
