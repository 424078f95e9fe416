"""A team (docs/guides/teams.md): git merges, squashes, rebases, reverts, picks, and knows no more.

Each case ends where the verbs of one person would have led, by `aegis repair` and in one commit.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import NEWEST, OLDER, ROOT, Project, Start, git
from tests.promises.test_laws import without_by

PAIRS = [
    ("worker", "ingress"),
    ("scheduler", "worker"),
    ("database", "worker"),
    ("scheduler", "database"),
]


def branches(project: Project, one: list[str], other: list[str]) -> None:
    """A verb on each of two branches, then git's merge of them, which our driver keeps going.

    What stops without it is in test_settle.py.
    """
    project.aegis("merge-driver", "on")
    project.git("switch", "--quiet", "-c", "other")
    project.aegis(*other)
    project.git("switch", "--quiet", "main")
    project.aegis(*one)
    project.git("merge", "--quiet", "--no-edit", "other")


def status(project: Project) -> Any:
    return project.aegis("status", "--json").json


def off(project: Project) -> list[str]:
    return [each["what"] for each in status(project)["needs_repair"]]


def names(project: Project) -> list[str]:
    return [each["name"] for each in status(project)["components"]]


def repaired(project: Project) -> Project:
    """One commit repairs it; nothing is left to repair, and nothing drifted."""
    before = project.head
    was_off = off(project)
    assert was_off
    foreseen = project.aegis("repair", "--dry-run", "--json").json
    assert project.head == before
    project.aegis("repair")
    assert project.git("rev-parse", "HEAD~") == before
    assert project.subjects[0] == "Repair the stack" == foreseen["commits"][0]["subject"]
    body = project.git("log", "-1", "--format=%b")
    assert all(f"- {what}\n" in body for what in was_off)
    assert off(project) == []
    assert "everything is consistent" in project.aegis("repair").out
    assert project.git("rev-parse", "HEAD~") == before
    assert project.is_sound()
    return project


def same(project: Project, expected: Project) -> bool:
    """Whether two projects are alike, apart from their names and from who asked for what."""
    for each in (project, expected):
        each.aegis("answers", "project_name=One")
    return without_by(project) == without_by(expected)


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_each_adds_a_component(start: Start, one: str, other: str) -> None:
    project = start()
    branches(project, ["add", one], ["add", other])
    assert all("is missing" in what for what in off(project))
    assert re.search(
        r"Needs repair:\n(  .* is missing: .*\n)+  next aegis repair\n", project.aegis("status").out
    )
    assert same(repaired(project), start(one, other, name="expected"))


@pytest.mark.parametrize("verb", ["add", "rebase-upstream"])
def test_other_verbs_bring_what_is_due_too(start: Start, verb: str) -> None:
    project = start()
    branches(project, ["add", "worker"], ["add", "ingress"])
    project.aegis(*([verb, "database"] if verb == "add" else [verb]))
    assert off(project) == []
    assert "cache+ingress" in status(project)["integrations"]


def test_a_branch_is_rebased_onto_what_another_added(start: Start) -> None:
    project = start()
    project.aegis("merge-driver", "on")
    project.git("switch", "--quiet", "-c", "topic")
    project.aegis("add", "worker")
    project.git("switch", "--quiet", "main")
    project.aegis("add", "scheduler")
    project.git("switch", "--quiet", "topic")
    project.git("rebase", "--quiet", "main")
    assert off(project) == [
        f"scheduler+{name} is missing: it joins scheduler and {name}"
        for name in ("cache", "worker")
    ]
    assert same(repaired(project), start("scheduler", "worker", name="expected"))


def test_one_adds_a_component_and_one_rebases(start: Start, fork: Project) -> None:
    """To a release that changes nothing beside what the other has added: git would ask."""
    fork.edit("base/app/core/health.py", "TIMEOUT = 2.0", "TIMEOUT = 2.5")
    fork.commit("A release")
    fork.git("tag", "v2.0")
    project = start(version="1.0", upstream=fork)
    branches(project, ["add", "worker"], ["rebase-upstream"])
    assert {each["release"] for each in status(project)["components"]} == {"1.0"}
    assert off(project) == ["cache and worker are from release 1.0, but the project is at 2.0"]
    repaired(project)
    assert status(project)["changed"] == []
    assert same(project, start("worker", upstream=fork, name="expected"))


def test_the_driver_brings_no_part_of_an_integration(start: Start, fork: Project) -> None:
    """One branch has another release: the rest, which repair brings, is no line of the user's."""
    fork.edit("base/.gitignore", "__pycache__/\n", "__pycache__/\n/company/\n")
    fork.commit("Another release")
    fork.git("tag", "v1.1")
    project = start(upstream=fork, version="1.0")
    project.aegis("merge-driver", "on")
    project.git("branch", "theirs")
    project.aegis("rebase-upstream")
    project.aegis("add", "mail")
    before = project.tree
    project.git("switch", "--quiet", "theirs")
    project.aegis("add", "database")
    project.git("switch", "--quiet", "main")
    project.git("cherry-pick", "theirs")
    assert "MAIL_KEY" not in project.read(".env.example")
    project.aegis("repair")
    assert "[yours]" not in project.read("aegis.toml")
    project.aegis("remove", "database")
    assert project.tree == before


