"""`uv.lock` is derived: when a project tracks one, it follows the merged pyproject.toml."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

LOCK = "uv.lock"
PYPROJECT = "pyproject.toml"


class NotLocked(Exception):
    """uv is missing, or could not resolve; the message says which."""


def lock(pyproject: bytes, before: bytes) -> bytes:
    """What `uv lock` makes of a lock file for another pyproject.toml, in a scratch directory.

    Raises:
        NotLocked: there is no uv, no network, or no solution.
    """
    uv = shutil.which("uv")
    if uv is None:
        raise NotLocked("uv is not installed")
    with tempfile.TemporaryDirectory(prefix="aegis-lock-") as directory:
        scratch = Path(directory)
        (scratch / PYPROJECT).write_bytes(pyproject)
        (scratch / LOCK).write_bytes(before)
        done = subprocess.run(
            [uv, "lock", "--quiet", "--project", directory],
            cwd=scratch,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            reason = next((line for line in done.stderr.splitlines() if line.strip()), "it failed")
            raise NotLocked(f"uv lock: {reason.strip()}")
        return (scratch / LOCK).read_bytes()
