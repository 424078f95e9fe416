"""`aegis status`: what awaits its reader, in words and in its exit code."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.conftest import OLDER, Project, Start, both_add, run

MARKERS = "<<<<<<< yours\na\n=======\nb\n>>>>>>> theirs\n"


def code(project: Project) -> int:
    """How it ends with --exit-code; without, it always ends with 0."""
    project.aegis("status")
    return run("-C", project.path, "status", "--exit-code").code


def unfinished(project: Project) -> list[dict[str, str]]:
    found = project.aegis("status", "--json").json["unfinished"]
    shown = project.aegis("status").out
    assert all(each["what"] in shown and each["next"] in shown for each in found)
    return list(found)


def test_the_exit_code_says_what_awaits(start: Start) -> None:
    assert code(start(version=OLDER, name="older")) == 10
    project = start("worker")
    assert code(project) == 0
    project.collide()
    assert code(project) == 0
    project.git("rm", "-rq", "app/components/cache", "tests/components/cache")
    project.edit("aegis.toml", "cache = {", "# cache = {")
    project.commit("Lose cache")
    assert code(project) == 11
    project.write("compose.yaml", MARKERS + project.read("compose.yaml"))
    project.commit("Lose track")
    assert code(project) == 12


def test_broken_references_after_a_conflict_was_resolved(start: Start) -> None:
    project = start("worker")
    project.write("app/mine.py", "from app.components.worker import queue  # noqa - a user's\n")
    project.edit("compose.yaml", "stop_grace_period: 40s", "stop_grace_period: 50s")
    project.commit("Mine")
    gone = "app/mine.py:1 still uses app.components.worker"
    assert gone in project.aegis("remove", "worker", code=3).out
    project.git("checkout", "--theirs", "compose.yaml")
    project.git("add", "compose.yaml")
    project.git("cherry-pick", "--continue")
    project.write("Makefile", project.read("Makefile") + "\nown:\n\tpython app/cli/dev.py\n")
    project.git("rm", "--quiet", "app/cli/dev.py")
    project.commit("Take away what aegis did not")
    assert gone in project.aegis("status").out
    found = {"path": "app/mine.py", "line": 1, "name": "app.components.worker.queue"}
    assert project.aegis("status", "--json").json["dangling"] == [found]
    project.git("rm", "--quiet", "app/mine.py")
    project.commit("Repair")
    assert project.aegis("status", "--json").json["dangling"] == []


def test_what_came_and_names_what_i_moved_is_listed_until_it_is_mended(start: Start) -> None:
    project = start("auth")
    project.git("mv", "app/components/auth/limits.py", "app/components/auth/mine.py")
    project.commit("Mine")
    named = "app/components/oidc/api.py:19 uses app.components.auth.limits, which doesn't exist"
    assert named in project.aegis("add", "oidc").out
    assert named in project.aegis("status").out
    project.edit("app/components/oidc/api.py", " limits,", " mine as limits,")
    project.commit("Mend")
    assert project.aegis("status", "--json").json["dangling"] == []


def test_committed_markers_in_a_file_of_aegis(start: Start) -> None:
    project = start()
    project.write("compose.yaml", "x: 1\n" + MARKERS.replace("\n", "\r\n"))
    project.write("README.md", "Title\n=======\n<<<<<<< is how a conflict begins\n")
    project.commit()
    (found,) = unfinished(project)
    assert found["what"] == "compose.yaml:2 has conflict markers."
    assert "<<<<<<< yours" in project.git(*found["next"].replace("'", "").split()[1:4], "--")


@pytest.mark.parametrize("operation", ["merge", "rebase", "cherry-pick", "revert", "am"])
def test_an_unfinished_operation(start: Start, operation: str) -> None:
    project = start()
    project.git("switch", "--quiet", "-c", "other")
    project.write("notes", "theirs\n")
    other = project.commit("Theirs")
    project.git("format-patch", "-1", "--output=../mail")
    project.git("switch", "--quiet", "main")
    for text in ("ours\n", "ours again\n"):
        project.write("notes", text)
        project.commit()
    what = {"revert": "HEAD~", "am": "../mail"}.get(operation, other)
    project.git(operation, what, check=False)
    (found,) = unfinished(project)
    where = "" if operation == "am" else ", with conflicts in notes"  # which leaves none unmerged
    assert found["what"].endswith(f"{operation} is in progress{where}.")
    assert f"`git {operation} --continue` or `git {operation} --abort`" in found["next"]
    assert code(project) == (0 if operation == "am" else 12)
    project.git(operation, "--abort")
    assert code(project) == 0


def test_an_operation_without_conflicts_is_none(start: Start) -> None:
    project = start()
    project.git("switch", "--quiet", "-c", "other")
    project.write("notes", "theirs\n")
    project.commit("Theirs")
    project.git("switch", "--quiet", "main")
    project.git("merge", "--quiet", "--no-commit", "--no-ff", "other")
    (found,) = unfinished(project)
    assert found["what"] == "A merge is in progress."
    assert code(project) == 0


@pytest.mark.parametrize("inside", ["", "app"])
def test_next_is_for_where_it_was_typed(
    start: Start, inside: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = start(version=OLDER)
    project.write("compose.yaml", MARKERS)
    project.commit()
    monkeypatch.chdir(tmp_path)
    place = project.path / inside
    ran = run("-C", place, "status", "--json")
    next = ran.json["unfinished"][0]["next"]
    assert next == f"git -C {place} grep -n '^<<<<<<< ' -- :/compose.yaml"
    assert "<<<<<<< yours" in subprocess.check_output(next, shell=True, text=True)
    assert f"available: aegis -C {place} rebase-upstream)" in run("-C", place, "status").out


def test_where_repair_settles_it_that_is_next(start: Start) -> None:
    project = both_add(start)
    (found,) = unfinished(project)
    assert found == {"what": "A merge is in progress.", "next": "aegis repair"}
    for verb in (["add", "scheduler"], ["rebase-upstream"], ["remove", "ingress"]):
        error = project.aegis(*verb, "--json", code=1).json["error"]
        assert (error["what"], error["next"]) == ("A merge is in progress.", "aegis repair")
    project.git(*project.aegis("repair", "--json").json["next"].split()[1:])
    assert unfinished(project) == []


def test_what_repair_cannot_settle_is_left_to_git(start: Start) -> None:
    project = both_add(start)
    for path in project.git("diff", "--name-only", "--diff-filter=U").split():
        project.write(path, "mine\n")
    (found,) = unfinished(project)
    assert "`git merge --continue` or `git merge --abort`" in found["next"]


def test_conflicts_of_a_verb_of_ours_are_for_git_to_continue(start: Start) -> None:
    project = start()
    project.collide()
    project.aegis("add", "ingress", code=3)
    (found,) = unfinished(project)
    assert "git cherry-pick --continue" in found["next"]
    assert found["what"] == "A cherry-pick is in progress, with conflicts in compose.yaml."
    assert code(project) == 12
    project.git("add", "compose.yaml")
    (found,) = unfinished(project)
    assert found["what"] == "A cherry-pick is in progress."