def test_one_removes_what_the_other_came_to_need(start: Start) -> None:
    project = start("cache")
    branches(project, ["add", "ingress"], ["remove", "cache"])
    assert off(project) == ["cache+ingress is installed without cache"]
    repaired(project)
    assert names(project) == ["ingress"]
    assert status(project)["changed"] == []


def test_one_removes_what_the_other_now_requires(start: Start) -> None:
    project = start("cache")
    branches(project, ["add", "worker"], ["remove", "cache"])
    assert off(project) == ["cache is missing: required by worker"]
    assert same(repaired(project), start("worker", name="expected"))


def picked(
    start: Start, name: str, how: str, version: str = OLDER, upstream: Project | None = None
) -> Project:
    """A project at the older release, into which an `Add` at the newest one was picked."""
    project = start(version=version, upstream=upstream)
    project.git("branch", "release")
    project.aegis("rebase-upstream")
    project.aegis("add", name)
    project.git("switch", "--quiet", "release")
    project.git("cherry-pick", "-X", how, "main")
    return project


def test_a_commit_of_ours_is_picked_to_an_older_release(start: Start) -> None:
    project = picked(start, "worker", "theirs")
    assert off(project) == [
        f"cache and worker are from release {NEWEST}, but the project is at {OLDER}"
    ]
    repaired(project)
    assert same(project, start("worker", version=OLDER, name="expected"))


def test_a_pick_whose_record_was_resolved_to_ours(start: Start) -> None:
    project = picked(start, "worker", "theirs")
    project.git("checkout", "HEAD~", "--", "aegis.toml")
    project.git("commit", "--quiet", "--amend", "--no-edit")
    assert off(project)[:2] == [
        "cache is here, but aegis.toml doesn't list it",
        "worker is here, but aegis.toml doesn't list it",
    ]
    repaired(project)
    assert same(project, start("worker", version=OLDER, name="expected"))
    project.aegis("remove", "worker")  # none of it was the user's before
    assert same(project, start(version=OLDER, name="without"))


def reword(project: Project) -> None:
    project.aegis("repair")
    project.git("commit", "--quiet", "--amend", "--message", "chore: put it right")


def merge(project: Project) -> None:
    project.git("switch", "--quiet", "-c", "fix")
    project.aegis("repair")
    project.git("switch", "--quiet", "release")
    project.git("merge", "--quiet", "--no-ff", "--message", "Merge (#12)", "fix")


def squash(project: Project) -> None:
    project.git("switch", "--quiet", "-c", "fix")
    project.aegis("repair")
    project.git("switch", "--quiet", "release")
    project.git("merge", "--quiet", "--squash", "fix")
    project.git("commit", "--quiet", "--message", "Put it right (#12)")


def add(project: Project) -> None:
    project.aegis("add", "worker")


def leaves_all_but_mine(project: Project, start: Start) -> bool:
    """Whether nothing needs repair, and `remove worker` leaves the line that mine collided with."""
    assert off(project) == []
    project.aegis("remove", "worker")
    assert [each["path"] for each in status(project)["changed"]] == [".env.example"]
    project.edit(".env.example", "MINE=1\n", "")
    project.commit()
    return same(project, start(name="without"))


