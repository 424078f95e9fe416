"""A company's fork is the same thing at a URL."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from aegis_patch.errors import UpstreamError
from aegis_patch.upstream import fork as mirror
from aegis_patch.upstream import releases
from tests.conftest import NEWEST, Project, begun, configure_git, git, needs, run


@pytest.fixture(name="fork")
def company(fork: Project) -> Project:
    """A fork with two releases; the second says who the company is."""
    fork.edit("base/.gitignore", "__pycache__/\n", "__pycache__/\n/company/\n")
    fork.commit("A directory of the company's")
    fork.git("tag", "-a", "v1.10", "-m", "annotated")
    return fork


def begin(tmp_path: Path, fork: Project, *args: str) -> Project:
    return begun(tmp_path / "my-api", "--upstream", str(fork.path), *args)


def test_a_project_of_a_fork_lives_like_any_other(tmp_path: Path, fork: Project) -> None:
    project = begin(tmp_path, fork, "--upstream-version", "1.0", "--components", "ingress")
    assert f'url = "{fork.path}"' in project.read("aegis.toml")
    project.write("mine", "mine\n")
    project.commit()
    status = project.aegis("status", "--json").json
    assert (status["release"], status["latest"], status["behind"]) == ("1.0", "1.10", 1)
    project.aegis("add", "worker")
    project.aegis("rebase-upstream")
    assert "/company/\n" in project.read(".gitignore")
    before = project.tree
    project.aegis("add", "cache")
    project.aegis("remove", "worker")
    project.aegis("add", "worker")
    project.aegis("rebase-upstream", "--to", "1.0")
    assert "/company/\n" not in project.read(".gitignore")
    assert project.is_sound()
    assert before != project.tree
    assert project.subjects[0] == "Rebase onto fork 1.0"
    assert "Start my-api from fork 1.0" in project.subjects
    assert project.aegis("status").out.startswith("fork 1.0 (1.10 is available")


def test_a_record_that_the_upstream_broke_is_for_its_maintainers(
    tmp_path: Path, fork: Project
) -> None:
    project = begin(tmp_path, fork)
    fork.write("base/aegis.toml", "x")
    fork.commit("Break")
    fork.git("tag", "v2.0")
    said = project.aegis("rebase-upstream", code=4).err
    assert "base/aegis.toml can't be parsed" in said
    assert "next aegis rebase-upstream --to 1.10" in said


def test_a_password_in_the_url_is_neither_recorded_nor_shown(tmp_path: Path) -> None:
    url = "https://ada:hunter2@127.0.0.1:9/acme.git"
    ran = run("init", tmp_path / "my-api", "-y", "--upstream", url)
    assert (ran.code, "hunter2" in ran.out + ran.err) == (1, False)
    assert "`git ls-remote -- https://ada@127.0.0.1:9/acme.git`" in ran.err
    for fine in ("ssh://git@host:22/a", "git@host:a", "https://host:1/a:b@c", "https://ada@host/a"):
        assert mirror.normal(fine) == fine
    begun(tmp_path / "edited")
    edited = Project(tmp_path / "edited")
    edited.edit("aegis.toml", '"aegis"', f'"{url}"')
    edited.commit("Mine")
    ran = edited.aegis("rebase-upstream", code=1)
    assert "hunter2" not in ran.out + ran.err
    assert "git ls-remote -- https://ada@127.0.0.1:9/acme.git" in ran.err


def test_no_refusal_shows_the_password_of_a_recorded_url(
    tmp_path: Path, fork: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = begin(tmp_path, fork)
    url = "https://ada:hunter2@acme.invalid/x.git"
    configure_git(monkeypatch, f"url.{fork.path}.insteadOf", url)
    project.edit("aegis.toml", str(fork.path), url)
    project.commit("Mine")
    fork.git("commit", "--quiet", "--amend", "--message", "History, written anew")
    fork.git("tag", "--force", "v1.10")
    for args in (["rebase-upstream"], ["rebase-upstream", "--to", "9.9"]):
        ran = project.aegis(*args, code=1)
        assert "https://ada@acme.invalid/x.git" in ran.err
        assert "hunter2" not in ran.out + ran.err


def test_a_project_of_a_fork_may_be_below_the_top_of_a_repository(
    tmp_path: Path, fork: Project
) -> None:
    git(tmp_path, "init", "--quiet", "whole")
    project = tmp_path / "whole/services/shop"
    begun(project, "--upstream", str(fork.path))
    (tmp_path / "whole/.git/config").open("a").write("[aegis]\nrequireSigned\n")
    ran = run("init", project.with_name("store"), "-y", "--upstream", fork.path)
    assert "v1.10 has no signature" in ran.err


def test_no_recorded_fold_is_taken_for_a_forks(tmp_path: Path, fork: Project) -> None:
    """A fork may call its release as we call ours."""
    fork.git("tag", NEWEST)
    project = begin(tmp_path, fork, "--upstream-version", NEWEST, "--components", "worker")
    assert "/company/\n" in project.read(".gitignore")


def test_a_fork_is_called_as_its_directory(tmp_path: Path, fork: Project) -> None:
    project = begin(tmp_path, fork, "--upstream", f"{fork.path}/.git/")
    assert project.subjects == ["Start my-api from fork 1.10"]
    core = project.aegis("components", "--json").json["components"][0]
    assert core["implementation"] == f"{fork.path}/.git"


def test_the_components_are_those_of_the_fork(tmp_path: Path, fork: Project) -> None:
    about = "patches/cache/component.toml"
    fork.edit(about, 'title = "Cache"', 'title = "The company\'s"')
    fork.commit("A title")
    fork.git("tag", "v2.0")
    project = begin(tmp_path, fork, "--upstream-version", "1.0")
    titles = {
        row["name"]: row["title"]
        for row in project.aegis("components", "--json").json["components"]
    }
    assert titles["cache"] == "The company's"


def test_a_release_that_is_known_needs_no_network(tmp_path: Path, fork: Project) -> None:
    project = begin(tmp_path, fork)
    shutil.rmtree(fork.path)
    project.aegis("add", "worker")
    project.aegis("remove", "worker")
    ran = project.aegis("rebase-upstream", code=1)
    assert "Can't fetch" in ran.err


VERBS = ["status", "add worker", "remove ingress", "repair"]


def test_a_colleague_without_a_cache_fetches_it(
    tmp_path: Path, fork: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin(tmp_path, fork, "--components", "ingress")
    for verb in VERBS:
        name = verb.replace(" ", "-")
        git(tmp_path, "clone", "--quiet", "my-api", name)
        theirs = Project(tmp_path / name)
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / f"cache-to-{name}"))
        theirs.aegis(*verb.split())
        assert theirs.is_sound()


def test_only_a_lock_in_the_mirror_is_to_be_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    said = f"remote: Unable to create '{tmp_path}/uv.lock': File exists."
    ran = subprocess.CompletedProcess([], 1, "", said)
    monkeypatch.setattr("aegis_patch.upstream.fork._run", lambda *_: ran)
    with pytest.raises(UpstreamError) as caught:
        mirror.releases("https://upstream.example/x")
    assert caught.value.next.startswith("git ls-remote")


def test_a_colleague_who_cannot_reach_the_fork_is_told(
    tmp_path: Path, fork: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = begin(tmp_path, fork, "--components", "ingress")
    before = project.head
    fork.path.rename(tmp_path / "away")
    for verb in VERBS:
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / f"cache-to-{verb}"))
        error = project.aegis(*verb.split(), "--json", code=1).json["error"]
        assert "Can't fetch this upstream" in error["what"]
        assert error["where"] == str(fork.path)
        assert error["next"].startswith("git ls-remote -- ")
    (tmp_path / "away").rename(fork.path)
    project.aegis("status")
    assert project.head == before


SETTINGS = """title = "Ignored"
summary = "Ignores what the two leave behind."
implementation = "git"
kind = "integration"
status = "available"
requires = ["cache", "ingress"]
"""


def test_an_integration_that_only_changes_a_file(tmp_path: Path, fork: Project) -> None:
    """Its line is all that there is of it: taken out, it comes back; not into a deleted file."""
    before = fork.read("base/.gitignore")
    fork.write("base/.gitignore", before.replace("/company/\n", "/company/\n/of-both/\n"))
    patch = fork.git("diff", "--full-index", "--relative=base")
    fork.git("checkout", "--", "base/.gitignore")
    name = "patches/cache+ingress+git"
    fork.write(f"{name}/component.toml", SETTINGS)
    fork.write(f"{name}/series", "ignore.patch\n")
    mail = "From: a\nSubject: Ignore what both leave\n\nBecause.\n\n"
    fork.write(f"{name}/ignore.patch", f"{mail}{patch}\n")
    fork.commit("An integration")
    fork.git("tag", "v2.0")
    project = begin(tmp_path, fork, "--components", "cache,ingress")
    whole = project.tree
    project.edit(".gitignore", "/of-both/\n", "")
    project.commit("Without the line")
    lost = "aegis.toml lists cache+ingress+git, but none of its files are here"
    (found,) = project.aegis("status", "--json").json["needs_repair"]
    assert found["what"] == lost
    project.aegis("repair")
    assert project.tree == whole
    project.git("rm", "--quiet", ".gitignore")
    project.commit("Without the file")
    assert "nothing to change" in project.aegis("repair").out


def test_a_release_that_was_tagged_since(tmp_path: Path, fork: Project) -> None:
    project = begin(tmp_path, fork)
    fork.git("tag", "v2.0")
    project.aegis("rebase-upstream", "--to", "2.0")
    assert project.subjects[0] == "Rebase onto fork 2.0"


def test_a_release_that_was_fetched_needs_no_network(tmp_path: Path, fork: Project) -> None:
    fork.git("tag", "v2.0")
    project = begin(tmp_path, fork)
    away = fork.path.rename(tmp_path / "away")
    ran = project.aegis("rebase-upstream", "--to", "1.10")
    assert f"{fork.path} can't be reached, so release 1.10 is as it was fetched before" in ran.out
    assert project.subjects[0] == "Rebase onto fork 1.10"
    again = project.aegis("rebase-upstream", "--to", "1.10").out
    assert "can't be reached" in again
    assert "already at fork 1.10" in again
    for args in ("--to", "3.0"), ():
        assert "Can't fetch this upstream" in project.aegis("rebase-upstream", *args, code=1).err
    away.rename(fork.path)
    assert "reached" not in project.aegis("rebase-upstream", "--to", "2.0").out


def test_a_release_that_is_gone_is_not_the_newest(tmp_path: Path, fork: Project) -> None:
    """A mirror has the tags of its fork, not those of the past; what the record pins stays."""
    fork.git("tag", "v2.0")
    project = begin(tmp_path, fork)
    project.write("mine", "mine\n")
    project.commit()
    fork.git("tag", "--delete", "v2.0")
    fork.git("tag", "v2.0/beta")  # git cannot have both
    project.aegis("rebase-upstream", "--dry-run")
    status = project.aegis("status", "--json").json
    assert (status["release"], status["latest"]) == ("2.0", "2.0/beta")
    assert status["behind"]
    fork.git("tag", "--delete", "v2.0/beta")
    project.aegis("add", "cache")
    ran = project.aegis("rebase-upstream", code=0)
    assert "the upstream has no release 2.0; its newest is 1.10" in ran.out
    assert project.subjects[0] == "Add cache"  # nobody goes back who didn't ask for it
    fleet = project.aegis("fleet", "update", ".", code=0)
    assert "rebase-upstream --to 1.10" in fleet.out
    assert "newest release is 1.10" in project.aegis("fleet", "status", ".", code=0).out
    status = project.aegis("status", "--json").json
    assert (status["release"], status["latest"], status["behind"]) == ("2.0", "1.10", 0)
    assert "newest release is 1.10" in project.aegis("status").out
    project.aegis("rebase-upstream", "--to", "1.10")
    assert project.subjects[0] == "Rebase onto fork 1.10"
    fork.git("branch", "2.x")
    project.aegis("rebase-upstream", "--to", "2.x")
    project.aegis("rebase-upstream")  # a branch is no release that was withdrawn
    assert project.aegis("status", "--json").json["release"] == "1.10"
    for tag in fork.git("tag").splitlines():
        fork.git("tag", "--delete", tag)
    assert "This upstream has no releases" in project.aegis("rebase-upstream", code=1).err
    assert project.aegis("status", "--json").json["latest"] == "1.10"
    project.aegis("remove", "cache")
    assert project.is_sound()


def test_a_component_under_another_name(tmp_path: Path, fork: Project) -> None:
    fork.git("mv", "patches/updates", "patches/pulls")
    about = "patches/pulls/component.toml"
    fork.write(about, fork.read(about) + 'was = ["updates"]\n')
    fork.commit("Another name")
    fork.git("tag", "v2.0")
    project = begin(tmp_path, fork, "--upstream-version", "1.10", "--components", "updates")
    before = project.tree
    assert "updates is now called pulls" in project.aegis("rebase-upstream").out
    assert "updates is now called pulls" in project.aegis("remove", "updates", code=1).err
    (found,) = project.aegis("status", "--json").json["components"]
    assert found == {"name": "pulls", "by": "you", "release": "2.0"}
    assert "pulls is now called updates" in project.aegis("rebase-upstream", "--to", "1.10").out
    assert project.tree == before
    project.aegis("rebase-upstream")
    project.aegis("remove", "pulls")
    assert project.aegis("status", "--json").json["components"] == []


def test_an_integration_of_another_name_that_does_not_join(tmp_path: Path, fork: Project) -> None:
    """It needs a component that the project lacks: nothing is called by its new name."""
    fork.git("mv", "patches/scheduler+cache", "patches/scheduler+mail")
    about = "patches/scheduler+mail/component.toml"
    fork.write(about, fork.read(about) + 'was = ["scheduler+cache"]\n')
    fork.edit(about, '"cache"', '"mail"')
    fork.write("patches/scheduler+mail/series", "")
    fork.commit("Another name")
    fork.git("tag", "v2.0")
    words = ("--upstream-version", "1.10", "--components", "cache,scheduler")
    project = begin(tmp_path, fork, *words)
    assert "is now called" not in project.aegis("rebase-upstream").out
    project.aegis("rebase-upstream", "--to", "1.10")
    project.aegis("add", "mail")
    said = project.aegis("rebase-upstream").out
    assert "scheduler+cache is now called scheduler+mail" in said


def test_a_component_that_became_several(tmp_path: Path, fork: Project) -> None:
    shutil.copytree(fork.path / "patches/updates", fork.path / "patches/pulls")
    fork.git("mv", "patches/updates", "patches/checks")
    for name in "pulls", "checks":
        about = f"patches/{name}/component.toml"
        fork.write(about, fork.read(about) + 'was = ["updates"]\n')
    fork.write("patches/checks/series", "")
    fork.commit("Two halves, of which one is empty yet")
    fork.git("tag", "v2.0")
    project = begin(tmp_path, fork, "--upstream-version", "1.10", "--components", "updates")
    before = project.tree
    ran = project.aegis("rebase-upstream")
    assert "updates is now called checks and pulls" in ran.out
    found = project.aegis("status", "--json").json["components"]
    assert [(each["name"], each["by"]) for each in found] == [("checks", "you"), ("pulls", "you")]
    project.aegis("rebase-upstream", "--to", "1.10")
    assert project.tree == before


def test_a_component_that_joins_the_core_or_leaves_it(tmp_path: Path, fork: Project) -> None:
    """All that the project has of it stays, with the user's edits."""
    series = fork.read("patches/updates/series").split()
    for name in series:
        fork.git("apply", "--directory=base", f"patches/updates/{name}")
    fork.git("rm", "-r", "--quiet", "patches/updates")
    fork.commit("The core updates itself")
    fork.git("tag", "v2.0")
    project = begin(tmp_path, fork, "--upstream-version", "1.10", "--components", "updates")
    page = "docs/components/updates.md"
    project.write(page, f"{project.read(page)}\nMine.\n")
    project.commit()
    before = project.tree
    ran = project.aegis("rebase-upstream", "--to", "2.0", "--strict")
    assert "note updates is now part of the core" in ran.out
    assert project.aegis("status", "--json").json["components"] == []
    assert project.git("diff", "--name-only", "HEAD~1") == "aegis.toml"
    ran = project.aegis("rebase-upstream", "--to", "1.10")
    assert "note updates was part of the core, and is a component in 1.10" in ran.out
    assert project.tree == before
    core = begin(tmp_path / "other", fork)
    without = begin(tmp_path / "without", fork)
    without.git("rm", "-r", "--quiet", ".github/updates.py", ".github/workflows/updates.yml")
    without.git("rm", "-r", "--quiet", page, "tests/components/updates")
    without.commit("Delete it")
    without.aegis("rebase-upstream", "--to", "1.10")
    assert without.aegis("status", "--json").json["components"] == []
    core.aegis("rebase-upstream", "--to", "1.10")
    (found,) = core.aegis("status", "--json").json["components"]
    assert found == {"name": "updates", "by": "you", "release": "1.10"}
    core.aegis("remove", "updates")
    assert core.is_sound()


