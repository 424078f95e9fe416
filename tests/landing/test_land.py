"""Landing: all or nothing, and nothing but what was asked."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from tests.conftest import Start, everything, git, run


def test_a_touched_file_is_not_a_change(start: Start) -> None:
    project = start()
    os.utime(project.path / "compose.yaml", (1, 1))
    project.aegis("add", "ingress")
    assert project.is_sound()


@pytest.mark.parametrize("name", ["Ö. Nöther", " .crud <x>, ", ""])
def test_a_commit_is_the_one_that_git_makes(
    start: Start, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    project = start()
    monkeypatch.setenv("GIT_COMMITTER_NAME", name)
    if not name:
        assert "who you are" in project.aegis("add", "ingress", code=1).err
        return
    project.aegis("add", "ingress")
    made = project.git("cat-file", "commit", "HEAD")
    for who in "AUTHOR", "COMMITTER":
        at = re.search(rf"(?m)^{who.lower()} .*> (.*)", made)
        monkeypatch.setenv(f"GIT_{who}_DATE", at[1] if at else "")
    message = project.path / ".git/message"
    message.write_text(made.partition("\n\n")[2] + "\n")
    words = ("-p", "HEAD~", "-F", str(message), "HEAD^{tree}")
    assert project.git("commit-tree", *words) == project.git("rev-parse", "HEAD")


def test_a_ref_that_cannot_move_leaves_everything_as_it_was(start: Start) -> None:
    project = start()
    hook = project.path / ".git/hooks/reference-transaction"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text('#!/bin/sh\n[ "$1" = prepared ] && grep -q refs/heads && exit 1\nexit 0\n')
    hook.chmod(0o755)
    before = everything(project.path, objects=False)
    project.aegis("add", "ingress", code=1)
    assert everything(project.path, objects=False) == before
    assert project.git("status", "--porcelain") == ""


@pytest.mark.parametrize("there", [False, True], ids=["absent", "empty"])
def test_an_init_that_fails_or_only_looks_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, there: bool
) -> None:
    hook = tmp_path / "template/hooks/reference-transaction"
    hook.parent.mkdir(parents=True)
    hook.write_text('#!/bin/sh\n[ "$1" != prepared ] || ! grep -q " refs/heads"\n')
    hook.chmod(0o755)
    place = tmp_path / "made/my-api"
    place.mkdir(parents=True) if there else place.parent.mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "scratch"))
    (tmp_path / "scratch").mkdir()
    setting = {"COUNT": "1", "KEY_0": "init.templateDir", "VALUE_0": str(tmp_path / "template")}
    for name, value in setting.items():
        monkeypatch.setenv(f"GIT_CONFIG_{name}", value)
    for options, code in (((), 1), (("--dry-run",), 0)):
        ran = run("init", place, "-y", *options)
        assert ran.code == code, ran.err
        assert [*place.parent.rglob("*")] == [place] * there
        assert not [*(tmp_path / "scratch").iterdir()]


def test_line_endings_that_git_converts(start: Start) -> None:
    project = start()
    project.git("config", "core.autocrlf", "true")
    (project.path / ".git/index").unlink()
    project.git("reset", "--quiet", "--hard")
    assert b"\r\n" in (project.path / "compose.yaml").read_bytes()
    project.aegis("add", "ingress")
    assert b"\r\n" in (project.path / "compose.yaml").read_bytes()
    assert "\r" not in project.git("show", "HEAD:compose.yaml")
    assert project.git("status", "--porcelain") == ""
    project.aegis("remove", "ingress")
    assert project.git("status", "--porcelain") == ""


def test_a_clone_of_the_result_is_whole(start: Start, tmp_path: Path) -> None:
    """Every object that a commit or a conflict needs is in the project itself."""
    project = start("ingress")
    project.aegis("add", "worker")
    git(tmp_path, "clone", "--quiet", "--bare", f"file://{project.path}", "copy")
    git(tmp_path / "copy", "fsck", "--strict", "--connectivity-only")


def test_what_is_not_in_git_where_a_file_would_await_a_person(start: Start) -> None:
    # Theirs is not written, for a package has its name; but --abort would take this away.
    project = start()
    project.write("app/components/worker/api/__init__.py", "")
    project.commit("Mine")
    project.write("app/components/worker/api.py", "UNTRACKED = 1\n")
    said = project.aegis("add", "worker", code=1).err
    assert "An untracked file or a link is where aegis would write" in said
    assert project.read("app/components/worker/api.py") == "UNTRACKED = 1\n"
    (project.path / "app/components/worker/api.py").unlink()
    project.aegis("add", "worker", code=3)
    project.git("cherry-pick", "--abort")
    assert project.is_sound()


@pytest.mark.parametrize(
    ("attribute", "code"), [("merge=union", 3), ("-merge", 3), ("merge=mine", 3), ("merge", 3)]
)
def test_gitattributes_say_how_to_merge(start: Start, attribute: str, code: int) -> None:
    project = start()
    project.write(".gitattributes", f"compose.yaml {attribute}\n")
    project.collide()
    project.aegis("add", "ingress", code=code)
    text = project.read("compose.yaml")
    assert "9000:8000" in text
    assert ("\n  ingress:" in text) == (attribute == "merge")
    assert ("<<<<" in text) == (attribute == "merge")


@pytest.mark.parametrize("name", ["lfs", "crypt"])
@pytest.mark.parametrize("command", ["not-there --%f", "false"])
@pytest.mark.parametrize("kind", ["clean", "smudge", "process"])
def test_a_filter_that_fails_is_the_reason(
    start: Start, kind: str, command: str, name: str
) -> None:
    project = start()
    project.write(".gitattributes", f"compose.yaml filter={name} -text\n")
    project.commit("A filter")
    project.git("config", f"filter.{name}.clean", "cat")
    project.git("config", f"filter.{name}.{kind}", command)
    project.git("config", f"filter.{name}.required", "true")
    committed = project.read("compose.yaml")
    if kind == "clean":  # which git runs on what is not as in HEAD
        project.write("compose.yaml", f"{committed}# mine\n")
    before = everything(project.path, objects=False)
    ran = project.aegis("add", "worker", code=1)
    assert "filter from git's configuration failed" in ran.err
    assert command in ran.err or kind == "process"  # of which git may only say that it hung up
    assert command in project.paste(ran.next)
    assert ("not found" in ran.err) == (command != "false")
    assert everything(project.path, objects=False) == before
    if kind != "process":  # of which git has no use without an answer, required or not
        project.write("compose.yaml", committed)
        project.git("config", f"filter.{name}.required", "false")
        project.aegis("add", "worker")
        assert project.is_sound()


def test_a_required_filter_without_a_command_is_the_reason(start: Start) -> None:
    project = start()
    project.write(".gitattributes", "docs/** filter=half\n")
    project.commit("A filter")
    project.git("config", "filter.half.clean", "cat")
    project.git("config", "filter.half.required", "true")
    ran = project.aegis("add", "worker", code=1)
    assert "smudge filter half failed" in ran.err
