"""`uv.lock` is derived: when a project tracks one, it follows the merged pyproject.toml.

What is merged comes from an upstream too, so that nothing is built to learn what it needs: a build
runs code of whoever wrote it.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

from aegis_patch import documents

LOCK = "uv.lock"
PYPROJECT = "pyproject.toml"


class NotLocked(Exception):
    """uv is missing, or could not resolve; the message says which."""


def lock(pyproject: bytes, before: bytes) -> bytes:
    """What `uv lock` makes of a lock file for another pyproject.toml, in a scratch directory.

    Raises:
        NotLocked: there is no uv, no network, or no solution without building something.
    """
    if _needs_a_build(pyproject):
        raise NotLocked("uv would have to build the project")
    uv = shutil.which("uv")
    if uv is None:
        raise NotLocked("uv is not installed")
    with tempfile.TemporaryDirectory(prefix="aegis-lock-") as directory:
        scratch = Path(directory)
        (scratch / PYPROJECT).write_bytes(pyproject)
        (scratch / LOCK).write_bytes(before)
        done = subprocess.run(
            [uv, "lock", "--quiet", "--no-build", "--project", directory],
            cwd=scratch,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            reason = next((line for line in done.stderr.splitlines() if line.strip()), "it failed")
            raise NotLocked(f"uv lock: {reason.strip()}")
        return (scratch / LOCK).read_bytes()


def _needs_a_build(pyproject: bytes) -> bool:
    # uv builds a project of its own workspace even where it is told to build nothing.
    try:
        document = documents.toml(pyproject.decode())
        project = document["project"]
        return bool(project.get("dynamic")) or "workspace" in document.get("tool", {}).get("uv", {})
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return True
