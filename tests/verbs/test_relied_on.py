"""What came along leaves, unless taking it away conflicts or breaks a reference."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable

import pytest

from aegis_patch.merge.evolve import evolve
from aegis_patch.merge.outcome import Outcome, Plan
from aegis_patch.verbs import build
from tests.conftest import Project, Start


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("app/mine.py", "from app.components.cache.store import cached\n"),
        ("app/mine.py", "import cashews\n"),
        ("docs/mine.md", "Set REDIS_URL.\n"),
        ("deploy.yaml", "depends_on: [redis]\n"),
    ],
)
def test_a_requirement_that_something_of_mine_names_stays(
    start: Start, path: str, text: str
) -> None:
    project = start("worker")
    project.write(path, text)
    project.commit("Mine")
    ran = project.aegis("remove", "worker")
    assert f"cache is kept, and is now listed as your choice: {path}:1 still uses" in ran.out
    (left,) = project.aegis("status", "--json").json["components"]
    assert (left["name"], left["by"]) == ("cache", "you")


def test_a_requirement_without_which_a_line_would_name_what_i_moved_stays(start: Start) -> None:
    project = start("auth,worker")
    project.git("mv", "app/components/auth/limits.py", "app/components/auth/mine.py")
    project.commit("Mine")
    said = project.aegis("remove", "worker").out
    assert re.search(
        r"cache is kept, .*: without it, app/components/auth/mine\.py:\d+ would use "
        r"app\.components\.auth\.limits, which doesn't exist here",
        said,
    )


def test_a_requirement_that_nothing_of_mine_names_leaves(start: Start) -> None:
    project = start("worker")
    project.write("app/mine.py", "import json\n")
    project.write("compose.override.yaml", "services: {mail: {image: mail}}\n")
    project.write("docs/components/mine.md", "Beside the page of a component.\n")
    beside = ["app/components/cache/mine.py", "tests/components/cache/test_mine.py"]
    for path in beside:
        project.write(path, "KEY = 1\n")
    (project.path / "logo.bin").write_bytes(b"\0redis\0")
    project.commit("Mine")
    project.aegis("remove", "worker")
    assert project.aegis("status", "--json").json["components"] == []
    assert [project.read(path) for path in beside] == ["KEY = 1\n", "KEY = 1\n"]


def test_a_requirement_of_which_i_deleted_the_tests_leaves(start: Start) -> None:
    project = start()
    project.git("rm", "-rq", "tests")
    project.commit("No tests")
    before = project.tree
    ran = project.aegis("add", "worker")
    assert re.search(r"not applied tests/components/.* and \d+ more: left out", ran.out)
    project.aegis("remove", "worker")
    assert project.tree == before


def rewritten(project: Project, old: str, new: str) -> None:
    """As an editor renames a package, in every file that is there."""
    for path in project.git("ls-files").splitlines():
        text = project.read(path)
        now = re.sub(rf"(?<![\w/.]){re.escape(old)}(?=\.\w)", new, text)
        now = re.sub(rf"\b(from|import) {re.escape(old)}\b", rf"\1 {new}", now)
        if now != text:
            project.write(path, now)


def into_src(project: Project) -> None:
    (project.path / "src").mkdir()
    project.git("mv", "app", "src/app")


def into_src_under_its_name(project: Project) -> None:
    into_src(project)
    rewritten(project, "app", "src.app")


def the_component(project: Project) -> None:
    project.git("mv", "app/components/cache", "app/stored")
    rewritten(project, "app.components.cache", "app.stored")


def the_component_and_its_tests(project: Project) -> None:
    the_component(project)
    (project.path / "tests/unit").mkdir()
    project.git("mv", "tests/components/cache", "tests/unit/cache")


def compose_into_docker(project: Project) -> None:
    (project.path / "docker").mkdir()
    project.git("mv", "compose.yaml", "docker/compose.yaml")
    text = project.read("docker/compose.yaml")
    text = text.replace("build: .", "build: ..").replace("path: .env", "path: ../.env")
    project.write("docker/compose.yaml", text)


def settings_elsewhere(project: Project) -> None:
    project.git("mv", ".env.example", "env.sample")
    project.git("mv", "docs", "pages")


LAYOUTS = [into_src, into_src_under_its_name, compose_into_docker, settings_elsewhere]
ITS_OWN = [the_component, the_component_and_its_tests]


@pytest.mark.parametrize(
    ("move", "when"),
    [(move, "after it came") for move in [*LAYOUTS, *ITS_OWN]]
    + [(move, "before it came") for move in LAYOUTS],
)
def test_what_only_moved_was_not_changed(
    start: Start, move: Callable[[Project], None], when: str
) -> None:
    project = start(*(["worker"] if when == "after it came" else []))
    move(project)
    project.commit("Move")
    if when == "before it came":
        project.aegis("add", "worker")
    ran = project.aegis("remove", "worker")
    assert "is kept" not in ran.out
    assert project.aegis("status", "--json").json["components"] == []
    assert not project.git("ls-files", "*cache*", "*stored*")


@pytest.mark.parametrize("move", [lambda _: None, into_src, the_component])
def test_what_i_wrote_into_it_stays_wherever_it_moved(
    start: Start, move: Callable[[Project], None]
) -> None:
    project = start("worker")
    move(project)
    (store,) = project.path.rglob("store.py")
    mine = store.relative_to(project.path).as_posix()
    project.write(mine, project.read(mine) + "KEY = 1\n")
    project.commit("Mine")
    ran = project.aegis("remove", "worker")
    assert f"cache is kept, and is now listed as your choice: you changed {mine}" in ran.out
    assert "KEY = 1" in project.read(mine)


def test_what_was_only_formatted_leaves(start: Start) -> None:
    project = start("worker")
    style = ("--config", "line-length = 60", "--config", "format.quote-style = 'single'")
    subprocess.run(
        [sys.executable, "-m", "ruff", "format", "--quiet", *style, "app", "tests"],
        cwd=project.path,
        check=True,
    )
    pyproject = project.read("pyproject.toml").replace("\n    ", "\n  ")
    pyproject = pyproject.replace("; sys_platform != 'win32'", " ;sys_platform!='win32'")
    pyproject = pyproject.replace(">=7.6,<8", "<8, >=7.6.0").replace('"redis>', '"mine", "Redis >')
    project.write("pyproject.toml", pyproject)
    project.commit("Format")
    assert len(project.git("diff", "--name-only", "HEAD^").splitlines()) > 20
    ran = project.aegis("remove", "worker")
    assert "is kept" not in ran.out
    assert project.aegis("status", "--json").json["components"] == []
    assert not list(project.path.glob("app/components/*/"))


def test_a_submodule_is_no_trouble(start: Start) -> None:
    project = start("worker")
    project.git("update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},vendor/lib")
    project.git("commit", "--quiet", "-m", "A submodule")
    project.aegis("remove", "worker")
    assert "160000" in project.git("ls-tree", "-r", "HEAD", "vendor/lib")


def test_a_step_that_was_tried_is_not_merged_again(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    merged: list[Plan] = []

    def counted(plan: Plan) -> Outcome:
        merged.append(plan)
        return evolve(plan)

    monkeypatch.setattr(build, "evolve", counted)
    project = start("worker")
    merged.clear()
    project.aegis("remove", "worker")
    assert len(merged) == 1
