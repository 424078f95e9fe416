"""A tracked uv.lock follows pyproject.toml in the same commit, or it is said what to run."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
import uv

from tests.conftest import Project, Start


def locked(project: Project, *args: str) -> Project:
    subprocess.run(
        [uv.find_uv_bin(), "add", "--quiet", "--no-sync", *args], cwd=project.path, check=True
    )
    project.commit(f"Use {' '.join(args)}")
    return project


def is_current(project: Project) -> bool:
    check = [uv.find_uv_bin(), "lock", "--quiet", "--check"]
    return subprocess.run(check, cwd=project.path, check=False).returncode == 0


@pytest.mark.usefixtures("with_uv")
def test_the_commonest_edit_of_all(start: Start) -> None:
    """`uv add python-slugify`, commit, `aegis add worker`: merged, locked, one commit."""
    project = locked(start("ingress"), "python-slugify")
    before = project.tree
    project.aegis("add", "worker")
    assert '"python-slugify' in project.read("pyproject.toml")
    assert '"arq' in project.read("pyproject.toml")
    assert 'name = "arq"' in project.read("uv.lock")
    assert is_current(project)
    assert project.is_sound()
    project.aegis("remove", "worker")
    assert is_current(project)
    assert project.tree == before


@pytest.mark.usefixtures("with_uv")
def test_no_lock_leaves_it(start: Start) -> None:
    project = locked(start(), "python-slugify")
    before = project.read("uv.lock")
    ran = project.aegis("add", "cache", "--no-lock")
    assert "uv lock" in ran.err
    assert project.read("uv.lock") == before


@pytest.mark.usefixtures("with_uv")
def test_a_change_of_nothing_locked_leaves_it(start: Start) -> None:
    project = locked(start(), "python-slugify")
    ran = project.aegis("answers", "author_name=Somebody Else")
    assert "uv.lock" not in project.git("show", "--name-only", "--format=", "HEAD")
    assert ran.err == ""


def test_without_uv_it_says_what_to_run(
    start: Start, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    project = locked(start(), "python-slugify")
    git = shutil.which("git")
    assert git
    (tmp_path / "only-git").mkdir()
    (tmp_path / "only-git/git").symlink_to(git)
    monkeypatch.setenv("PATH", str(tmp_path / "only-git"))
    ran = project.aegis("add", "cache")
    assert "uv is not installed" in ran.err
    assert "run: uv lock" in ran.err


@pytest.mark.usefixtures("with_uv")
def test_without_a_network_it_says_what_to_run(
    start: Start, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    project = locked(start(), "python-slugify")
    monkeypatch.setenv("UV_OFFLINE", "1")
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "empty"))
    ran = project.aegis("add", "cache")
    assert "run: uv lock" in ran.err
    assert '"cashews' in project.read("pyproject.toml")


def test_a_project_without_a_lock_gets_none(start: Start) -> None:
    project = start()
    project.aegis("add", "cache")
    assert "uv.lock" not in project.git("ls-files")
