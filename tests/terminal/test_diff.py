"""--diff: the plan as a patch that `git apply` takes."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.conftest import AEGIS, OLDER, Start, begun, both_add, git

LATIN_1 = "# Gruß\n".encode("latin-1")


def patch(*words: str | Path, code: int = 0) -> bytes:
    """What the real command prints on a pipe with --diff and --dry-run."""
    command = [*AEGIS, *words, "--diff", "--dry-run"]
    done = subprocess.run(command, capture_output=True, check=False)
    assert done.returncode == code, done.stderr
    assert b"Dry run" in done.stderr
    return done.stdout


def applied(directory: Path, change: bytes) -> str:
    """The tree after a patch was applied."""
    subprocess.run(["git", "apply", "--index"], cwd=directory, input=change, check=True)
    return git(directory, "write-tree")


@pytest.mark.parametrize(
    "words",
    [
        "add scheduler ingress",
        "remove worker",
        "rebase-upstream",
        "answers project_name=Depot",
        "answers author_name=Zoë",
    ],
)
def test_the_patch_is_what_the_verb_does(start: Start, words: str) -> None:
    project = start("worker", version=OLDER)
    with (project.path / "compose.yaml").open("ab") as file:
        file.write(LATIN_1)
    project.commit("Mine")
    change = patch("-C", project.path, *words.split())
    tree = applied(project.path, change)
    project.git("reset", "--quiet", "--hard")
    project.aegis(*words.split())
    assert project.tree == tree


def test_in_a_subdirectory_of_a_repository(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "commit", "--quiet", "--allow-empty", "--message", "Start")
    project = begun(tmp_path / "inner")
    tree = applied(tmp_path, patch("-C", project.path, "add", "cache"))
    git(tmp_path, "reset", "--quiet", "--hard")
    project.aegis("add", "cache")
    assert git(tmp_path, "rev-parse", "HEAD^{tree}") == tree


def test_a_project_that_starts(tmp_path: Path) -> None:
    change = patch("init", tmp_path / "my-api", "-y", "--components", "cache")
    git(tmp_path, "init", "--quiet", "mine")
    tree = applied(tmp_path / "mine", change)
    assert begun(tmp_path / "my-api", "--components", "cache").tree == tree


def test_a_conflict_is_in_it_as_it_will_be_marked(start: Start) -> None:
    project = start()
    project.collide()
    change = patch("-C", project.path, "add", "ingress", code=3)
    applied(project.path, change)
    marked = project.read("compose.yaml")
    assert "<<<<<<<" in marked
    project.git("reset", "--quiet", "--hard")
    project.aegis("add", "ingress", code=3)
    assert project.read("compose.yaml") == marked


def test_what_repair_settles_is_in_it(start: Start) -> None:
    project = both_add(start)
    change = patch("-C", project.path, "repair")
    subprocess.run(["git", "apply"], cwd=project.path, input=change, check=True)
    expected = project.read("compose.yaml")
    assert "<<<<<<<" not in expected
    undo = ["git", "apply", "--reverse"]
    subprocess.run(undo, cwd=project.path, input=change, check=True)
    assert project.aegis("repair", "--diff", "--json").json["patch"] == change.decode()
    assert project.read("compose.yaml") == expected


def test_in_json_it_is_a_key(start: Start) -> None:
    project = start()
    change = patch("-C", project.path, "add", "cache").decode()
    assert project.aegis("add", "cache", "--json", "--diff").json["patch"] == change


def test_quiet_prints_only_what_needs_a_person(start: Start) -> None:
    project = start()
    for words in (["add", "cache"], ["add", "cache"], ["status"], ["answers"], ["components"]):
        ran = project.aegis(*words, "--quiet")
        assert (ran.out == "") == (words[0] == "add")
        assert ran.err == ""
    project.write("app/mine.py", "from app.components import cache\n")
    project.commit("Mine")
    left = project.aegis("remove", "cache", "--quiet").out
    assert "app/mine.py" in left
    assert "  ~ " not in left, "the files that changed need nobody"
    project.collide()
    ran = project.aegis("--quiet", "add", "ingress", code=3)
    assert "git cherry-pick --continue" in ran.out
    assert project.aegis("-q", "add", "ingress", code=1).err.startswith("error")
