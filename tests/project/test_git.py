"""git.py: git itself, asked for what only it knows."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from aegis_patch.errors import Refused
from aegis_patch.project import git
from tests.conftest import Start


def test_git_says_why_it_failed(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="not a git repository"):
        git.run(tmp_path, "status")


def test_a_count_of_settings_that_is_none(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    project = start()
    monkeypatch.setenv("GIT_CONFIG_COUNT", "one")
    assert project.aegis("diff").out == ""


def test_an_old_git_is_named_where_it_lacks_an_option(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="aegis needs git 2") as caught:
        git.run(tmp_path, "init", "--of-a-newer-git")
    assert caught.value.next == "git --version"


def test_uncommitted_speaks_of_the_paths_asked_for_only(start: Start, tmp_path: Path) -> None:
    made = start()
    for path in ("Makefile", "README.md"):
        made.write(path, made.read(path) + "mine\n")
    copy = tmp_path / "index"
    assert git.uncommitted(made.path, ["Makefile", "compose.yaml"], copy) == {"Makefile": "H"}
    assert git.uncommitted(made.path, [], copy) == {}


@pytest.mark.parametrize("more", [(), ("x\ny",), tuple(f"icon-{n}.svg" for n in range(6000))])
def test_files_are_found_by_words_that_stand_alone(
    start: Start, more: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = start()
    there = {
        "one.py": "from app import ai\n",
        "two.txt": "see a+b.svg or (c.svg)\n",
        "three.bin": "\0 naïve ai\n",
        "four.py": "raise main\nemail = 'aa+b.svg'\n",
    }
    for path, text in there.items():
        project.write(path, text)
    project.commit()
    words = frozenset({"ai", "a+b.svg", "naïve", *more})
    found = git.naming(project.path, project.head, words)
    assert {*there} & {*found} == {*there} - {"four.py"}
    without = tmp_path / "git"  # as one that was built without Perl's patterns
    real = shutil.which("git")
    without.write_text(f'#!/bin/sh\n[ "$5" != -P ] || exit 128\nexec {real} "$@"\n')
    without.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    with pytest.raises(Refused):
        git._grep(project.path, project.head, "-P", "-e", "ai")
    assert git.naming.__wrapped__(project.path, project.head, words) == found