@pytest.mark.parametrize("by", [reword, merge, squash, add])
def test_what_a_pick_brought_leaves_however_it_was_recorded(
    start: Start, by: Callable[[Project], None]
) -> None:
    project = start()
    project.git("branch", "release")
    project.aegis("add", "worker")
    project.git("switch", "--quiet", "release")
    project.git("cherry-pick", "main")
    project.git("checkout", "HEAD~", "--", "aegis.toml")
    project.git("commit", "--quiet", "--amend", "--no-edit")
    project.edit(".env.example", "# yours below", "MINE=1\n# yours below")
    project.commit("Mine")
    by(project)
    assert leaves_all_but_mine(project, start)


def of_another(project: Project) -> None:
    project.aegis("add", "ingress")
    project.aegis("remove", "ingress")


@pytest.mark.parametrize("by", [repaired, reword, of_another])
def test_the_older_line_of_the_record_was_chosen(
    start: Start, by: Callable[[Project], object]
) -> None:
    """The tree has the newer release's files: none of their lines was the user's before."""
    project = start("worker", version=OLDER)
    older = next(line for line in project.read("aegis.toml").splitlines() if "worker =" in line)
    project.aegis("rebase-upstream")
    project.edit("aegis.toml", f"{older.replace(OLDER, NEWEST)}\n", f"{older}\n")
    project.commit("What git asked about")
    project.edit(".env.example", "# yours below", "MINE=1\n# yours below")
    project.commit("Mine")
    assert off(project) == [f"worker is from release {OLDER}, but the project is at {NEWEST}"]
    assert "you already had" not in project.aegis("repair", "--dry-run").out
    by(project)
    assert leaves_all_but_mine(project, start)


def test_a_repair_of_nonsense_was_squashed_with_more(start: Start) -> None:
    project = start("worker")
    project.collide()
    release = f'release = "{NEWEST}"'
    project.edit("aegis.toml", "[components]\n", f'[components]\nx = {{{release}, by = "you"}}\n')
    before = project.commit("Nonsense")
    project.aegis("repair")
    project.aegis("add", "ingress", code=3)
    text = project.read("compose.yaml")
    project.write("compose.yaml", re.sub(r"(?m)^(<<<<<<<|=======|>>>>>>>).*\n", "", text))
    project.git("add", "compose.yaml")
    project.git("cherry-pick", "--continue")
    project.git("reset", "--quiet", "--soft", before)
    project.commit("All at once")
    project.aegis("remove", "ingress")
    assert [each["path"] for each in status(project)["changed"]] == ["compose.yaml"]
    assert "9000:8000" in project.read("compose.yaml")


def test_a_repair_that_meets_an_edit_ends_in_a_conflict(start: Start, fork: Project) -> None:
    listed = "show-the-jobs-that-wait-and-have-failed-to-cancel-or-retry-them.patch\n"
    for patch in ("run-a-demo-job-from-the-dashboard.patch\n", listed):
        fork.edit("patches/worker/series", patch, "")
    fork.commit("As it was once")
    fork.git("tag", "v0.9")
    project = picked(start, "worker", "ours", "0.9", fork)
    path = "app/components/worker/page.py"  # which the older release does not have
    project.write(path, project.read(path) + "# mine\n")
    before = project.commit("Mine")
    foreseen = project.aegis("repair", "--dry-run", "--json", code=3).json
    assert [each["path"] for each in foreseen["commits"][0]["conflicts"]] == [path]
    project.aegis("repair", code=3)
    assert project.git("status", "--porcelain", path).startswith("UD")
    project.git("cherry-pick", "--abort")
    assert project.head == before
    project.aegis("repair", code=3)
    project.git("rm", "--quiet", path)
    project.git("cherry-pick", "--continue")
    assert project.subjects[0] == "Repair the stack"
    assert off(project) == []


@pytest.mark.parametrize("remedy", ["rebase", "revert"])
def test_what_the_older_release_does_not_have(start: Start, grown: Project, remedy: str) -> None:
    """Repair cannot choose: the commands that can are named, and do."""
    project = picked(start, "scheduler", "theirs", "0.9", grown)
    for verb in (["repair"], ["add", "cache"], ["remove", "scheduler"]):
        ran = project.aegis(*verb, code=1)
        assert "Release 0.9 doesn't have scheduler" in ran.err
        assert "next aegis rebase-upstream --to 1.0" in ran.err
    if remedy == "revert":
        project.git("revert", "--no-edit", "HEAD")
        assert project.tree == project.git("rev-parse", "HEAD~2^{tree}")
    else:
        project.aegis("rebase-upstream", "--to", "1.0")
        assert names(project) == ["scheduler"]
    assert off(project) == []


