"""What the user had written before a component brought it stays, whatever became of history."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from aegis_patch.history.learnt import joined
from aegis_patch.stack import record
from aegis_patch.upstream import releases
from aegis_patch.values import replace
from tests.conftest import Project, Start, begun, git
from tests.small_forks import BASE, EDIT, new, publish, series

TOLD = "you already had this"
ENV = ".env.example"
OLDEST = next(iter(releases.versions()))
SIDES = ("HEAD", "MERGE_HEAD")


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
    project = begun(tmp_path / "my-api", "--upstream", str(tmp_path / "fork.git"))
    project.write("docs/a.md", "a\nboth\nb\nc\n")
    project.write("c.txt", "c\n")
    project.write("d/__init__.py", "")
    mine = project.commit("Mine")
    ran = project.aegis("add", "some")
    assert TOLD in ran.out
    assert "you already had this file" in ran.out
    assert yours(project) == {"c.txt": True, "d/__init__.py": True, "docs/a.md": ["both"]}
    kept = become(project, tmp_path)
    kept.aegis("remove", "some")
    assert kept.git("rev-parse", "HEAD:./") == project.git("rev-parse", f"{mine}^{{tree}}")


@pytest.fixture(name="early")
def with_its_settings(start: Start) -> Project:
    """A project whose user took the worker's settings early, from another project."""
    whole = start("worker", name="other", version=OLDEST)
    project = start(version=OLDEST)
    project.write(ENV, whole.read(ENV))
    project.commit("Mine")
    return project


def test_a_line_in_a_file_that_i_moved(early: Project) -> None:
    before = early.read(ENV)
    early.git("mv", ENV, "env.sample")
    early.commit("Moved")
    assert TOLD in early.aegis("add", "worker").out
    early.git("mv", "env.sample", ENV)
    early.commit("Moved back")
    early.aegis("remove", "worker")
    assert early.read(ENV) == before


def test_what_is_learnt_goes_with_the_component(early: Project) -> None:
    early.aegis("add", "worker")
    early.aegis("remove", "worker")
    assert not yours(early)
    early.git("checkout", "--quiet", "HEAD~3", "--", ENV)
    early.commit("Not mine any more")
    before = early.tree
    assert TOLD not in early.aegis("add", "worker").out
    early.aegis("remove", "worker")
    assert early.tree == before


def test_every_verb_carries_it_along(early: Project) -> None:
    """A verb that takes no component away, and the second of two steps of one verb."""
    early.aegis("add", "worker", "ingress")
    learnt = yours(early)
    assert learnt[ENV]
    early.aegis("answers", "description=Other")
    early.aegis("remove", "ingress")
    assert yours(early) == learnt
    early.aegis("rebase-upstream")
    (lines,) = yours(early).values()
    assert isinstance(lines, list)
    assert lines
    early.aegis("remove", "worker")
    assert {*lines} <= {*early.read(ENV).splitlines()}
    assert not yours(early)


def test_two_branches_that_each_learnt(tmp_path: Path) -> None:
    """Merged by key, as a merge of records is."""
    publish(tmp_path / "fork.git", {**BASE, **series("one", LINE), **series("two", new("c.txt"))})
    project = begun(tmp_path / "my-api", "--upstream", str(tmp_path / "fork.git"))
    project.write("docs/a.md", "a\nboth\nb\nc\n")
    project.write("c.txt", "x\n")
    project.commit("Mine")
    project.git("switch", "--quiet", "-c", "other")
    project.aegis("add", "two")
    project.git("switch", "--quiet", "main")
    project.aegis("add", "one")
    project.git("merge", "--no-edit", "other", check=False)
    assert project.git("ls-files", "--unmerged", "--", ":!aegis.toml") == ""
    mine, theirs = (record.parse(project.git("show", f"{at}:aegis.toml").encode()) for at in SIDES)
    both = replace(
        mine, present={**mine.present, **theirs.present}, yours=joined(mine.yours, theirs.yours)
    )
    skeleton = project.git("show", "HEAD:aegis.toml").encode()
    project.write("aegis.toml", record.write(skeleton, both).decode())
    project.commit("Both")
    project.aegis("remove", "one", "two")
    assert project.read("docs/a.md") == "a\nboth\nb\nc\n"
    assert project.read("c.txt") == "x\n"
    assert not yours(project)


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


def test_a_line_that_two_components_bring(tmp_path: Path) -> None:
    """It stays known until the last of them goes."""
    publish(tmp_path / "fork.git", {**BASE, **series("one", LINE), **series("two", LINE)})
    project = begun(tmp_path / "my-api", "--upstream", str(tmp_path / "fork.git"))
    project.write("docs/a.md", "a\nboth\nb\nc\n")
    project.commit("Mine")
    project.aegis("add", "one")
    project.aegis("add", "two")
    project.aegis("remove", "one")
    assert yours(project)
    project.aegis("remove", "two")
    assert project.read("docs/a.md") == "a\nboth\nb\nc\n"


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


def test_a_line_beside_a_conflict_is_learnt_too(early: Project) -> None:
    path = "app/components/worker/__init__.py"
    before = early.read(ENV)
    early.write(path, "MINE = 1\n")
    early.commit("Mine")
    early.aegis("add", "worker", code=3)
    early.git("checkout", "--theirs", path)
    early.git("add", path)
    early.git("cherry-pick", "--continue")
    early.aegis("remove", "worker")
    assert early.read(ENV) == before
