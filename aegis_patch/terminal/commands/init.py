"""`aegis init PATH`."""

from __future__ import annotations

import shlex
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from aegis_patch.terminal.run import Run, finish, mode, pairs

if TYPE_CHECKING:
    from aegis_patch.terminal.options import Answer, Components, NewDirectory, Release, Url


def command(
    run: Run,
    path: NewDirectory,
    components: Components = None,
    answer: Answer = None,
    upstream_version: Release = None,
    upstream: Url = "aegis",
) -> int:
    """Start a project in git."""
    from aegis_patch.verbs import naming
    from aegis_patch.verbs.init import init

    done = init(
        run.where / path,
        naming.names(components or []),
        pairs(answer or []),
        upstream_version,
        upstream,
        interactive=run.interactive,
        mode=mode(run),
    )
    there = "" if path == Path() else f"cd {shlex.quote(str(run.where / path))} && "
    return finish(replace(run, where=Path()), replace(done, next=there + done.next))
