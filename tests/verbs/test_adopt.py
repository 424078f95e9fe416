"""`aegis adopt`: a project without its record is what its files tell."""

from __future__ import annotations

import random
import re
import shutil
from pathlib import Path

import pytest

from aegis_patch.upstream import releases
from tests import stacks
from tests.conftest import FULL, NEWEST, OLDER, Project, Start, git, run

FILE = "app/identity.py"
SETS = stacks.sampled(12 if FULL else 2)
NAMES = {"project_name": 'Ship "Yard" Ünï', "description": "Builds 'ships', \\ and \"boats\"."}


def copied(project: Project, name: str = "copy") -> Project:
    """Its files without the record, in a repository of their own with one commit."""
    other = Project(project.path.parent / name)
    shutil.copytree(project.path, other.path, ignore=shutil.ignore_patterns(".git", "aegis.toml"))
    other.git("init", "--quiet")
    other.commit("Copied")
    return other


def edit(project: Project, rate: float, seed: int) -> None:
    """Delete, change and put in lines of every file but those with the project's identity."""
    rng = random.Random(seed)
    for path in project.git("ls-files").splitlines():
        if path in ("aegis.toml", "app/identity.py", "pyproject.toml"):
            continue
        try:
            lines = project.read(path).splitlines(keepends=True)
        except UnicodeDecodeError:
            continue
        edited = ""
        for line in lines:
            drawn = rng.random() / rate
            edited += "" if drawn < 0.3 else f"mine_{rng.random()}\n" if drawn < 0.6 else line
            edited += f"mine_{rng.random()}\n" if 0.6 < drawn < 1 else ""
        project.write(path, edited)
    project.commit("Mine")


def recorded(project: Project) -> str:
    """The record, but for who asked for a component."""
    return project.read("aegis.toml").replace('by = "need"', 'by = "you"')


@pytest.mark.parametrize("rate", [0, 0.3])
@pytest.mark.parametrize("number", range(len(SETS)))
def test_release_components_and_answers_are_found(rate: float, number: int, start: Start) -> None:
    is_new = not stacks.catalogue(OLDER).keys() >= {*SETS[number]}
    version = NEWEST if is_new else (OLDER, NEWEST)[number % 2]
    project = start(*SETS[number], version=version)
    project.aegis("answers", *(f"{key}={value}" for key, value in NAMES.items()))
    if rate:
        edit(project, rate, number)
    before = recorded(project)
    drift = project.aegis("status", "--json").json["changed"]
    copy = copied(project)
    found = copy.aegis("adopt", "--json").json
    assert copy.subjects == [f"Adopt aegis {version}", "Copied"]
    assert recorded(copy) == before
    assert copy.is_sound()
    assert found["releases"][0]["share"] > (60 if rate else 99)
    assert found["changed"] == drift
    status = copy.aegis("status", "--json").json
    assert (status["release"], status["needs_repair"], status["changed"]) == (version, [], drift)


@pytest.mark.parametrize("name", [r'"a\nb"', r'"\ud800"', '"日本"', '""'])
def test_what_can_be_no_answer_is_not_found(name: str, start: Start) -> None:
    """In a file of the user's, or of a directory with such a name."""
    copy = copied(start(), "日本")
    text = re.sub("(?m)^(NAME|SLUG) = .*", lambda found: f"{found[1]} = {name}", copy.read(FILE))
    copy.write(FILE, text)
    copy.commit("Mine")
    copy.aegis("adopt")
    assert copy.aegis("status", "--json").json["needs_repair"] == []


def test_what_was_adopted_is_as_any_other(start: Start) -> None:
    project = start("worker", version=OLDER)
    copy = copied(project)
    copy.aegis("adopt")
    for verb in (["add", "ingress"], ["rebase-upstream"], ["remove", "worker"]):
        project.aegis(*verb)
        copy.aegis(*verb)
        assert copy.tree == project.tree
    assert copy.is_sound()


