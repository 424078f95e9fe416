"""A tracked uv.lock follows pyproject.toml in the same commit, or a note says what to run."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
import uv

from tests.conftest import Project, Start, begun
from tests.verbs.conftest import is_current, locked

LONG = pytest.mark.long


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
def test_no_lock_leaves_it(pinned: Project) -> None:
    before = pinned.read("uv.lock")
    ran = pinned.aegis("add", "cache", "--no-lock")
    assert "uv.lock: not updated (--no-lock). Run: uv lock" in ran.out
    assert pinned.read("uv.lock") == before


@pytest.mark.usefixtures("with_uv")
def test_a_change_of_nothing_locked_leaves_it(pinned: Project) -> None:
    ran = pinned.aegis("answers", "author_name=Somebody Else")
    assert "uv.lock" not in pinned.git("show", "--name-only", "--format=", "HEAD")
    assert ran.err == ""


def test_without_uv_it_says_what_to_run(
    pinned: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    git = shutil.which("git")
    assert git
    (tmp_path / "only-git").mkdir()
    (tmp_path / "only-git/git").symlink_to(git)
    monkeypatch.setenv("PATH", str(tmp_path / "only-git"))
    ran = pinned.aegis("add", "cache")
    assert "uv.lock: not updated (uv not found; install it first). Run: uv lock" in ran.out


@pytest.mark.usefixtures("with_uv")
def test_without_a_network_it_says_what_to_run(
    pinned: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("UV_OFFLINE", "1")
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "empty"))
    ran = pinned.aegis("add", "cache")
    assert "Run: uv lock" in ran.out
    assert '"cashews' in pinned.read("pyproject.toml")


def test_a_lock_that_a_filter_stores_is_named(start: Start) -> None:
    """git has a pointer, or a cipher, in its place: uv could not read that."""
    project = start()
    for name in ("clean", "smudge"):
        project.git("config", f"filter.mine.{name}", "tr a-z n-za-m")
    project.write(".gitattributes", "*.lock filter=mine\n")
    project.write("uv.lock", '[[package]]\nname = "my-api"\nsource = { virtual = "." }\n')
    project.commit()
    assert (
        "uv.lock: not updated (it isn't readable here). Run: uv lock"
        in project.aegis("add", "cache").out
    )
    assert project.is_sound()


def test_a_project_without_a_lock_gets_none(start: Start) -> None:
    project = start()
    project.aegis("add", "cache")
    assert "uv.lock" not in project.git("ls-files")


# A member of a workspace has no lock of its own.

ROOT = """\
[project]
name = "mono"
version = "0"
requires-python = ">=3.11"

[tool.uv.workspace]
members = {members}
exclude = {exclude}
"""
MEMBER = '[project]\nname = "{name}"\nversion = "0"\nrequires-python = ">=3.11"\n'


def workspace(path: Path, place: str, members: list[str], exclude: list[str]) -> Project:
    """A project at a place in a repository whose top is a workspace, locked."""
    mono = Project(path / "mono")
    mono.path.mkdir()
    mono.git("init", "--quiet")
    mono.write("pyproject.toml", ROOT.format(members=members, exclude=exclude))
    mono.write("libs/one/pyproject.toml", MEMBER.format(name="one"))
    mono.commit()
    begun(mono.path / place)
    subprocess.run([uv.find_uv_bin(), "lock", "--quiet"], cwd=mono.path, check=True)
    mono.commit("Lock")
    return mono


@pytest.mark.usefixtures("with_uv")
@pytest.mark.parametrize(
    ("place", "members", "exclude", "is_in"),
    [
        ("services/api", ["services/*", "libs/*"], [], True),
        ("services/web/shop", ["services/**/shop"], ["libs"], True),
        pytest.param("services/api", ["libs/*", "./services/api/"], [], True, marks=LONG),
        pytest.param("services/web/api", ["libs/*"], [], False, marks=LONG),
        ("services/api", ["services/*"], ["services/api"], False),
        ("api", ["[a-k]pi"], ["services/*"], True),
    ],
)
def test_the_lock_of_a_workspace_follows_its_members(
    tmp_path: Path, place: str, members: list[str], exclude: list[str], is_in: bool
) -> None:
    mono = workspace(tmp_path, place, members, exclude)
    project = Project(mono.path / place)
    ran = project.aegis("add", "cache", "--json")
    files = {file["path"] for file in ran.json["commits"][0]["files"]}
    up = "../" * len(place.split("/"))
    assert (f"{up}uv.lock" in files) is is_in
    assert ran.json["commits"][0]["notes"] == []
    assert ('name = "cashews"' in mono.read("uv.lock")) is is_in
    assert is_current(mono)  # as uv itself takes it
    assert mono.git("status", "--porcelain") == ""
    ran = project.aegis("remove", "cache", "--json", *([] if is_in else ["--no-lock"]))
    assert ran.json["commits"][0]["notes"] == []
    assert "cashews" not in mono.read("uv.lock")


@pytest.mark.usefixtures("with_uv")
def test_a_new_member_is_in_the_lock_from_its_first_commit(tmp_path: Path) -> None:
    mono = workspace(tmp_path, "services/api", ["services/*"], [])
    begun(mono.path / "services/web", "--components", "cache")
    assert is_current(mono)
    assert mono.git("status", "--porcelain") == ""
    mono.git("reset", "--quiet", "--hard", "HEAD^")
    assert is_current(mono)


@pytest.mark.usefixtures("with_uv")
def test_a_project_that_is_the_root_of_a_workspace(start: Start) -> None:
    project = start()
    pyproject = project.read("pyproject.toml") + '\n[tool.uv.workspace]\nmembers = ["libs/*"]\n'
    project.write("pyproject.toml", pyproject)
    project.write("libs/one/pyproject.toml", MEMBER.format(name="one"))
    project = locked(project, "python-slugify")
    project.aegis("add", "cache")
    assert 'name = "cashews"' in project.read("uv.lock")
    assert is_current(project)


@pytest.mark.usefixtures("with_uv")
def test_a_member_that_has_to_be_built_is_built_by_nobody(tmp_path: Path) -> None:
    mono = workspace(tmp_path, "services/api", ["services/*", "libs/*"], [])
    mono.write("libs/one/pyproject.toml", '[project]\nname = "one"\ndynamic = ["version"]\n')
    mono.commit("Dynamic")
    ran = Project(mono.path / "services/api").aegis("add", "cache")
    told = "../../uv.lock: not updated (uv would have to build libs/one). Run: uv lock"
    assert told in ran.out
