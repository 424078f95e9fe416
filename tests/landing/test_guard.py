"""What a verb refuses: whatever flags git has for a file, the one on the disk counts."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from aegis_patch.errors import Refused
from aegis_patch.landing import journal
from aegis_patch.project import git
from tests.conftest import Project, Start, everything

TAKEN = "app/components/worker/tasks.py"
CHANGED = "compose.yaml"
EMPTIED = ".env.example"
PATHS = (TAKEN, CHANGED, EMPTIED)
MINE = "# mine, and local only\n"


SKIP = ("update-index", "--skip-worktree", *PATHS)
ASSUME = ("update-index", "--assume-unchanged", *PATHS)
PATTERNS = ("sparse-checkout", "set", "--no-cone", "/aegis.toml")
EXPECTED = ("config", "sparse.expectFilesOutsideOfPatterns", "true")
STAT = (("config", "core.ignoreStat", "true"), ("update-index", "--really-refresh"))
BLIND = "printf 'token\\0'; true"  # it never sees a change, as one that lost its connection
KINDS: dict[str, tuple[tuple[str, ...], ...]] = {
    "skip-worktree": (SKIP,),
    "assume-unchanged": (ASSUME,),
    "both": (SKIP, ASSUME),
    "cone": (("sparse-checkout", "set", "--cone", "docs"),),
    "sparse index": (("sparse-checkout", "set", "--cone", "--sparse-index", "docs"),),
    "patterns": (PATTERNS,),
    "patterns and expected": (EXPECTED, PATTERNS),
    "ignore stat": (*STAT, ASSUME),
    "split index": (("update-index", "--split-index"), SKIP, ASSUME),
    "blind monitor": (
        ("config", "core.fsmonitor", BLIND),
        ("config", "core.untrackedCache", "true"),
        ("update-index", "--fsmonitor", "--untracked-cache"),
        ("status",),
    ),
}


def configure(project: Project, kind: str) -> None:
    for words in KINDS[kind]:
        project.git(*words)


def append(project: Project, path: str) -> None:
    text = project.git("show", f"HEAD:{path}")
    project.write(path, f"{text}\n{MINE}")


def with_old_times(project: Project, path: str) -> None:
    """An edit that leaves size and time of the file as they were."""
    file = project.path / path
    data = file.read_bytes() if file.exists() else project.git("show", f"HEAD:{path}").encode()
    at = file.stat() if file.exists() else None
    project.write(path, data.decode()[:-2] + "#\n")
    if at:
        os.utime(file, ns=(at.st_atime_ns, at.st_mtime_ns))


def executable(project: Project, path: str) -> None:
    project.write(path, project.git("show", f"HEAD:{path}") + "\n")
    (project.path / path).chmod(0o755)


def link(project: Project, path: str) -> None:
    file = project.path / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.unlink(missing_ok=True)
    file.symlink_to("../elsewhere")


Edit = Callable[[Project, str], None]


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        pytest.param(kind, path, marks=[] if (at + which) % 3 == 0 else [pytest.mark.long])
        for at, kind in enumerate(KINDS)
        for which, path in enumerate(PATHS)
    ],
)
def test_work_that_git_does_not_look_at_is_refused(start: Start, kind: str, path: str) -> None:
    project = start("worker")
    configure(project, kind)
    append(project, path)
    before = everything(project.path)
    ran = project.aegis("remove", "worker", code=1)
    assert path in ran.err
    assert everything(project.path) == before
    project.paste(ran.next)
    project.aegis("remove", "worker", code=3 if "commit" in ran.next and path == TAKEN else 0)
    assert MINE in project.git("log", "--all", "--patch", "--diff-merges=first-parent") + "\n"


@pytest.mark.parametrize("edit", [with_old_times, executable, link])
@pytest.mark.parametrize("kind", ["skip-worktree", "assume-unchanged", "patterns and expected"])
def test_every_kind_of_change_counts(start: Start, kind: str, edit: Edit) -> None:
    project = start("worker")
    configure(project, kind)
    edit(project, TAKEN)
    before = everything(project.path)
    assert TAKEN in project.aegis("remove", "worker", code=1).err
    assert everything(project.path) == before


def test_an_edit_that_git_takes_for_none_is_refused(start: Start) -> None:
    project = start("worker")
    project.git("config", "core.trustctime", "false")
    os.utime(project.path / TAKEN, (1, 1))
    project.git("update-index", "--refresh")
    with_old_times(project, TAKEN)
    assert not project.git("status", "--porcelain")
    assert TAKEN in project.aegis("remove", "worker", code=1).err


def test_a_deleted_file_that_git_assumes_unchanged_is_refused(start: Start) -> None:
    project = start("worker")
    configure(project, "assume-unchanged")
    (project.path / CHANGED).unlink()
    assert CHANGED in project.aegis("remove", "worker", code=1).err


@pytest.mark.parametrize("reset", ["--soft", "--mixed --intent-to-add"])
def test_a_component_in_the_index_alone_can_be_put_away(start: Start, reset: str) -> None:
    project = start("cache")
    project.git("reset", "--quiet", *reset.split(), "HEAD~")
    ran = project.aegis("add", "cache", code=1)
    assert "Commit or stash these first" in ran.err
    project.paste(ran.next)
    project.aegis("add", "cache")
    assert project.is_sound()


def test_flags_alone_refuse_nothing(start: Start) -> None:
    project = start("worker")
    configure(project, "both")
    project.aegis("remove", "worker")
    assert not (project.path / TAKEN).exists()
    assert "  worker:" not in project.read(CHANGED)
    project.git("update-index", "--no-skip-worktree", CHANGED)
    assert project.is_sound()


@pytest.fixture
def seconds_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    """Between git's look at the new files and their way into place: their times differ then.

    Git compares whole seconds.
    """
    swap = journal.swap

    def slow(*args: Any) -> None:
        time.sleep(1.01 - time.time() % 1)
        swap(*args)

    monkeypatch.setattr(journal, "swap", slow)


@pytest.mark.parametrize("kind", ["skip-worktree", "assume-unchanged", "both"])
def test_git_goes_on_with_what_it_does_not_look_at(
    start: Start, kind: str, seconds_pass: None
) -> None:
    project = start("worker")
    configure(project, kind)
    project.aegis("add", "database")
    flag = project.git("ls-files", "-t", CHANGED)[0]
    assert flag == ("H" if kind == "assume-unchanged" else "S")
    project.git("checkout", "--quiet", "HEAD~")
    project.git("checkout", "--quiet", "-")
    project.git("revert", "--no-edit", "HEAD")
    assert project.is_sound()


def test_where_git_cannot_skip_again_nothing_changes(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or the index would say that they are to be looked at."""
    project = start("worker")
    configure(project, "skip-worktree")
    before, run = everything(project.path), git.run

    def fails(where: Path, *args: str, **more: Any) -> str:
        if args[:2] == ("update-index", "--skip-worktree"):
            raise Refused("No space left on device")
        return run(where, *args, **more)

    monkeypatch.setattr(git, "run", fails)
    assert "No space left" in project.aegis("add", "database", code=1).err
    assert everything(project.path) == before


@pytest.mark.parametrize("kind", ["skip-worktree", "both"])
def test_what_was_skipped_and_deleted_stays_absent(start: Start, kind: str) -> None:
    project = start("worker")
    configure(project, kind)
    for path in PATHS:
        (project.path / path).unlink()
    project.aegis("remove", "worker")
    assert not any((project.path / path).exists() for path in PATHS)
    assert project.is_sound()


@pytest.mark.parametrize("kind", ["skip-worktree", "both", "cone", "sparse index", "patterns"])
def test_a_conflict_in_what_is_not_checked_out(start: Start, kind: str, seconds_pass: None) -> None:
    """Its file comes, so that it can be resolved; `--abort` takes back what there was."""
    project = start("worker")
    append(project, TAKEN)
    project.commit()
    configure(project, kind)
    (project.path / TAKEN).unlink(missing_ok=True)
    before = project.tree
    project.aegis("remove", "worker", code=3)
    assert MINE in project.read(TAKEN)
    project.git("cherry-pick", "--abort")
    assert project.tree == before
    assert project.is_sound()