def test_a_component_that_the_core_has_a_part_of_is_refused(tmp_path: Path, fork: Project) -> None:
    """It's no successor: what isn't there would go without a question."""
    fork.git("rm", "-r", "--quiet", "patches/updates")
    fork.write("base/.github/updates.py", "# another one\n")
    fork.write("base/docs/components/updates.md", "Another one.\n")
    fork.commit("Drop it")
    fork.git("tag", "v2.0")
    project = begin(tmp_path, fork, "--upstream-version", "1.10", "--components", "updates")
    assert "doesn't have updates" in project.aegis("rebase-upstream", code=1).err
    core = begin(tmp_path / "core", fork)
    core.aegis("rebase-upstream", "--to", "1.10")
    assert core.aegis("status", "--json").json["components"] == []


def test_a_colleague_gets_the_commit_of_a_tag_that_was_moved(
    tmp_path: Path, fork: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project, at = begin(tmp_path, fork), fork.head
    fork.git("commit", "--quiet", "--amend", "--message", "History, written anew")
    fork.git("tag", "--force", "v1.10")
    refused = project.aegis("rebase-upstream", code=1).err
    assert "The tag of release 1.10 was moved" in refused
    assert at[:12] in refused
    assert fork.head[:12] in refused
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "other-cache"))
    project.aegis("add", "cache")
    fork.git("reflog", "expire", "--expire=now", "--all")
    fork.git("gc", "--quiet", "--prune=now")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "third-cache"))
    ran = project.aegis("status", code=1)
    assert "(release 1.10)" in ran.err
    assert "Ask its maintainers to tag it again" in ran.err