def test_repair_is_not_named_where_it_is_refused(start: Start, grown: Project) -> None:
    project = start(version="0.9", upstream=grown)
    project.git("branch", "release")
    project.aegis("rebase-upstream")
    project.aegis("add", "worker", "scheduler")
    project.git("switch", "--quiet", "release")
    project.git("cherry-pick", "-X", "theirs", "main~1", "main")
    assert len(off(project)) == 2
    shown = project.aegis("status").out
    assert "next aegis rebase-upstream --to 1.0" in shown
    assert "aegis repair" not in shown
    project.aegis("rebase-upstream", "--to", "1.0")
    assert off(project) == []


def test_ours_is_reverted_by_hand_then_added_and_removed(start: Start) -> None:
    project = start("ingress")
    before = project.tree
    project.aegis("add", "worker")
    project.git("revert", "--no-edit", "HEAD")
    assert project.tree == before
    assert off(project) == []
    project.aegis("add", "worker")
    project.aegis("remove", "worker")
    assert project.tree == before


@pytest.mark.parametrize("name", ["worker", "scheduler", "database"])
def test_a_revert_by_hand_that_forgot_the_record(start: Start, name: str) -> None:
    project = start("ingress", *(["worker"] if name != "worker" else []))
    before = project.tree
    project.aegis("add", name)
    project.git("revert", "--no-commit", "HEAD")
    project.git("checkout", "HEAD", "--", "aegis.toml")
    project.git("commit", "--quiet", "--message", "Back out")
    assert f"aegis.toml lists {name}, but none of its files are here" in off(project)
    repaired(project)
    assert project.tree == before


def test_the_files_of_an_integration_were_deleted(start: Start) -> None:
    """It joins by itself, so it comes back while both of the others are there."""
    project = start("scheduler", "worker")
    before = project.tree
    head = project.head
    project.aegis("remove", "worker")
    project.git("checkout", head, "--", ".")
    (patch,) = (ROOT / "patches/scheduler+worker").glob("*.patch")
    project.git("apply", "--reverse", "-C1", str(patch))  # other integrations are near
    project.commit("Without it")
    assert off(project) == ["aegis.toml lists scheduler+worker, but none of its files are here"]
    repaired(project)
    assert project.tree == before


def test_a_branch_with_our_commit_and_edits_is_squashed(start: Start) -> None:
    project = start("ingress")
    before = project.tree
    project.git("switch", "--quiet", "-c", "other")
    project.aegis("add", "worker")
    project.write("mine", "mine\n")
    project.edit("README.md", "# my-api\n", "# my-api\n\nMine, too.\n")
    project.commit()
    project.git("switch", "--quiet", "main")
    project.git("merge", "--quiet", "--squash", "other")
    project.commit("Squashed")
    assert off(project) == []
    project.aegis("remove", "worker")
    assert "Mine, too.\n" in project.read("README.md")
    project.edit("README.md", "\nMine, too.\n", "")
    project.git("rm", "--quiet", "mine")
    project.commit("Without mine")
    assert project.tree == before


def test_what_the_user_had_written_before_a_repair_stays(start: Start) -> None:
    page = "docs/components/cache+ingress.md"
    text = start("cache", "ingress", name="whole").read(page)
    project = start()
    project.write(page, text)
    project.commit("A page of ours")
    branches(project, ["add", "cache"], ["add", "ingress"])
    assert "you already had this" in project.aegis("repair").out
    project.aegis("remove", "ingress")
    assert project.read(page) == text


RECORDS: dict[str, Callable[[str], str]] = {
    "conflict markers": lambda text: text.replace(
        "[components]\n", "<<<<<<< HEAD\n[components]\n=======\n[components]\n>>>>>>> other\n"
    ),
    "a table twice": lambda text: f"{text}\n[components]\n",
    "no release": lambda text: re.sub(r"release = \".*\"\n", "", text, count=1),
}


