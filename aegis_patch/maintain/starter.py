"""A new upstream: the starter, or one whose base/ is an existing project.

`starter.patch` is what `git format-patch --root` makes of the starter. To change it, make one,
check it and export it again.
"""

from __future__ import annotations

import os
import shlex
import shutil
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from aegis_patch.errors import Refused
from aegis_patch.objects import scratch
from aegis_patch.project import git, uv_lock
from aegis_patch.project.uv_lock import LOCK, PYPROJECT
from aegis_patch.stack import record
from aegis_patch.stack.record import RECORD
from aegis_patch.stack.stack import Stack

_STARTER = Path(__file__).with_name("starter.patch")
_WITHOUT_PROJECT = (
    *(f"--include=base/{RECORD}", "--exclude=base/*", "--exclude=patches/greet/*"),
    "--include=*",
)


def new(place: Path, source: Path | None = None) -> None:
    """Start an upstream in a new or empty directory; `source` is the project that becomes base/.

    An interruption leaves none of its files.

    Raises:
        Refused: the directory has files, or the project isn't in git.
    """
    if place.exists() and [each for each in place.iterdir() if each.name != ".git"]:
        what = "It isn't empty: `aegis upstream new` needs a new or empty directory."
        raise Refused(what, where=str(place), next="aegis upstream new PATH")
    listed = _listed(source) if source else []
    answers = _answers(source, listed) if source else {}
    had = {*place.iterdir()} if place.exists() else None
    place.mkdir(parents=True, exist_ok=True)
    try:
        _make(place, source, listed, answers)
    except BaseException:
        for each in {*place.iterdir()} - (had or set()):
            if each.is_dir() and not each.is_symlink():
                scratch.remove(each)
            else:
                each.unlink(missing_ok=True)
        if had is None:
            with suppress(OSError):  # what interrupted it is what to say
                place.rmdir()
        raise


def _make(place: Path, source: Path | None, listed: list[str], answers: Mapping[str, str]) -> None:
    branch = [] if git.setting(place, "init.defaultBranch") else ["--initial-branch=main"]
    git.run(place, "init", "--quiet", *branch, env=git.PLAIN)
    options = _WITHOUT_PROJECT if source else ()
    git.run(place, "apply", "--whitespace=nowarn", *options, str(_STARTER))
    if source:
        _copy(source, place / "base", listed, answers)
        readme = place / "README.md"
        readme.write_text(readme.read_text().replace("greet", "NAME"))


def _listed(source: Path) -> list[str]:
    """The files of a project but for ignored ones and the lock: each project has its own."""
    try:
        said = git.run(source, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    except Refused as error:
        what = "This project isn't in git, which knows what to leave out."
        next = f"git init --quiet {shlex.quote(str(source))}"
        raise Refused(what, where=str(source), next=next) from error
    listed = [path for path in said.split("\0") if path and path != LOCK]
    return [path for path in listed if os.path.lexists(source / path)]


def _copy(source: Path, base: Path, listed: list[str], answers: Mapping[str, str]) -> None:
    """Make base/ of a project's files, with links as they are, and add the record that it needs."""
    example = (base / RECORD).read_bytes()
    for path in listed:
        target = base / path
        target.parent.mkdir(parents=True, exist_ok=True)
        if (source / path).is_dir() and not (source / path).is_symlink():
            continue  # a submodule, which is another repository's
        shutil.copy2(source / path, target, follow_symlinks=False)
    (base / RECORD).write_bytes(record.write(example, Stack("", "", "", answers, {})))
    git.run(base, "add", "--force", "--intent-to-add", ".")  # what the project has though ignored


def _answers(source: Path, listed: list[str]) -> Mapping[str, str]:
    """A project's answers: of its record, or else of pyproject.toml, its directory and defaults."""
    if RECORD in listed:
        return record.parse((source / RECORD).read_bytes(), str(source / RECORD)).answers
    file = source / PYPROJECT
    about = _table(uv_lock.document(file.read_bytes() if file.is_file() else b"").get("project"))
    authors = about.get("authors")
    author = _table(authors[0] if isinstance(authors, list) and authors else None)
    said = {
        "project_name": (about.get("name"), source.resolve().name),
        "description": (about.get("description"), "What this project is for."),
        "author_name": (author.get("name"), "Ada Author"),
        "author_email": (author.get("email"), "ada@author.example"),
    }
    return {key: str(value or instead) for key, (value, instead) in said.items()}


def _table(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
