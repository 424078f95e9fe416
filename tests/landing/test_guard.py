"""What a verb is refused for: whatever git was told of a file, what lies on the disk counts."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable

import pytest

from tests.conftest import Project, Start
from tests.terminal.test_cli import everything

TAKEN = "app/components/worker/tasks.py"
CHANGED = "compose.yaml"
EMPTIED = ".env.example"
PATHS = (TAKEN, CHANGED, EMPTIED)
MINE = "# mine, and local only\n"


def skip_worktree(project: Project) -> None:
    project.git("update-index", "--skip-worktree", *PATHS)


def assume_unchanged(project: Project) -> None:
    project.git("update-index", "--assume-unchanged", *PATHS)


def both(project: Project) -> None:
    skip_worktree(project)
    assume_unchanged(project)


def cone(project: Project) -> None:
    project.git("sparse-checkout", "set", "--cone", "docs")


def sparse_index(project: Project) -> None:
    project.git("sparse-checkout", "set", "--cone", "--sparse-index", "docs")


def patterns(project: Project) -> None:
    project.git("sparse-checkout", "set", "--no-cone", "/aegis.toml")


def patterns_and_expected(project: Project) -> None:
    project.git("config", "sparse.expectFilesOutsideOfPatterns", "true")
    patterns(project)


def ignore_stat(project: Project) -> None:
    project.git("config", "core.ignoreStat", "true")
    project.git("update-index", "--really-refresh")
    project.git("update-index", "--assume-unchanged", *PATHS)


def split_index(project: Project) -> None:
    project.git("update-index", "--split-index")
    both(project)


def blind_monitor(project: Project) -> None:
    """A file system monitor that never sees a change, as one that lost its connection."""
    hook = project.path / ".git/blind"
    hook.write_text("#!/bin/sh\nprintf 'token\\0'\n")
    hook.chmod(0o755)
    project.git("config", "core.fsmonitor", str(hook))
    project.git("config", "core.untrackedCache", "true")
    project.git("update-index", "--fsmonitor", "--untracked-cache")
    project.git("status")


KINDS = [
    skip_worktree,
    assume_unchanged,
    both,
    cone,
    sparse_index,
    patterns,
    patterns_and_expected,
    ignore_stat,
    split_index,
    blind_monitor,
]


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
def test_work_that_git_does_not_look_at_is_refused(
    start: Start, kind: Callable[[Project], None], path: str
) -> None:
    project = start("worker")
    kind(project)
    append(project, path)
    before = everything(project.path)
    ran = project.aegis("remove", "worker", code=1)
    assert path in ran.err
    assert everything(project.path) == before
    command = ran.err.partition(" next ")[2].strip()
    subprocess.run(command, shell=True, cwd=project.path, check=True, capture_output=True)
    project.aegis("remove", "worker", code=3 if "commit" in command and path == TAKEN else 0)
    assert MINE in project.git("log", "--all", "--patch", "--diff-merges=first-parent") + "\n"


@pytest.mark.parametrize("edit", [with_old_times, executable, link])
@pytest.mark.parametrize("kind", [skip_worktree, assume_unchanged, patterns_and_expected])
def test_every_kind_of_change_counts(
    start: Start, kind: Callable[[Project], None], edit: Edit
) -> None:
    project = start("worker")
    kind(project)
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
    assume_unchanged(project)
    (project.path / CHANGED).unlink()
    assert CHANGED in project.aegis("remove", "worker", code=1).err


def test_flags_alone_refuse_nothing(start: Start) -> None:
    project = start("worker")
    both(project)
    project.aegis("remove", "worker")
    assert not (project.path / TAKEN).exists()
    assert "  worker:" not in project.read(CHANGED)
    project.git("update-index", "--no-skip-worktree", CHANGED)
    assert project.is_sound()


@pytest.mark.parametrize("kind", [skip_worktree, both])
def test_what_was_skipped_and_deleted_stays_absent(
    start: Start, kind: Callable[[Project], None]
) -> None:
    project = start("worker")
    kind(project)
    for path in PATHS:
        (project.path / path).unlink()
    project.aegis("remove", "worker")
    assert not any((project.path / path).exists() for path in PATHS)
    assert project.is_sound()


@pytest.mark.parametrize("kind", [skip_worktree, both, cone, sparse_index, patterns])
def test_a_conflict_in_what_is_not_checked_out(
    start: Start, kind: Callable[[Project], None]
) -> None:
    """Its file comes, so that it can be resolved; `--abort` takes back what there was."""
    project = start("worker")
    append(project, TAKEN)
    project.commit()
    kind(project)
    (project.path / TAKEN).unlink(missing_ok=True)
    before = project.tree
    project.aegis("remove", "worker", code=3)
    assert MINE in project.read(TAKEN)
    project.git("cherry-pick", "--abort")
    assert project.tree == before
    assert project.is_sound()


def test_an_index_of_directories_is_no_hindrance(start: Start) -> None:
    project = start("worker")
    project.git("sparse-checkout", "set", "--cone", "--sparse-index", "nothing")
    project.aegis("remove", "worker", "--dry-run")
    project.aegis("remove", "worker")
    assert project.is_sound()