def test_a_branch_or_a_commit_can_be_tried(
    tmp_path: Path, fork: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its commit is recorded. The branch moves; the project follows when somebody says so."""
    fork.git("switch", "--quiet", "--create", "next/one")
    fork.edit("base/.gitignore", "/company/", "/trial/")
    fork.commit("On trial")
    project, at = begin(tmp_path, fork, "--upstream-version", "next/one"), fork.head
    assert f'release = "next/one"\ncommit = "{at}"' in project.read("aegis.toml")
    fork.edit("base/.gitignore", "/trial/", "/trials/")
    fork.commit("Moved")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "other-cache"))
    project.aegis("add", "cache")
    assert at in project.read("aegis.toml")
    assert "/trial/\n" in project.read(".gitignore")
    project.aegis("rebase-upstream", "--to", "next/one")
    assert fork.head in project.read("aegis.toml")
    assert "/trials/\n" in project.read(".gitignore")
    assert "already at fork next/one" in project.aegis("rebase-upstream", "--to", "next/one").out
    status = project.aegis("status", "--json").json
    assert (status["release"], status["latest"]) == ("next/one", "1.10")
    project.aegis("rebase-upstream", "--to", at)
    assert project.subjects[0] == f"Rebase onto fork {at}"
    project.aegis("rebase-upstream")
    assert project.subjects[0] == "Rebase onto fork 1.10"
    assert "/company/\n" in project.read(".gitignore")
    error = project.aegis("rebase-upstream", "--to", "next", "--json", code=1).json["error"]
    assert error["what"] == "This upstream has no release, branch or commit next."
    assert project.is_sound()


def test_a_branch_may_be_called_as_a_version(tmp_path: Path, fork: Project) -> None:
    fork.git("branch", "v2.x", "v1.0")
    project = begin(tmp_path, fork, "--upstream-version", "v2.x")
    assert project.read("aegis.toml").count(fork.git("rev-parse", "v1.0").strip()) == 1


def test_what_is_recorded_is_a_commit(tmp_path: Path, fork: Project) -> None:
    tag, tree = fork.git("rev-parse", "v1.10", "v1.10^{tree}").split()
    project = begin(tmp_path, fork, "--upstream-version", tag)
    assert f'commit = "{fork.head}"' in project.read("aegis.toml")
    fork.git("tag", "-a", "v2.0", "v1.10", "-m", "a tag of a tag")
    project.aegis("rebase-upstream")
    assert f'release = "2.0"\ncommit = "{fork.head}"' in project.read("aegis.toml")
    assert project.aegis("rebase-upstream", "--to", tree, code=1).err


def test_an_upstream_without_a_release_can_be_tried(tmp_path: Path, fork: Project) -> None:
    fork.git("tag", "--delete", "v1.10", "v1.0")
    project = begin(tmp_path, fork, "--upstream-version", fork.git("branch", "--show-current"))
    assert "/company/\n" in project.read(".gitignore")
    project.write("mine", "mine\n")
    project.commit()
    assert project.aegis("status", "--json").json["behind"] == 0


def test_a_users_settings_keep_no_fork_away(
    tmp_path: Path, fork: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = begin(tmp_path, fork)
    fork.git("commit", "--quiet", "--amend", "--message", "History, written anew")
    fork.git("tag", "--force", "v1.10")
    monkeypatch.setenv("GIT_DEFAULT_HASH", "sha256")  # not for the mirror
    for name, value in (("safe.bareRepository", "explicit"), ("protocol.version", "0")):
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / f"cache-with-{name}"))
        configure_git(monkeypatch, name, value)
        project.aegis("add", "cache")
        project.aegis("remove", "cache")


def test_a_commit_of_the_record_that_is_none(tmp_path: Path, fork: Project) -> None:
    project, recorded = begin(tmp_path, fork), fork.head
    for commit in ("main", "+refs/heads/*:refs/heads/*"):
        project.edit("aegis.toml", recorded, commit)
        project.commit()
        assert "no valid commit id" in project.aegis("status", code=1).err
        recorded = commit


def test_the_newest_release_is_no_candidate_and_no_word(tmp_path: Path, fork: Project) -> None:
    tags = ["nightly", "v0.9.0", "v0.9.0-acme.1", "v0.9.1", "2.0-rc1", "2.0", "v2.0.1b1", "v2.0.1"]
    for tag in tags:
        fork.git("tag", tag)
    project = begin(tmp_path, fork, "--upstream-version", "nightly")
    known = ["nightly", "0.9.0", "0.9.0-acme.1", "0.9.1", "1.0", "1.10"]
    known += ["2.0-rc1", "2.0", "2.0.1b1", "2.0.1"]
    assert list(releases.versions(str(fork.path))) == known
    status = project.aegis("status", "--json").json
    assert (status["latest"], status["behind"]) == ("2.0.1", 7)


def test_a_candidate_is_for_those_who_ask(tmp_path: Path, fork: Project) -> None:
    project = begin(tmp_path, fork)
    fork.git("mv", "patches/ingress", "patches/newer")
    fork.commit("Rename")
    for tag in ("v2.0-rc1", "v2.0-rc2"):
        fork.git("tag", tag)
    assert "already at fork 1.10" in project.aegis("rebase-upstream").out
    assert not project.aegis("status", "--json").json["behind"]
    error = project.aegis("add", "newer", "--json", code=1).json["error"]
    assert "rebase-upstream" not in error["next"]
    project.aegis("rebase-upstream", "--to", "2.0-rc1")
    assert project.aegis("status", "--json").json["latest"] == "2.0-rc2"
    project.aegis("rebase-upstream")
    assert project.aegis("status", "--json").json["release"] == "2.0-rc2"
    for tag in ("v1.0", "v1.10"):
        fork.git("tag", "--delete", tag)
    assert begin(tmp_path / "other", fork).read("aegis.toml").count('"2.0-rc2"')


def test_who_follows_commits_asks_for_no_candidate(tmp_path: Path, fork: Project) -> None:
    """The id of a commit has letters between numbers, as candidates have."""
    while not re.search(r"[0-9][abc][0-9]", fork.head):
        fork.git("commit", "--quiet", "--allow-empty", "--message", "Another id")
    project = begin(tmp_path, fork, "--upstream-version", fork.head)
    fork.git("tag", "v2.0-rc1")
    project.aegis("rebase-upstream")
    assert project.aegis("status", "--json").json["release"] == "1.10"


def test_a_tag_may_hold_what_ends_a_line_elsewhere(fork: Project) -> None:
    fork.git("tag", "odd\u2028tag", "v1.0")
    assert list(releases.versions(str(fork.path))) == ["odd\u2028tag", "1.0", "1.10"]


@pytest.fixture
def key(fork: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A key of SSH with which the fork signs, and which a user's git doesn't trust yet."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    needs("ssh-keygen")
    made = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", made], check=True)
    fork.git("config", "gpg.format", "ssh")
    fork.git("config", "user.signingKey", f"{made}.pub")
    fork.git("tag", "--sign", "v2.0", "-m", "signed")
    return made


def trust(project: Project, key: Path) -> None:
    """Let git trust a key, as a person would say it for all their repositories."""
    allowed = key.with_name("allowed")
    allowed.write_text(f"* {key.with_suffix('.pub').read_text()}")
    project.git("config", "--global", "gpg.ssh.allowedSignersFile", str(allowed))


REQUIRED = ("rebase-upstream", "--require-signed")


def test_a_signature_can_be_required(tmp_path: Path, fork: Project, key: Path) -> None:
    project = begin(tmp_path, fork, "--upstream-version", "1.0")
    untrusted = project.aegis(*REQUIRED, code=1).err
    assert "v2.0 has no signature that git trusts: gpg.ssh.allowedSignersFile" in untrusted
    trust(project, key)
    before = project.head
    unsigned = project.aegis(*REQUIRED, "--to", "1.10", code=1).err
    assert "v1.10 has no signature that git trusts: no signature found" in unsigned
    assert "v1.0 has no" in project.aegis(*REQUIRED, "--to", "1.0", code=1).err  # a name alone
    command = unsigned.split("next ")[1].split("\n")[0]
    assert subprocess.run(shlex.split(command), capture_output=True, check=False).returncode
    project.git("config", "aegis.requireSigned", "true")
    project.aegis("rebase-upstream", "--to", "1.10", code=1)
    assert project.head == before
    assert "v1.0 has no signature" in project.aegis("add", "worker", code=1).err
    project.aegis("rebase-upstream")
    assert project.subjects[0] == "Rebase onto fork 2.0"
    project.aegis("add", "worker")
    fork.edit("base/.gitignore", "/company/\n", "/company/\n/other/\n")
    fork.commit("Another commit")
    fork.git("tag", "--force", "--sign", "v2.0", "-m", "signed, but moved")
    project.aegis("rebase-upstream", code=1)  # which fetches the tag
    assert "v2.0 has no signature that git trusts: it was at commit" in (
        project.aegis("add", "cache", code=1).err
    )


def test_a_project_starts_only_from_what_is_signed(
    tmp_path: Path, fork: Project, key: Path
) -> None:
    trust(fork, key)
    words = ("init", tmp_path / "shop", "--yes", "--upstream", fork.path, "--require-signed")
    assert "no signature found" in run(*words, "--upstream-version", "1.10").err
    assert not (tmp_path / "shop").exists()
    assert run(*words).code == 0
    assert Project(tmp_path / "shop").subjects == ["Start shop from fork 2.0"]


def test_a_signature_is_of_one_release(tmp_path: Path, fork: Project, key: Path) -> None:
    """Who can push tags, and can't sign, calls one as a signed one, or moves that to another."""
    trust(fork, key)
    project = begin(tmp_path, fork, "--require-signed")
    signed = fork.git("rev-parse", "v2.0").strip()
    fork.git("update-ref", "refs/tags/v3.0", signed)
    for name in ("tags/v2.0", signed):
        fork.git("update-ref", f"refs/tags/{name}", "v1.0^{}")
        assert f"{name} has no" in project.aegis(*REQUIRED, "--to", name, code=1).err
    assert "v3.0 has no signature that git trusts: it was signed as v2.0" in (
        project.aegis(*REQUIRED, "--to", "3.0", code=1).err
    )
    fork.git("branch", "tags/v2.0", "v1.0")
    fork.git("tag", "--delete", "tags/v2.0")
    assert "tags/v2.0 has no" in project.aegis(*REQUIRED, "--to", "tags/v2.0", code=1).err


def test_only_what_is_signed_is_adopted(tmp_path: Path, fork: Project, key: Path) -> None:
    trust(fork, key)
    project = begin(tmp_path, fork)
    project.git("rm", "aegis.toml")
    project.git("commit", "-m", "Without a record")
    project.git("config", "aegis.requireSigned", "true")
    adopt = ("adopt", "--yes", "--upstream", str(fork.path), "--upstream-version")
    assert "v1.10 has no signature" in project.aegis(*adopt, "1.10", code=1).err
    project.aegis(*adopt, "2.0")
    assert project.subjects[0] == "Adopt fork 2.0"


def test_a_cache_at_a_relative_path_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """As the XDG specification has it; it would be another one in each directory."""
    monkeypatch.setenv("XDG_CACHE_HOME", "cache")
    assert mirror.objects("https://example.org/own.git").is_relative_to(Path.home() / ".cache")
