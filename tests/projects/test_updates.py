"""The steps of the workflow of `updates`, against a bare repository; only `gh` is a stand-in."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from tests.conftest import Project, Start, git

BRANCH = "aegis/update"
NOTES = '[[setting]]\nname = "MAX_BODY_SIZE"\nnow = "BODY_LIMIT"\n'
GH = f"""#!{sys.executable}
import json, pathlib, sys
said = pathlib.Path(__file__).with_name("gh.json")
calls = json.loads(said.read_text()) if said.exists() else []
opened = any(call[1] == "create" for call in calls)
print("7" if opened else "") if sys.argv[2] == "list" else calls.append(sys.argv[1:])
said.write_text(json.dumps(calls))
"""
UVX = f"""#!/bin/sh
[ "$1" = aegis-patch@latest ] && shift && exec {sys.executable} -m aegis_patch "$@"
"""


@dataclass(frozen=True, slots=True)
class Hub:
    """What stands for GitHub: a bare repository, and its runner's programs."""

    origin: Path
    bin: Path

    def clone(self, name: str) -> Project:
        git(self.origin.parent, "clone", "--quiet", str(self.origin), name)
        return Project(self.origin.parent / name)

    def run(self, job: str, name: str, code: int = 0, below: str = "") -> str:
        """Run the steps of a job in a fresh clone, as a runner does; what they printed."""
        runner = self.clone(name)
        workflow = yaml.safe_load(runner.read(".github/workflows/updates.yml"))
        said = ""
        for step in workflow["jobs"][job]["steps"]:
            if "run" in step:
                said += self.shell(runner, step["run"], code, below)
        return said

    def shell(self, project: Project, lines: str, code: int = 0, below: str = "") -> str:
        """Run a script as GitHub does, with the stand-ins on PATH."""
        script = self.bin / "script"
        script.write_text(lines)
        done = subprocess.run(
            ["bash", "-e", str(script)],
            cwd=project.path / below,
            env={
                **os.environ,
                "PATH": f"{self.bin}:{os.environ['PATH']}",
                "XDG_CACHE_HOME": str(project.path / ".git/cache"),  # a runner knows no upstream
            },
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    @property
    def calls(self) -> list[list[str]]:
        """What `gh` was asked to do."""
        said = self.bin / "gh.json"
        return json.loads(said.read_text()) if said.exists() else []

    @property
    def tip(self) -> str:
        return git(self.origin, "rev-parse", "--verify", "--quiet", BRANCH, check=False)


@pytest.fixture
def project(start: Start, fork: Project) -> Project:
    """A project one release behind its upstream."""
    project = start("updates", "cache", version="1.0", upstream=fork)
    fork.edit("base/.env.example", "MAX_BODY_SIZE=", "BODY_LIMIT=")
    fork.edit("base/compose.yaml", "interval: 10s", "interval: 11s")
    fork.write("notes/1.1.toml", NOTES)
    fork.commit("1.1")
    fork.git("tag", "1.1")
    return project


@pytest.fixture
def hub(project: Project, tmp_path: Path) -> Hub:
    git(tmp_path, "init", "--quiet", "--bare", "--initial-branch=main", "origin")
    project.git("remote", "add", "origin", str(tmp_path / "origin"))
    project.git("push", "--quiet", "origin", "main")
    (tmp_path / "runner-bin").mkdir()
    for name, text in (("gh", GH), ("uvx", UVX)):
        file = tmp_path / "runner-bin" / name
        file.write_text(text)
        file.chmod(0o755)
    return Hub(tmp_path / "origin", tmp_path / "runner-bin")


def test_a_newer_release_becomes_a_pull_request(project: Project, hub: Hub) -> None:
    hub.run("update", "first")
    [[_, verb, *options]] = hub.calls
    title, body = options[options.index("--title") + 1], options[options.index("--body") + 1]
    assert (verb, title) == ("create", "Rebase onto fork 1.1")
    assert "- [ ] MAX_BODY_SIZE is now BODY_LIMIT.\n" in body
    assert "- modified `compose.yaml` +1 -1\n" in body
    project.aegis("rebase-upstream")
    assert git(hub.origin, "rev-parse", f"{BRANCH}^{{tree}}") == project.tree
    assert git(hub.origin, "log", "-1", "--format=%an", BRANCH) == "github-actions[bot]"
    before = hub.tip
    hub.run("update", "again")
    assert [call[1] for call in hub.calls] == ["create", "edit"]
    assert hub.tip == before, "the same commit and release make the same branch"
    project.git("push", "--quiet", "origin", "main")
    assert "1.1 is the newest release." in hub.run("update", "after")
    assert len(hub.calls) == 2


def test_a_project_in_a_subdirectory(project: Project, hub: Hub) -> None:
    """As its page says: the workflow is at the top, and its steps have a `working-directory`."""
    page = " ".join(project.read("docs/components/updates.md").split())
    assert "move `updates.yml` to the top, leave `updates.py`" in page
    (project.path / "shop").mkdir()
    project.git("mv", *project.git("ls-tree", "--name-only", "HEAD").split(), "shop")
    project.write(
        ".github/workflows/updates.yml", project.read("shop/.github/workflows/updates.yml")
    )
    project.git("rm", "--quiet", "--force", "shop/.github/workflows/updates.yml")
    project.commit("In a shop")
    project.git("push", "--quiet", "origin", "main")
    hub.run("update", "first", below="shop")
    assert [call[1] for call in hub.calls] == ["create"]
    assert "shop/compose.yaml" in git(hub.origin, "diff", "--name-only", f"{BRANCH}^", BRANCH)


def test_the_branch_follows_main(project: Project, hub: Hub) -> None:
    hub.run("update", "first")
    project.write("mine", "")
    project.commit("Mine")
    project.git("push", "--quiet", "origin", "main")
    hub.run("update", "again")
    assert git(hub.origin, "rev-parse", f"{BRANCH}^") == project.head


def test_conflicts_are_a_checklist_and_the_way_to_resolve_them(project: Project, hub: Hub) -> None:
    project.edit("compose.yaml", "interval: 10s", "interval: 20s")
    project.commit("Mine")
    project.git("push", "--quiet", "origin", "main")
    log = hub.run("update", "first")
    assert "cherry-pick" not in log, "nobody can type it there"
    [[*_, body]] = hub.calls
    assert "- [ ] `compose.yaml`: both changed the same lines\n" in body
    assert git(hub.origin, "diff", "--stat", "main", BRANCH) == ""
    commands = re.search(r"```console\n(.*?)```", body, re.DOTALL)
    assert commands
    fetch, rebase, go_on, push = commands[1].splitlines()
    here = hub.clone("here")
    hub.shell(here, fetch)
    hub.shell(here, rebase, code=3)
    here.write(
        "compose.yaml", re.sub(r"<{7}.*\n|={7}\n.*\n>{7}.*\n", "", here.read("compose.yaml"))
    )
    here.git("add", "compose.yaml")
    hub.shell(here, f"{go_on}\n{push}")
    assert here.is_sound()
    assert 'release = "1.1"' in git(hub.origin, "show", f"{BRANCH}:aegis.toml")
    assert f"{BRANCH} has commits of uma@example.org" in hub.run("update", "again")
    assert hub.tip == here.head
    assert len(hub.calls) == 1


def test_the_check_fails_where_the_stack_needs_repair(project: Project, hub: Hub) -> None:
    hub.run("status", "behind")
    project.edit("aegis.toml", 'cache = { release = "1.0", by = "you" }\n', "")
    project.commit("As a merge can leave it")
    project.git("push", "--quiet", "origin", "main")
    hub.run("status", "broken", code=1)


def test_no_more_than_it_needs(project: Project) -> None:
    """The least permissions; actions by their major version, as the project's CI has them."""
    workflow = yaml.safe_load(project.read(".github/workflows/updates.yml"))
    jobs = workflow["jobs"]
    assert workflow["permissions"] == {"contents": "read"}
    assert "permissions" not in jobs["status"]
    assert jobs["update"]["permissions"] == {"contents": "write", "pull-requests": "write"}
    ci = project.read(".github/workflows/ci.yml")
    for job in jobs.values():
        for step in job["steps"]:
            assert f"uses: {step['uses']}\n" in ci if "uses" in step else step["run"]
