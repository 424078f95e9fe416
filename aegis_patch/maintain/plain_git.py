"""git in one of the workshop's repositories, the same for every user."""

from __future__ import annotations

import os
from pathlib import Path

from aegis_patch.project import git

_NOBODY = {
    f"GIT_{who}_{what}": value
    for who in ("AUTHOR", "COMMITTER")
    for what, value in (
        ("NAME", "aegis"),
        ("EMAIL", "series@aegis.invalid"),
        ("DATE", "2026-01-01T00:00:00+0000"),
    )
}
_ENVIRONMENT = {
    **_NOBODY,
    **git.PLAIN,
    **{"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"},
}


def run(place: Path, *args: str, fine: int = 0) -> str:
    """Run git there, whatever the user has configured."""
    return git.run(place, *args, env=_ENVIRONMENT, fine=fine)


def shown(place: Path) -> str:
    """A directory, quoted so that it can be pasted here."""
    return os.path.relpath(place)
