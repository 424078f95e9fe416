"""Two people, two branches: git merges them, and the next verb heals what git cannot know."""

from __future__ import annotations

import pytest

from aegis_patch import upstream
from tests.conftest import Project, Start
from tests.test_laws import without_by

OLDEST = next(iter(upstream.releases()))


def branches(project: Project, one: list[str], other: list[str]) -> None:
    """A verb on each of two branches, then git's merge of them."""
    project.git("switch", "--quiet", "-c", "other")
    project.aegis(*other)
    project.git("switch", "--quiet", "main")
    project.aegis(*one)
    project.git("merge", "--quiet", "--no-edit", "other")


def test_each_adds_a_component(start: Start) -> None:
    project = start()
    branches(project, ["add", "worker"], ["add", "ingress"])
    status = project.aegis("status", "--json").json
    assert [each["name"] for each in status["components"]] == ["cache", "ingress", "worker"]
    project.aegis("rebase-upstream")  # the integration that is due joins
    expected = start("worker", "ingress", name="expected")
    for each in (project, expected):
        each.aegis("answers", "project_name=One")
    assert without_by(project) == without_by(expected)


def test_one_adds_a_component_and_one_rebases(start: Start) -> None:
    """To a release without new slots beside the lines that the other has added: git would ask."""
    project = start(version=OLDEST)
    branches(project, ["add", "worker"], ["rebase-upstream", "--to", "0.2.0"])
    releases = {c["release"] for c in project.aegis("status", "--json").json["components"]}
    assert releases == {OLDEST}
    project.aegis("rebase-upstream")
    status = project.aegis("status", "--json").json
    assert {each["release"] for each in status["components"]} == {upstream.latest()}
    assert status["drift"] == []


def test_one_removes_what_the_other_came_to_need(start: Start) -> None:
    project = start("cache")
    branches(project, ["add", "ingress"], ["remove", "cache"])
    project.aegis("add", "worker")
    names = [each["name"] for each in project.aegis("status", "--json").json["components"]]
    assert names == ["cache", "ingress", "worker"]
    assert project.is_sound()


@pytest.mark.parametrize("by_hand", ["revert", "squash"])
def test_what_was_done_by_hand_is_understood(start: Start, by_hand: str) -> None:
    project = start("ingress")
    before = project.tree
    if by_hand == "revert":
        project.aegis("add", "worker")
        project.git("revert", "--no-edit", "HEAD")
        assert project.tree == before
    else:
        project.git("switch", "--quiet", "-c", "other")
        project.aegis("add", "worker")
        project.write("mine", "mine\n")
        project.commit()
        project.git("switch", "--quiet", "main")
        project.git("merge", "--quiet", "--squash", "other")
        project.commit("Squashed")
        project.aegis("remove", "worker")
        project.git("rm", "--quiet", "mine")
        project.commit("Without mine")
        assert project.tree == before
    project.aegis("add", "worker")
    project.aegis("remove", "worker")
    assert project.tree == before
