"""Commands and paths that can be pasted where the user is, even if `-C` names another place."""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path

_THERE = {"aegis": "-C", "git": "-C", "uv": "--directory"}
_COMMAND = r"(?:^|(?<=`)|(?<=&& ))(aegis|git|uv)\b(?! -C| --project-path)"


def from_here(next: str, where: Path) -> str:
    """What to type next in the project, as it can be pasted where `-C` was typed."""
    if where == Path():
        return next
    place = shlex.quote(str(where))
    return re.sub(_COMMAND, lambda found: f"{found[0]} {_THERE[found[1]]} {place}", next)


def cd(place: Path) -> str:
    """The command that goes there, even if the name looks like an option."""
    path = str(place)
    return f"cd {shlex.quote(f'./{path}' if path.startswith('-') else path)}"


def path_from_here(path: str, where: Path) -> str:
    """A path of the project, as a command takes it where the user is."""
    from aegis_patch.project.find import nearest_record

    start = Path(os.path.realpath(where))
    return os.path.relpath((nearest_record(start) or start) / path, start)
