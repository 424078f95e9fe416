"""The list of our own releases, for code that has no time to open one."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

RELEASES = Path(__file__).parent.parent / "releases"


@cache
def index() -> Mapping[str, Mapping[str, Any]]:
    """The recorded facts of each release, oldest first: commit, folds and names of components."""
    found: Mapping[str, Mapping[str, Any]]
    found = tomllib.loads((RELEASES / "index.toml").read_text())["releases"]
    return found
