"""What the user had written before a component brought it stays, whatever became of history."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Project, Start, git
from tests.promises.test_hostile import BASE, EDIT, begin, new, publish, series

TOLD = "you had written this too"
SLOT = "# slot: worker\n"
MINE = "# The queues there are\n# WORKER_QUEUES=default,slow\n"


def yours(project: Project) -> dict[str, object]:
    """What the record says that was learnt."""
    found = tomllib.loads(project.read("aegis.toml")).get("yours", {})
    assert isinstance(found, dict)
    return found


def same(project: Project, tmp_path: Path) -> Project:
    return project


def squashed(project: Project, tmp_path: Path) -> Project:
    """As a squash merge leaves it: one commit of all that there was."""
    project.git("reset", "--quiet", "--soft", "HEAD~2")
    project.commit("All of it")
    return project


def shallow(project: Project, tmp_path: Path) -> Project:
    git(tmp_path, "clone", "--quiet", "--depth", "1", f"file://{project.path}", "shallow")
    return Project(tmp_path / "shallow")


def moved_down(project: Project, tmp_path: Path) -> Project:
    """The whole project, into a directory of its repository."""
    names = project.git("ls-tree", "--name-only", "HEAD").splitlines()
    (project.path / "api").mkdir()
    project.git("mv", *names, "api")
    project.commit("Moved")
    return Project(project.path / "api")


def elsewhere(project: Project, tmp_path: Path) -> Project:
    """In another repository, without a history."""
    names = project.git("ls-files").splitlines()
    new = Project(tmp_path / "new")
    new.path.mkdir()
    new.git("init", "--quiet")
    for name in names:
        new.write(name, project.read(name))
    new.commit("Brought in")
    return new


HISTORIES = [same, squashed, shallow, moved_down, elsewhere]


EMPTY = b"diff --git a/d/__init__.py b/d/__init__.py\nnew file mode 100644\nindex 0..e69de29\n"
LINE = (EDIT + "@@ -1,3 +1,4 @@\n a\n+both\n b\n c\n").encode()


@pytest.mark.parametrize("become", HISTORIES)
def test_lines_and_files_stay_whatever_became_of_history(
    tmp_path: Path, become: Callable[[Project, Path], Project]
) -> None:
    """Byte for byte: a line, a file of one line, and a file that is empty."""
    brings = series("some", new("c.txt", "c\n"), new("other.txt"), EMPTY, LINE)
    publish(tmp_path / "fork.git", {**BASE, **brings})
    assert begin(tmp_path, tmp_path / "fork.git").code == 0
    project = Project(tmp_path / "my-api")
    project.write("docs/a.md", "a\nboth\nb\nc\n")
    project.write("c.txt", "c\n")
    project.write("d/__init__.py", "")
    mine = project.commit("Mine")
    ran = project.aegis("add", "some")
    assert TOLD in ran.out
    assert "you had this very file" in ran.out
    assert yours(project) == {"c.txt": True, "d/__init__.py": True, "docs/a.md": ["both"]}
    kept = become(project, tmp_path)
    kept.aegis("remove", "some")
    assert kept.git("rev-parse", "HEAD:./") == project.git("rev-parse", f"{mine}^{{tree}}")


def test_a_line_in_a_file_that_i_moved(start: Start) -> None:
    project = start()
    project.edit(".env.example", SLOT, SLOT + MINE)
    project.git("mv", ".env.example", "env.sample")
    project.commit("Mine, and moved")
    assert TOLD in project.aegis("add", "worker").out
    project.git("mv", "env.sample", ".env.example")
    project.commit("Moved back")
    project.aegis("remove", "worker")
    assert MINE in project.read(".env.example")


def test_what_is_learnt_goes_with_the_component(start: Start) -> None:
    project = start()
    project.edit(".env.example", SLOT, SLOT + MINE)
    project.commit("Mine")
    project.aegis("add", "worker")
    project.aegis("remove", "worker")
    project.edit(".env.example", MINE, "")
    project.commit("Not mine any more")
    before = project.tree
    assert TOLD not in project.aegis("add", "worker").out
    project.aegis("remove", "worker")
    assert project.tree == before


def test_every_verb_carries_it_along(start: Start) -> None:
    """A verb that takes no component away, and the second of two steps of one verb."""
    project = start(version="0.3.0")
    brought = start("worker", name="other", version="0.3.0").read(".env.example")
    mine = brought.partition(SLOT)[2].splitlines(keepends=True)[0]
    project.edit(".env.example", SLOT, SLOT + mine)
    project.commit("Mine")
    project.aegis("add", "worker", "ingress")
    learnt = yours(project)
    assert learnt[".env.example"] == [mine.rstrip()]
    project.aegis("answers", "project_name=Other")
    assert yours(project) == learnt
    project.aegis("remove", "ingress")
    project.aegis("rebase-upstream")
    assert yours(project) == learnt
    project.aegis("rebase-upstream")
    project.aegis("remove", "worker")
    assert mine in project.read(".env.example")
    assert not yours(project)


@pytest.mark.parametrize("first", ["main", "other"])
def test_two_branches_that_each_learnt(start: Start, first: str) -> None:
    project = start()
    slot, line = "# slot: ingress\n", "# DOMAIN=\n"
    brought = start("ingress", name="other").read(".env.example")
    line = brought.partition(slot)[2].splitlines(keepends=True)[0]
    project.edit(".env.example", SLOT, SLOT + MINE)
    project.edit(".env.example", slot, slot + line)
    project.commit("Mine")
    project.git("switch", "--quiet", "-c", "other")
    project.aegis("add", "worker")
    project.git("switch", "--quiet", "main")
    project.aegis("add", "ingress")
    project.git("merge", "--no-edit", "other", check=False)
    if project.git("ls-files", "--unmerged"):  # the tables of both, at the end of the record
        text = project.read("aegis.toml")
        ours, theirs = text.partition("<<<<<<<")[2].partition(">>>>>>>")[0].split("=======\n")
        lines = {*ours.splitlines()[1:], *theirs.splitlines()} - {""}
        table = [each for each in lines if each.startswith("[yours]")]
        paths = [each for each in lines if each.startswith('".env.example"')]
        both = ", ".join(each.partition(" = [")[2].removesuffix("]") for each in sorted(paths))
        above = text.partition("<<<<<<<")[0]
        project.write("aegis.toml", f'{above}{"".join(table)}\n".env.example" = [{both}]\n')
        project.commit("Both")
    names = ["worker", "ingress"] if first == "other" else ["ingress", "worker"]
    project.aegis("repair")
    for name in names:
        project.aegis("remove", name)
    assert MINE in project.read(".env.example")
    assert line in project.read(".env.example")


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


def test_a_line_that_two_components_bring(start: Start) -> None:
    """It stays known until the last of them goes."""
    project = start()
    slot, mine = "    # slot: cache\n", '    "redis>=5.3,<6",\n'
    text = project.read("pyproject.toml")
    project.write("pyproject.toml", text.replace(slot, slot + mine, 1))
    project.commit("Mine")
    project.aegis("add", "cache")
    project.aegis("add", "worker")
    project.aegis("remove", "worker")
    assert yours(project)
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


def test_a_line_beside_a_conflict_is_learnt_too(start: Start) -> None:
    project = start()
    project.edit(".env.example", SLOT, SLOT + MINE)
    project.collide("worker")
    project.aegis("add", "worker", code=3)
    project.git("checkout", "--theirs", "README.md")
    project.git("add", "README.md")
    project.git("cherry-pick", "--continue")
    project.aegis("remove", "worker")
    assert MINE in project.read(".env.example")
