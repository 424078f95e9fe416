"""Which commits wrote the lines of a file, or deleted it: asked of git, from its objects alone."""

from __future__ import annotations

import re
from collections.abc import Iterable

from aegis_patch.errors import Refused
from aegis_patch.merge.outcome import YourCommit
from aegis_patch.project import git
from aegis_patch.project.find import Project
from aegis_patch.project.repository import within
from aegis_patch.upstream.workbench import Bench

_BLAMED = re.compile(r"(?ms)^([0-9a-f]{40}) \d+ (\d+)\b.*?^author-time (\d+)$")
_SHOWN = "--format=%H%n%s%n%an%n%aI%n%ar"


def lines(
    bench: Bench, there: Project, commit: str, path: str, at: Iterable[int]
) -> dict[int, tuple[int, str]]:
    """When each of some lines of a project's file was written, and by which commit."""
    wanted = set(at)
    if not wanted:
        return {}
    span = f"{min(wanted)},{max(wanted)}"
    asked = ("blame", "--line-porcelain", "-L", span, commit, "--")
    said = git.history(bench.store.path, there.objects, *asked, within(there.prefix, path))
    found = {}
    for wrote, line, time in _BLAMED.findall(said):
        if int(line) in wanted:
            found[int(line)] = int(time), str(wrote)
    return found


def newest(bench: Bench, there: Project, *words: str, path: str) -> YourCommit | None:
    """The newest commit of a project's file that `git log` finds with some arguments, if any."""
    found = _log(bench, there, "-1", *words, "--", within(there.prefix, path))
    return found[0] if found else None


def named(bench: Bench, there: Project, ids: Iterable[str]) -> dict[str, YourCommit]:
    """Some commits by their ids."""
    wanted = sorted({*ids})
    found = _log(bench, there, "--no-walk=unsorted", *wanted, "--") if wanted else []
    return {each.commit: each for each in found}


def _log(bench: Bench, there: Project, *words: str) -> list[YourCommit]:
    try:
        said = git.history(bench.store.path, there.objects, "log", _SHOWN, *words)
    except Refused:
        return []
    fields = said.split("\n")
    return [YourCommit(*fields[n : n + 5]) for n in range(0, len(fields) - 5, 5)]
