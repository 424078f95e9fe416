"""What a killed `init` leaves, and the git that outlives it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from aegis_patch.landing import locks, new_repository
from tests.conftest import Project, run


def test_a_git_that_outlives_init_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has inherited the lock, and would write again what is removed meanwhile."""
    monkeypatch.setattr(locks, "PATIENCE", 600)
    left = tmp_path / "new/.new.aegis-a1b2c3d4"
    late = left / ".git/aegis/new"
    late.mkdir(parents=True)
    with locks.hold(left / ".git") as held:
        command = ["sh", "-c", 'sleep 0.3; mkdir -p "$0"; echo late >"$0/file"', str(late)]
        git = subprocess.Popen(command, pass_fds=(held,))  # as `git.run` starts it
    new_repository.sweep(tmp_path / "new")
    git.wait()
    assert not left.exists()


def test_a_repository_that_came_meanwhile_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Project(tmp_path / "new")
    real = new_repository._initialize

    def slow(building: Path, branch: str) -> None:
        real(building, branch)
        place.git("init", "--quiet")
        place.git("commit", "--quiet", "--allow-empty", "--message", "Mine")

    monkeypatch.setattr(new_repository, "_initialize", slow)
    assert run("init", place.path, "-y").code == 1
    assert place.subjects == ["Mine"]