def test_a_subdirectory_of_a_repository_can_be_a_project(start: Start) -> None:
    project = start("worker", version=OLDER)
    (project.path.parent / "outer").mkdir()
    inner = copied(project, "outer/inner")
    shutil.rmtree(inner.path / ".git")
    outer = Project(inner.path.parent)
    outer.git("init", "--quiet")
    outer.commit("A monorepo")
    for place in (".", "inner/app"):
        assert "Which directory" in outer.aegis("-C", place, "adopt", code=1).err
    inner.aegis("adopt")
    assert outer.git("show", "--name-status", "--format=%s").split() == [
        *("Adopt", "aegis", OLDER, "A", "inner/aegis.toml")
    ]


def test_a_moved_package_leaves_enough_to_be_found(start: Start) -> None:
    project = start("worker", version=OLDER)
    project.git("mv", "app", "service")
    project.commit("Move")
    copy = copied(project)
    found = copy.aegis("adopt", "--json").json
    assert [each["name"] for each in found["components"] if each["by"] == "you"] == ["worker"]
    copy.aegis("rebase-upstream")
    assert not (copy.path / "app").exists()


def test_a_component_of_which_little_is_left_can_be_named(start: Start) -> None:
    project = start("ingress")
    project.git("rm", "-rq", "app/components/ingress", "tests/components")
    project.commit("Take most of it out")
    copy = copied(project)
    shown = copy.aegis("adopt", "--dry-run").out
    assert re.search(r"  ingress \d+ %, too little to be installed", shown)
    copy.aegis("adopt", "--components", "ingress", "--upstream-version", NEWEST)
    [there] = copy.aegis("status", "--json").json["components"]
    assert there["name"] == "ingress"


def test_a_project_without_its_docs_and_tests_is_found(start: Start) -> None:
    """They are half of its lines, and a quarter of the ingress'."""
    copy = copied(start("ingress", "scheduler"))
    for gone in ("docs", "tests"):
        copy.git("rm", "-r", "--quiet", gone)
    copy.commit("Only what runs")
    found = copy.aegis("adopt", "--json").json
    assert {each["name"] for each in found["components"] if each["by"]} == {"ingress", "scheduler"}


def test_a_dry_run_writes_nothing(start: Start) -> None:
    copy = copied(start("cache"))
    head = copy.head
    shown = copy.aegis("adopt", "--dry-run").out
    assert f"aegis {NEWEST}: 100.0 % of its lines are here" in shown
    assert f"would adopt aegis {NEWEST}" in shown
    assert (copy.head, copy.git("status", "--porcelain")) == (head, "")


def test_what_is_no_project_of_aegis_is_refused(tmp_path: Path) -> None:
    other = Project(tmp_path / "other")
    other.write("app/backend/main.py", "from fastapi import FastAPI\n\napp = FastAPI()\n")
    other.write("README.md", "# Other\n")
    other.git("init", "--quiet")
    other.commit()
    refused = other.aegis("adopt", code=1).err
    for release in releases.versions():
        assert f"0 % ({release})" in refused
    assert other.subjects == ["Work"]


def test_a_project_with_its_record_has_nothing_to_adopt(start: Start) -> None:
    project = start()
    assert f"already, at aegis {NEWEST}" in project.aegis("adopt").out
    assert len(project.subjects) == 1


@pytest.mark.parametrize("in_git", [False, True])
def test_an_empty_directory_is_refused(tmp_path: Path, in_git: bool) -> None:
    if in_git:
        git(tmp_path, "init", "--quiet")
    refused = run("-C", tmp_path, "adopt")
    assert refused.code == 1
    assert "Not an aegis project" in refused.err
    assert "git commit" not in refused.err


def test_a_link_in_the_place_of_the_record_is_not_replaced(start: Start) -> None:
    project = start()
    (project.path / "aegis.toml").unlink()
    (project.path / "aegis.toml").symlink_to("nowhere")
    project.commit("Link")
    project.paste(project.aegis("adopt", code=1).next)
    assert (project.path / "aegis.toml").is_file()


def test_a_directory_that_does_not_exist_is_refused(start: Start) -> None:
    refused = start().aegis("-C", "nowhere", "adopt", code=1).err
    assert "No such directory" in refused


def test_a_fork_of_the_upstream_is_searched_too(fork: Project, start: Start) -> None:
    project = start("worker", upstream=fork)
    copy = copied(project)
    copy.aegis("adopt", "--upstream", str(fork.path))
    assert recorded(copy) == recorded(project)