@pytest.mark.parametrize("kind", RECORDS)
def test_a_record_that_makes_no_sense_names_what_puts_it_back(start: Start, kind: str) -> None:
    """The newest one that did is checked out; what came since is seen in the tree."""
    project = start("ingress")
    project.aegis("add", "worker")
    expected = project.tree
    broken = RECORDS[kind](project.read("aegis.toml"))
    project.git("reset", "--quiet", "--soft", "HEAD~")
    project.write("aegis.toml", broken)
    project.commit("Merge badly")
    for verb in (["status"], ["repair"], ["add", "cache"]):
        ran = project.aegis(*verb, "--json", code=1)
        error = ran.json["error"]
        assert "can't be parsed" in error["what"]
        assert ("it has conflict markers" in error["what"]) == (kind == "conflict markers")
    put_back, commit, then = error["next"].split(" && ")
    for command in (put_back, commit):
        words = command.replace("'", "").split()
        assert words.pop(0) == "git"
        project.git(*words)
    assert then == "aegis repair"
    repaired(project)
    assert project.tree == expected


def test_a_line_of_the_record_was_lost(start: Start) -> None:
    project = start("scheduler", "worker")
    before = project.tree
    lines = project.read("aegis.toml").splitlines(keepends=True)
    project.write("aegis.toml", "".join(line for line in lines if not line.startswith("worker =")))
    project.commit("Lose a line")
    assert off(project) == ["worker is here, but aegis.toml doesn't list it"]
    repaired(project)
    assert project.tree == before


def test_a_name_that_nobody_knows(start: Start) -> None:
    project = start("worker")
    before = project.tree
    record = project.read("aegis.toml")
    project.write("aegis.toml", f'{record}redsi = {{ release = "{NEWEST}", by = "you" }}\n')
    project.commit("A hand-made line")
    for verb in (["add", "ingress"], ["remove", "worker"]):
        assert "aegis repair" in project.aegis(*verb, code=1).err
    assert off(project) == ["aegis.toml lists redsi, which its release doesn't have"]
    repaired(project)
    assert project.tree == before


def test_a_name_that_nobody_knows_beside_one_of_another_release(
    start: Start, grown: Project
) -> None:
    project = picked(start, "scheduler", "theirs", "0.9", grown)
    project.write(
        "aegis.toml",
        project.read("aegis.toml") + 'redsi = { release = "1.0", by = "you" }\n',
    )
    project.commit("A hand-made line")
    refused = project.aegis("repair", code=1).err
    assert "aegis rebase-upstream --to 1.0" in refused
    ran = project.aegis("rebase-upstream", "--to", "1.0")
    assert "aegis.toml named redsi, which its release doesn't have" in ran.out
    assert (names(project), off(project)) == (["scheduler"], [])


def test_a_colleague_clones_and_has_no_cache(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = start("scheduler")
    git(tmp_path, "clone", "--quiet", str(mine.path), "theirs")
    theirs = Project(tmp_path / "theirs")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "no-cache-yet"))
    assert (off(theirs), status(theirs)["changed"]) == ([], [])
    before = theirs.tree
    theirs.aegis("add", "worker")
    mine.aegis("add", "database")
    mine.aegis("merge-driver", "on")
    mine.git("pull", "--quiet", "--no-rebase", "--no-edit", str(theirs.path), "main")
    assert off(mine)
    shutil.rmtree(tmp_path / "no-cache-yet", ignore_errors=True)
    assert same(repaired(mine), start("database", "scheduler", "worker", name="expected"))
    theirs.aegis("remove", "worker")
    assert theirs.tree == before


@pytest.mark.parametrize("name", ["", "worker"])
def test_a_colleague_has_an_older_aegis(start: Start, name: str) -> None:
    project = start("worker")
    line = f'{name} = {{ release = "' if name else '\nrelease = "'
    project.edit("aegis.toml", f"{line}{NEWEST}", f"{line}99.0.0")
    project.commit("By a newer aegis")
    for verb in ("status", "repair", "rebase-upstream"):
        ran = project.aegis(verb, code=1)
        assert "aegis.toml needs release 99.0.0" in ran.err
        assert "next git log -1 -- aegis.toml" in ran.err
