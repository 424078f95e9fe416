"""`aegis diff`: a patch that makes the project's tree out of the pristine one."""

from __future__ import annotations

import contextlib
import os
import pty
import subprocess
import termios
from pathlib import Path

import pytest

from tests.conftest import AEGIS, Project, Start, begun, git, run


def at_terminal(project: Project, *words: str) -> str:
    """What a verb writes on a terminal."""
    master, slave = pty.openpty()
    termios.tcsetwinsize(slave, (24, 80))
    command = [*AEGIS, "-C", str(project.path), *words]
    env = {**os.environ, "TERM": "xterm"}
    for name in ("COLUMNS", "NO_COLOR"):
        env.pop(name)
    running = subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, env=env)
    os.close(slave)
    shown = b""
    with contextlib.suppress(OSError):  # as a terminal ends
        while read := os.read(master, 65536):
            shown += read
    os.close(master)
    running.wait()
    return shown.decode().replace("\r\n", "\n")


def patched(project: Project, tmp_path: Path, *words: str) -> str:
    """The tree that `git apply` makes, from what aegis prints, out of the pristine tree."""
    command = [*AEGIS, "-C", str(project.path), "diff", *words]
    patch = subprocess.run(command, capture_output=True, check=True).stdout
    git(tmp_path, "clone", "--quiet", str(project.path), "pristine")
    pristine = Project(tmp_path / "pristine")
    pristine.git("reset", "--quiet", "--hard", ":/^Start")
    if patch:
        git_apply = ["git", "apply", "--index", "-"]
        subprocess.run(git_apply, cwd=pristine.path, input=patch, check=True)
    return pristine.git("write-tree")


def edit_all(project: Project) -> None:
    """Every kind of change that a tree can hold."""
    path = project.path
    (path / "pixels.bin").write_bytes(bytes(range(256)) * 9)
    (path / "latin.txt").write_bytes("Grüße\r\nund kein Ende".encode("latin-1"))
    (path / "empty").touch()
    (path / "run.sh").write_text("#!/bin/sh\n")
    (path / "run.sh").chmod(0o755)
    (path / "README.md").chmod(0o755)
    (path / "link").symlink_to("app/__init__.py")
    (path / "Dockerfile").unlink()
    (path / "Dockerfile").symlink_to("compose.yaml")
    for name in ("ein Wort.txt", 'a"quote', "tab\there", "line\nbreak", "Größe", "-dash"):
        (path / name).write_text(f"{name}\n")
    (path / os.fsdecode(b"\xff\xfe")).write_text("no UTF-8\n")
    project.git("mv", "app/identity.py", "app/who.py")
    project.git("mv", "tests", "checks")
    project.edit("compose.yaml", "${PORT:-8000}:8000", "9000:8000")
    project.git("rm", "--quiet", ".dockerignore")


def test_the_patch_gives_the_projects_tree(start: Start, tmp_path: Path) -> None:
    project = start()
    edit_all(project)
    project.commit()
    assert patched(project, tmp_path) == project.tree


def test_it_compares_the_files_on_disk(start: Start, tmp_path: Path) -> None:
    project = start()
    project.edit("compose.yaml", "${PORT:-8000}:8000", "9000:8000")
    project.write("new.txt", "new\n")
    project.write("added.txt", "added\n")
    project.git("add", "added.txt")
    index = project.git("ls-files", "--stage")
    assert [file["path"] for file in project.aegis("diff", "--json").json["files"]] == [
        "added.txt",
        "compose.yaml",
    ]
    assert project.git("ls-files", "--stage") == index
    tree = patched(project, tmp_path)
    (project.path / "new.txt").unlink()
    project.commit()
    assert tree == project.tree


@pytest.mark.parametrize(
    "setting", ["diff.noprefix=true", "diff.external=false", "color.ui=always", "diff.context=0"]
)
def test_no_setting_of_git_changes_the_patch(start: Start, setting: str) -> None:
    project = start()
    edit_all(project)
    project.git("add", "--all")
    expected = project.aegis("diff").out
    project.git("config", *setting.split("="))
    assert project.aegis("diff").out == expected


