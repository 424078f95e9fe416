"""Projects with a lock that real uv made."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
import uv

from tests.conftest import Project, begun, copied


def locked(project: Project, *args: str) -> Project:
    """Add requirements as a user does, with the lock, and commit both."""
    command = [uv.find_uv_bin(), "add", "--quiet", "--no-sync", *args]
    subprocess.run(command, cwd=project.path, check=True)
    project.commit(f"Use {' '.join(args)}")
    return project


def is_current(project: Project) -> bool:
    check = [uv.find_uv_bin(), "lock", "--quiet", "--check"]
    return subprocess.run(check, cwd=project.path, check=False).returncode == 0


@pytest.fixture
def pinned(tmp_path: Path, templates: Path) -> Project:
    """The core and one requirement of the user's, locked."""
    template = templates / "locked/my-api"
    if not template.exists():
        locked(begun(template), "python-slugify")
    return copied(template, tmp_path / "my-api")
