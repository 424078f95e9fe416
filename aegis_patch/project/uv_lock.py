"""`uv.lock` follows the merged pyproject.toml.

In a uv workspace the lock is the root's. Nothing is built to learn its dependencies, because a
build would run code from the upstream.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aegis_patch.formats import bounded_parsers
from aegis_patch.progress import doing

LOCK = "uv.lock"
PYPROJECT = "pyproject.toml"
_LEADS_OUT = r"^/|(^|/)\.\.(/|$)"


class NotLocked(Exception):
    """uv is missing, or couldn't resolve; the message says which."""


def lock(pyprojects: Mapping[str, bytes], before: bytes) -> bytes:
    """The lock file that `uv lock` makes for other pyproject.toml files, in a scratch directory.

    Raises:
        NotLocked: there is no uv, no network, or no solution without building something.
    """
    import shutil
    import subprocess
    import tempfile

    for path, text in pyprojects.items():
        if _needs_a_build(document(text)):
            raise NotLocked(f"uv would have to build {posixpath.dirname(path) or 'the project'}")
    uv = shutil.which("uv")
    if uv is None:
        raise NotLocked("uv not found; install it first")
    with tempfile.TemporaryDirectory(prefix="aegis-lock-") as directory:
        scratch = Path(directory)
        for path, text in {**pyprojects, LOCK: before}.items():
            (scratch / path).parent.mkdir(parents=True, exist_ok=True)
            (scratch / path).write_bytes(text)
        command = [uv, "lock", "--quiet", "--no-build", "--project", directory]
        with doing("Updating uv.lock"):
            done = subprocess.run(command, cwd=scratch, capture_output=True, text=True, check=False)
        if done.returncode:
            reason = next((line for line in done.stderr.splitlines() if line.strip()), "it failed")
            raise NotLocked(f"uv lock says: {reason.strip().rstrip('.')}")
        return (scratch / LOCK).read_bytes()


def document(text: bytes) -> dict[str, Any]:
    """A pyproject.toml as far as it can be read; empty if it can't."""
    try:
        return bounded_parsers.toml(text.decode())
    except (ValueError, RecursionError):
        return {}


def settings(document: dict[str, Any]) -> dict[str, Any]:
    """The settings for uv in a document."""
    tool = document.get("tool")
    found = tool.get("uv") if isinstance(tool, dict) else None
    return found if isinstance(found, dict) else {}


def _needs_a_build(document: dict[str, Any]) -> bool:
    # uv builds a project of its own workspace even with --no-build, and a
    # workspace may lead out of the scratch directory.
    workspace, project = settings(document).get("workspace"), document.get("project")
    members = workspace.get("members") if isinstance(workspace, dict) else None
    for member in members if isinstance(members, list) else ():
        if not isinstance(member, str) or re.search(_LEADS_OUT, member):
            return True
    if project is None:
        return workspace is None
    return isinstance(project, dict) and bool(project.get("dynamic"))