@pytest.mark.parametrize(
    ("name", "value"), [("GIT_EXTERNAL_DIFF", "false"), ("GIT_DIFF_OPTS", "-u0")]
)
def test_no_variable_of_git_changes_the_patch(
    start: Start, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    project = start()
    project.collide()
    expected = project.aegis("diff").out
    monkeypatch.setenv(name, value)
    assert project.aegis("diff").out == expected


def test_a_change_in_the_second_of_the_commit_is_seen(start: Start) -> None:
    """Of the same size: git looks at the time of its index to know that it has to read the file."""
    project = start("worker")
    project.git("config", "core.trustctime", "false")
    file, second = project.path / "Makefile", (10**9, 10**9)
    os.utime(file, second)
    project.git("update-index", "--refresh")
    os.utime(project.path / ".git/index", second)
    file.write_text(file.read_text().swapcase())
    os.utime(file, second)
    assert "+++ b/Makefile" in project.aegis("diff", "--exit-code", code=1).out


def test_the_exit_code_tells_of_a_change(start: Start) -> None:
    project = start("worker")
    assert project.aegis("diff", "--exit-code").out == ""
    project.collide()
    assert "+    ports" in project.aegis("diff").out
    project.aegis("diff", "--exit-code", code=1)
    project.aegis("diff", "--exit-code", "app")


def test_what_uv_writes_is_nobodys_change_unless_it_is_named(start: Start) -> None:
    project = start()
    project.write("uv.lock", "version = 1\n")
    project.git("add", "uv.lock")
    assert project.aegis("diff", "--exit-code").out == ""
    assert project.aegis("diff", ".").out == ""
    assert "+version = 1" in project.aegis("diff", "uv.lock").out


def test_paths_are_those_of_where_you_stand(start: Start) -> None:
    project = start()
    project.write("app/mine.py", "MINE = 1\n")
    project.collide()

    def files(where: str, *paths: str) -> list[str]:
        ran = run("-C", project.path / where, "diff", "--json", *paths)
        return [file["path"] for file in ran.json["files"]]

    assert files("app") == ["app/mine.py", "compose.yaml"]
    assert files("app", ".") == files(".", "app", "app/") == files("app", "mine.py")
    assert files("app", "../compose.yaml") == ["compose.yaml"]
    assert "outside the project" in run("-C", project.path, "diff", "..").err
    assert "no such file" in run("-C", project.path, "diff", "nothing").err


def test_a_project_in_a_subdirectory(start: Start) -> None:
    outer = start(name="outer")
    inner = begun(outer.path / "api")
    inner.collide()
    outer.write("README.md", "Mine\n")
    assert [file["path"] for file in inner.aegis("diff", "--json").json["files"]] == [
        "compose.yaml"
    ]
    assert "\n+++ b/compose.yaml\n" in inner.aegis("diff").out


def test_of_a_component_its_own_changes_are_shown(start: Start) -> None:
    project = start("worker", "ingress")
    project.edit("compose.yaml", "    stop_grace_period: 40s\n", "    stop_grace_period: 50s\n")
    project.write("compose.yaml", "# Ours\n" + project.read("compose.yaml"))
    project.write("app/components/worker/mine.py", "MINE = 1\n")
    project.git("mv", "app/components/ingress", "app/components/edge")
    project.write("app/mine.py", "MINE = 1\n")
    project.commit()

    def files(name: str) -> list[str]:
        found = project.aegis("diff", "--json", "--component", name).json["files"]
        return [file["path"] for file in found]

    assert files("worker") == ["app/components/worker/mine.py", "compose.yaml"]
    patch = project.aegis("diff", "--component", "worker").out
    assert "stop_grace_period: 50s" in patch
    assert "# Ours" not in patch
    assert files("core") == ["compose.yaml"]
    assert {*files("core, worker,ingress")} == {*files("core"), *files("worker"), *files("ingress")}
    both = project.aegis("diff", "--component", "core", "--component", "worker").out
    assert "stop_grace_period: 50s" in both
    assert "# Ours" in both
    assert "stop_grace_period" not in project.aegis("diff", "--component", "core").out
    assert {path.split("/")[2] for path in files("ingress")} == {"ingress", "edge"}
    assert "isn't installed" in project.aegis("diff", "--component", "scheduler", code=1).err
    assert 'No component "".' in project.aegis("diff", "--component", "", code=1).err  # not all
    mistyped = project.aegis("diff", "--component", "wroker", code=1).err
    assert 'No component "wroker". Did you mean worker?\n next aegis status' in mistyped


def test_on_a_terminal_git_shows_it_with_the_users_colours_and_pager(start: Start) -> None:
    project = start()
    project.collide()
    project.git("config", "core.pager", "sed s/^/paged:/")
    shown = at_terminal(project, "diff")
    assert "paged:" in shown
    assert "\x1b[32m" in shown
