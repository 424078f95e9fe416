"""A fork of our own catalogue, with a changed base, one component more and one less, follows us.

Each of our releases is merged with plain git and refreshed, checked, and tagged; a project of the
fork takes each tag.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from aegis_patch.upstream import releases
from tests.conftest import Project

FOLLOWED = list(releases.versions())[-3:]
COMPONENT = """title = "Greetings"
summary = "Greets in many languages."
implementation = "Python"
kind = "component"
status = "available"
requires = ["cache"]
"""
MODULE = '''"""Greets in many languages."""

from app.core.component import Component

component = Component(name="greetings", title="Greetings", summary="Greets in many languages.")
'''
REGION = '    region: str = "eu"\n    """Where it runs."""\n'


def ours(fork: Project) -> list[str]:
    """Our releases as commits, one upon the other, in the repository of the fork."""
    alternates = fork.path / ".git/objects/info/alternates"
    alternates.write_text("".join(f"{each}\n" for each in releases.alternates()))
    made: list[str] = []
    for version in FOLLOWED:
        tree = fork.git("rev-parse", f"{releases.versions()[version]}^{{tree}}")
        parents = ["-p", made[-1]] if made else []
        made.append(fork.git("commit-tree", *parents, "-m", f"aegis {version}", tree))
    return made


@pytest.fixture
def fork(tmp_path: Path) -> Project:
    """Without `updates`, with `greetings`, and with a setting of its own in base/; tagged v1.0."""
    made = Project(tmp_path / "acme")
    made.path.mkdir()
    made.git("init", "--quiet", "--initial-branch=main")
    made.git("reset", "--quiet", "--hard", ours(made)[0])
    made.write(".gitignore", ".series/\n")
    made.write("base/README.md", made.read("base/README.md") + "\nAsk the platform team.\n")
    made.edit("base/app/core/settings.py", "    cors_origins", REGION + "    cors_origins")
    made.git("rm", "-rq", "patches/updates")
    made.aegis("upstream", "series", "new", "greetings")
    made.write("patches/greetings/component.toml", COMPONENT)
    made.aegis("upstream", "series", "open", "greetings")
    series = Project(made.path / ".series/greetings")
    series.write("app/components/greetings/__init__.py", MODULE)
    series.edit(".env.example", "# yours below", "# GREETINGS_LANGUAGE=en\n\n# yours below")
    series.commit("Greet in many languages\n\nOur shops are in many countries.")
    made.aegis("upstream", "series", "save", "greetings")
    made.commit("Acme's stack")
    assert made.aegis("upstream", "check").out == "Nothing is wrong.\n"
    made.git("tag", "v1.0")
    return made


@pytest.mark.long
def test_a_fork_follows_our_releases_and_its_projects_follow_the_fork(fork: Project) -> None:
    path = fork.path.parent / "shop"
    with_these = ("--components", "greetings,scheduler,worker")
    fork.aegis("init", str(path), "--yes", "--upstream", str(fork.path), *with_these)
    project = Project(path)
    project.edit("compose.yaml", "services:\n", "services:\n  # Ask Ada before you change this.\n")
    project.commit("Mine")
    for number, release in enumerate(ours(fork)[1:], 1):
        fork.git("merge", "--no-commit", release, check=False)
        fork.git("rm", "-rq", "--ignore-unmatch", "patches/updates")  # which we may have changed
        assert not fork.git("ls-files", "--unmerged")
        fork.aegis("upstream", "series", "refresh")
        assert fork.aegis("upstream", "check").out == "Nothing is wrong.\n"
        fork.git("add", "--all")
        fork.git("commit", "--quiet", "--allow-empty", "-m", f"Take aegis {FOLLOWED[number]}")
        fork.git("tag", f"v1.{number}")
        project.aegis("rebase-upstream")
        assert project.aegis("status", "--json").json["release"] == f"1.{number}"
    assert "Ask Ada" in project.read("compose.yaml")
    assert REGION in project.read("app/core/settings.py")
    assert "Ask the platform team." in project.read("README.md")
    assert project.is_sound()
    project.aegis("remove", "greetings")
    assert "GREETINGS" not in project.read(".env.example")
