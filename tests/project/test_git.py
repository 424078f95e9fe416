"""git.py: git itself, asked for what only it knows."""

from __future__ import annotations

from pathlib import Path

import pytest

from aegis_patch.errors import Refused
from aegis_patch.project import git
from tests.conftest import Start


def test_git_says_why_it_failed(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="not a git repository"):
        git.run(tmp_path, "status")


def test_uncommitted_speaks_of_the_paths_asked_for_only(start: Start, tmp_path: Path) -> None:
    made = start()
    for path in ("Makefile", "README.md"):
        made.write(path, made.read(path) + "mine\n")
    copy = tmp_path / "index"
    assert git.uncommitted(made.path, ["Makefile", "compose.yaml"], copy) == {"Makefile": "H"}
    assert git.uncommitted(made.path, [], copy) == {}
