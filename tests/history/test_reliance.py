"""What is the user's stays: lines that they wrote first, requirements that they rely on."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from aegis_patch.history import users_lines
from aegis_patch.stack import stack
from aegis_patch.verbs.opening import open_project
from tests.conftest import Project, Start

TOLD = "you already had this"


@pytest.mark.parametrize("into", ["another directory", "another repository"])
def test_a_line_that_i_wrote_before_the_project_was_moved(
    start: Start, tmp_path: Path, into: str
) -> None:
    page, slot = "docs/README.md", "<!-- slot: worker -->\n"
    line = start("worker", name="other").read(page).partition(slot)[2].partition("\n")[0] + "\n"
    project = start()
    project.edit(page, slot, slot + line)
    project.commit("Mine")
    project.aegis("add", "worker")
    added = project.head
    if into == "another directory":
        names = project.git("ls-tree", "--name-only", "HEAD").splitlines()
        (project.path / "api").mkdir()
        project.git("mv", *names, "api")
        project.commit("Moved")
        moved = Project(project.path / "api")
    else:
        outer = Project(tmp_path / "outer")
        outer.path.mkdir()
        outer.git("init", "--quiet")
        outer.write("top", "top\n")
        outer.commit()
        outer.git("fetch", "--quiet", str(project.path), "HEAD")
        outer.git("merge", "-s", "ours", "--no-commit", "--allow-unrelated-histories", "FETCH_HEAD")
        outer.git("read-tree", "--prefix=api/", "-u", "FETCH_HEAD")
        outer.commit("Brought in")
        moved = Project(outer.path / "api")
    moved.aegis("remove", "worker")
    assert slot + line in moved.read(page)
    assert f"This reverts commit {added}." in moved.git("log", "-1", "--format=%b")


@pytest.mark.parametrize("when", ["before it came", "and back after it came"])
def test_a_line_that_the_component_brought_as_well_in_a_file_that_i_moved(
    start: Start, when: str
) -> None:
    project = start()
    slot = "# slot: worker\n"
    mine = "# The queues there are\n# WORKER_QUEUES=default,slow\n"
    project.edit(".env.example", slot, slot + mine)
    project.git("mv", ".env.example", "env.sample")
    project.commit("Mine, and moved")
    assert TOLD in project.aegis("add", "worker").out
    if when != "before it came":
        project.git("mv", "env.sample", ".env.example")
        project.commit("Moved back")
    project.aegis("remove", "worker")
    path = "env.sample" if when == "before it came" else ".env.example"
    assert mine in project.read(path)


def test_what_i_wrote_once_and_took_out_is_not_mine_when_it_comes_again(start: Start) -> None:
    project = start()
    slot, mine = "# slot: worker\n", "# The queues there are\n# WORKER_QUEUES=default,slow\n"
    project.edit(".env.example", slot, slot + mine)
    project.commit("Mine")
    project.aegis("add", "worker")
    project.aegis("remove", "worker")
    project.edit(".env.example", mine, "")
    project.commit("Not mine any more")
    before = project.tree
    assert TOLD not in project.aegis("add", "worker").out
    project.aegis("remove", "worker")
    assert project.tree == before


def test_what_one_of_two_branches_wrote_first_stays(start: Start) -> None:
    """Both add the component, and on one of them its line was there."""
    project = start()
    slot, mine = "# slot: worker\n", "# The queues there are\n# WORKER_QUEUES=default,slow\n"
    project.git("switch", "--quiet", "-c", "other")
    project.edit(".env.example", slot, slot + mine)
    project.commit("Mine")
    project.aegis("add", "worker")
    project.git("switch", "--quiet", "main")
    project.write("app/mine.py", "")
    project.commit("Something else")
    project.aegis("add", "worker")
    project.git("merge", "--quiet", "--no-edit", "other")
    project.aegis("remove", "worker")
    assert mine in project.read(".env.example")


def test_a_line_of_mine_that_does_not_leave_is_let_alone(start: Start) -> None:
    """What both wrote counts for what a verb takes out, and for nothing else in the file."""
    project = start()
    slot, mine = "# slot: worker\n", "# The queues there are\n# WORKER_QUEUES=default,slow\n"
    project.edit(".env.example", slot, slot + mine)
    project.git("mv", ".env.example", "env.sample")
    project.commit("Mine, and moved")
    assert TOLD in project.aegis("add", "worker").out
    project.aegis("add", "scheduler")
    with open_project(project.path) as (bench, there):
        less = stack.remove(there.stack, bench.catalogue(there.stack), "scheduler")
        assert users_lines.lines(bench, there, there.stack, less) == {}


@pytest.mark.parametrize("layout", ["four spaces", "two spaces", "one line"])
def test_a_dependency_that_the_component_brings_as_well(start: Start, layout: str) -> None:
    project = start()
    pyproject = project.read("pyproject.toml")
    head, _, rest = pyproject.partition("dependencies = [\n")
    body, _, tail = rest.partition("]\n")
    items = [line.strip() for line in body.splitlines() if "#" not in line]
    items.append('"redis>=5.3,<6",')
    if layout == "one line":
        written = "dependencies = [" + " ".join(items).rstrip(",") + "]\n"
    else:
        indent = " " * (4 if layout == "four spaces" else 2)
        written = "dependencies = [\n" + "".join(f"{indent}{i}\n" for i in sorted(items)) + "]\n"
    project.write("pyproject.toml", head + written + tail)
    project.commit("Mine")
    assert TOLD in project.aegis("add", "cache").out
    assert "cashews" in project.read("pyproject.toml")
    project.aegis("remove", "cache")
    assert '"redis>=5.3,<6"' in project.read("pyproject.toml")
    assert "cashews" not in project.read("pyproject.toml")


def test_a_line_that_the_other_branch_had(start: Start) -> None:
    project = start()
    slot = "    # slot: cache\n"
    mine = '    "redis>=5.3,<6",\n'
    project.git("switch", "--quiet", "-c", "feature")
    project.aegis("add", "cache")
    project.git("switch", "--quiet", "main")
    text = project.read("pyproject.toml")
    both = f'{slot}    "cashews[redis]>=7.6,<8",\n{mine}'
    project.write("pyproject.toml", text.replace(slot, both, 1))
    project.commit("The same, on main")
    project.git("merge", "--quiet", "--no-edit", "feature")
    project.aegis("remove", "cache")
    assert mine in project.read("pyproject.toml")


def test_a_file_chosen_in_a_conflict_is_the_components(start: Start) -> None:
    project = start()
    path = "app/components/worker/__init__.py"
    project.write(
        path, '"""Mine."""\nfrom app.core.component import Component\n\nMINE = Component\n'
    )
    project.commit("Mine")
    project.aegis("add", "worker", code=3)
    project.git("checkout", "--theirs", path)
    project.git("add", path)
    project.git("cherry-pick", "--continue")
    project.aegis("remove", "worker")
    assert not (project.path / path).exists()
    assert project.is_sound()


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("app/mine.py", "from app.components.cache.store import cached\n"),
        ("app/mine.py", "import cashews\n"),
        ("app/components/cache/mine.py", "KEY = 1\n"),
        ("tests/components/cache/test_mine.py", "def test_mine(): ...\n"),
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
    why = "you changed" if "components/cache" in path else path
    assert f"cache is kept, and is now listed as your choice: {why}" in ran.out
    assert [c["name"] for c in project.aegis("status", "--json").json["components"]] == ["cache"]


def test_a_requirement_to_which_a_link_of_mine_leads_stays(start: Start) -> None:
    project = start("worker")
    (project.path / "mine.py").symlink_to("app/components/cache/store.py")
    project.commit("Mine")
    ran = project.aegis("remove", "worker")
    assert "cache is kept, and is now listed as your choice: mine.py uses cache" in ran.out


def test_a_requirement_that_nothing_of_mine_names_leaves(start: Start) -> None:
    project = start("worker")
    project.write("app/mine.py", "import json\n")
    project.write("compose.override.yaml", "services: {mail: {image: mail}}\n")
    project.write("docs/components/mine.md", "Beside the page of a component.\n")
    (project.path / "logo.bin").write_bytes(b"\0redis\0")
    project.commit("Mine")
    project.aegis("remove", "worker")
    assert project.aegis("status", "--json").json["components"] == []


def test_a_requirement_of_which_i_deleted_the_tests_leaves(start: Start) -> None:
    project = start()
    project.git("rm", "-rq", "tests")
    project.commit("No tests")
    before = project.tree
    ran = project.aegis("add", "worker")
    assert re.search(r"not applied tests/components: \d+ new files left out", ran.out)
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
    assert "stays" not in ran.out
    assert project.aegis("status", "--json").json["components"] == []
    assert not project.git("ls-files", "*cache*", "*stored*")


@pytest.mark.parametrize("move", [into_src, the_component])
def test_what_i_wrote_into_what_moved_stays(start: Start, move: Callable[[Project], None]) -> None:
    project = start("worker")
    move(project)
    (store,) = project.path.rglob("store.py")
    mine = store.with_name("mine.py").relative_to(project.path).as_posix()
    project.write(mine, "KEY = 1\n")
    project.commit("Mine")
    ran = project.aegis("remove", "worker")
    assert f"cache is kept, and is now listed as your choice: you changed {mine}" in ran.out


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
    assert "stays" not in ran.out
    assert project.aegis("status", "--json").json["components"] == []
    assert not list(project.path.glob("app/components/*/"))


def test_a_submodule_is_no_trouble(start: Start) -> None:
    project = start("worker")
    project.git("update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},vendor/lib")
    project.git("commit", "--quiet", "-m", "A submodule")
    project.aegis("remove", "worker")
    assert "160000" in project.git("ls-tree", "-r", "HEAD", "vendor/lib")


def test_lines_of_mine_at_the_very_slots(start: Start) -> None:
    """Where a component writes too: all of it merges, and leaves again without a trace."""
    project = start()
    for path, slot, mine in (
        ("compose.yaml", "\n  # slot: cache\n", "  db:\n    image: postgres:18\n\n"),
        (".env.example", "# slot: cache\n", "MINE=1\n"),
        ("Makefile", "# slot: worker\n", ".PHONY: mine\nmine:\n\techo mine\n\n"),
        ("pyproject.toml", "    # slot: cache\n", '    "mine>=1",\n'),
    ):
        text = project.read(path)
        project.write(path, text.replace(slot, slot + mine, 1))
    project.commit("Mine")
    before = project.tree
    project.aegis("add", "worker")
    project.aegis("remove", "worker")
    assert project.tree == before
