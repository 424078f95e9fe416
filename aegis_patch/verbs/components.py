"""`aegis components`: the components that a stack can have."""

from __future__ import annotations

from pathlib import Path

from aegis_patch.errors import Refused
from aegis_patch.project.find import find
from aegis_patch.stack.release import Upstream
from aegis_patch.upstream import releases
from aegis_patch.upstream.workbench import open_bench


def components(where: Path) -> Upstream:
    """The newest release of a project's upstream; without a project, ours."""
    try:
        there = find(where).stack
        url, release = there.url, there.release
    except Refused:
        url, release = releases.BUNDLED, ""
    known = releases.offered(url, release) or [releases.latest(url)]
    with open_bench() as bench:
        return bench.open(url, known[-1])
