"""Faults that an attack found once; each stays mended."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import time
import tomllib
from pathlib import Path

import pytest

from aegis_patch.upstream import releases
from tests.conftest import AEGIS, Project, Start, begun, run


@pytest.fixture
def outer(tmp_path: Path) -> Project:
    """A repository of something else."""
    project = Project(tmp_path / "outer")
    project.path.mkdir()
    project.git("init", "--quiet")
    project.write("api/own.txt", "keep\n")
    project.commit("Outer")
    return project


def test_a_directory_with_a_dot_is_another_one(outer: Project) -> None:
    inner = begun(outer.path / ".api")
    assert outer.read("api/own.txt") == "keep\n"
    inner.aegis("add", "ingress")
    assert outer.is_sound()


def test_comments_of_mine_in_the_record(start: Start) -> None:
    project = start("cache")
    record = project.read("aegis.toml")
    for value, comment in (
        ("cache = {", "ticket 42"),
        ("release = ", "by Bob"),
        ("author_name", "us"),
    ):
        line = next(line for line in record.splitlines() if line.startswith(value))
        record = record.replace(f"{line}\n", f"{line}  # {comment}\n")
    project.write("aegis.toml", record)
    project.commit("Comments")
    project.aegis("add", "ingress")
    for comment in ("ticket 42", "by Bob", "us"):
        assert f"  # {comment}\n" in project.read("aegis.toml")
    tomllib.loads(project.read("aegis.toml"))


def test_a_module_of_mine_is_not_hidden(start: Start) -> None:
    project = start()
    project.write("app/components/worker.py", "MINE = 1\n")
    project.commit("Mine")
    project.aegis("add", "worker", code=3)
    assert project.read("app/components/worker.py") == "MINE = 1\n"
    project.git("cherry-pick", "--abort")
    assert project.is_sound()


@pytest.mark.parametrize("names", ["worker]", "worker[cache", "worker[cache]"])
def test_names_that_are_none(start: Start, names: str) -> None:
    start().aegis("add", names, code=1)


def test_init_here_keeps_the_directory(tmp_path: Path) -> None:
    here = tmp_path / "here"
    here.mkdir(mode=0o700)
    inode = here.stat().st_ino
    subprocess.run([*AEGIS, "init", ".", "-y"], cwd=here, check=True)
    assert (here.stat().st_ino, here.stat().st_mode & 0o777) == (inode, 0o700)
    assert Project(here).is_sound()


def test_the_next_command_works_when_typed(outer: Project) -> None:
    place = outer.path / "my svc/é"
    inner = begun(place / "api")
    inner.write("compose.yaml", inner.read("compose.yaml") + "# mine\n")
    ran = inner.aegis("add", "ingress", code=1)
    inner.paste(ran.next.partition(", or")[0])
    inner.aegis("add", "ingress")


def test_what_is_typed_next_keeps_lines_and_bytes(start: Start) -> None:
    """A pipe or a terminal gets neither as it is."""
    project = start()
    place = project.path.rename(project.path.parent / "new\nca\udcf1on")
    ran = Project(place.parent).aegis(
        "-C", place.name, "add", "ingress", "--dry-run", "--verify", "test -d app\ntest ! -e no"
    )
    command = ran.out.partition("\nnext aegis ")[2]
    typed = f"{shlex.join(AEGIS)} {command}"
    subprocess.run(["bash", "-c", typed], cwd=place.parent, check=True)
    moved = Project(place)
    moved.aegis("remove", "ingress")
    assert moved.is_sound()


def test_a_project_that_was_moved_was_not_added_then(start: Start) -> None:
    """The commit that moved all of it is not the one that is reverted."""
    project = start("ingress")
    (project.path / "svc").mkdir()
    kept = {".git", "svc"}
    for file in project.git("ls-tree", "--name-only", "HEAD").splitlines():
        if file not in kept:
            project.git("mv", file, f"svc/{file}")
    project.commit("Into svc")
    moved = Project(project.path / "svc")
    said = moved.aegis("remove", "ingress").out
    assert "this history has no commit that added ingress" in said
    assert "This reverts" not in project.git("log", "-1", "--format=%B")


def test_what_a_hook_leaves_in_the_environment(
    start: Start, outer: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = start()
    before = outer.head
    monkeypatch.setenv("GIT_DIR", str(outer.path / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(outer.path / ".git/index"))
    monkeypatch.setenv("GIT_QUARANTINE_PATH", str(outer.path / ".git/objects"))  # of pre-receive
    project.aegis("add", "ingress")
    monkeypatch.delenv("GIT_DIR", raising=False)
    monkeypatch.delenv("GIT_INDEX_FILE", raising=False)
    monkeypatch.delenv("GIT_QUARANTINE_PATH", raising=False)
    assert outer.head == before
    assert project.is_sound()


@pytest.mark.parametrize("verb", ["status", "adopt", "components", "diff"])
def test_links_in_a_circle_are_no_directory(tmp_path: Path, verb: str) -> None:
    (tmp_path / "loop").symlink_to("loop")
    ran = run("-C", tmp_path / "loop", verb)
    assert (ran.code, "A bug in aegis" in ran.err) == (int(verb != "components"), False)


@pytest.mark.parametrize("as_json", [False, True])
def test_ctrl_c_while_git_moves_the_ref_leaves_a_whole_commit(start: Start, as_json: bool) -> None:
    """Ctrl-C while git moves the ref, which waits for it: the commit is made whole."""
    project = start()
    hook = project.path / ".git/hooks/reference-transaction"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(
        '#!/bin/sh\n[ "$1" = prepared ] || exit 0\ntouch "$0.reached"\n'
        'while [ ! -e "$0.told" ] && [ -e "$0" ]; do sleep 0.05; done\n'
    )
    hook.chmod(0o755)
    process = subprocess.Popen(
        [*AEGIS, "-C", str(project.path), "add", "ingress", *["--json"] * as_json],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    while not Path(f"{hook}.reached").exists():
        assert process.poll() is None
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGINT)
    Path(f"{hook}.told").touch()
    process.communicate()
    assert process.returncode == 0
    assert project.subjects[0] == "Add ingress"
    assert project.is_sound()


def test_answers_are_shown_as_they_are(start: Start) -> None:
    project = start()
    project.aegis("answers", "description=a :rocket: x\\ [bold]y[/]")
    assert "a :rocket: x\\ [bold]y[/]" in project.aegis("answers").out
    assert releases.latest() in project.aegis("status").out
