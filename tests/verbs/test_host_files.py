"""`aegis init .` in a repository that a host made: its files stay, the core comes on top."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import NEWEST, OLDER, Project, run

Files = dict[str, str]
GITHUB = {
    "README.md": "# my-api\nA service for our harbour.\n",
    "LICENSE": "MIT License\n\nCopyright (c) 2026 Uma User\n",
    ".gitignore": "# Byte-compiled\n__pycache__/\n*.py[codz]\n\n# Logs\n*.log\n!keep.log\n.env\n",
}
GITLAB = {
    "README.md": "# My API\n\n\n\n## Getting started\n\nTo make it easy for you to get started.\n\n"
    "## Add your files\n\n- [ ] [Create](https://example.org) files\n\n```\ncd repo\n```\n\n"
    "## License\nFor open source projects, say how it is licensed.\n",
}
BARE = {"LICENSE": "Apache\n", "README.rst": "my-api\n======\n", ".gitattributes": "* text=auto\n"}
ODD = {
    "README.md": "No title, no newline",
    ".gitignore": "*.log\r\n!keep.log\r\n",
    "COPYING": "GPL",
}


def hosted(path: Path, files: Files, branch: str = "trunk") -> Project:
    """A repository with a host's first commit."""
    project = Project(path / "my-api")
    project.path.mkdir()
    project.git("init", "--quiet", f"--initial-branch={branch}")
    for name, text in files.items():
        project.write(name, text)
    project.commit("Initial commit")
    return project


@pytest.mark.parametrize(
    "files", [GITHUB, GITLAB, BARE, ODD], ids=["github", "gitlab", "bare", "odd"]
)
def test_the_core_comes_on_top_of_a_hosts_commit(files: Files, tmp_path: Path) -> None:
    project = hosted(tmp_path, files)
    first = project.head
    project.aegis("init", ".", "-y", "--components", "ingress")
    assert project.subjects[1:] == [f"Start my-api from aegis {NEWEST}", "Initial commit"]
    assert project.git("rev-parse", "HEAD~2", "--abbrev-ref", "HEAD").split() == [first, "trunk"]
    assert project.is_sound()
    for name, text in files.items():
        assert [line for line in text.split() if line not in project.read(name).split()] == []
    for name in files.keys() - {"README.md", ".gitignore"}:
        assert project.read(name) == files[name]
    readme = project.read("README.md")
    assert readme.count("\n# ") + readme.startswith("# ") == 1
    assert "uv run my-api dev" in readme
    if ".gitignore" in files:
        ignored = project.read(".gitignore").splitlines()
        assert len([line for line in ignored if line == "*.log"]) == 1
        said = project.git("check-ignore", "keep.log", "a.log", ".coverage", check=False)
        assert said == "a.log\n.coverage"


def test_its_project_is_as_any_other(tmp_path: Path) -> None:
    project = hosted(tmp_path, GITHUB)
    project.aegis("init", ".", "-y", "--upstream-version", OLDER)
    before = project.tree
    project.aegis("add", "worker")
    project.aegis("remove", "worker")
    assert project.tree == before
    project.aegis("rebase-upstream")
    project.aegis("answers", "description=Ships and crews.")
    readme = project.read("README.md")
    assert readme.startswith("# my-api\nA service for our harbour.\n\nShips and crews.\n")
    assert project.aegis("status", "--json").json["needs_repair"] == []


def test_what_no_host_makes_is_refused(tmp_path: Path) -> None:
    project = hosted(tmp_path, {**GITHUB, "main.py": "print()\n"})
    (project.path / "main.py").unlink()  # git has it all the same
    assert "not empty: it has main.py." in project.aegis("init", ".", "-y", code=1).err
    project.git("reset", "--hard", "--quiet")
    (project.path / "sub").mkdir()
    project.write("sub/README.md", "Not at the top\n")
    assert "not empty" in project.aegis("init", "sub", "-y", code=1).err
    project.git("mv", "README.md", "readme.md")
    project.git("rm", "main.py")
    project.commit()
    assert "it has readme.md and sub." in project.aegis("init", ".", "-y", code=1).err


def test_an_uncommitted_readme_is_refused(tmp_path: Path) -> None:
    project = hosted(tmp_path, GITHUB)
    project.write("README.md", "Mine\n")
    head = project.head
    assert "README.md" in project.aegis("init", ".", "-y", code=1).err
    assert (project.head, project.read("README.md")) == (head, "Mine\n")


def test_a_readme_that_cannot_be_merged_is_a_conflict(tmp_path: Path) -> None:
    project = hosted(tmp_path, GITHUB)
    (project.path / "README.md").write_bytes("# my-api\n".encode("utf-16"))
    head = project.commit("As a shell of Windows writes it")
    ran = run("-C", project.path, "init", ".", "-y", "--components", "worker", "--json")
    assert ran.code == 3, ran.err
    [stuck] = ran.json["commits"]
    assert [each["path"] for each in stuck["conflicts"]] == ["README.md"]
    assert "aegis add worker" in ran.err
    project.git("cherry-pick", "--abort")
    assert project.head == head
    assert project.is_sound()
