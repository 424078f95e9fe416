"""`aegis init PATH`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aegis_patch.terminal.run import Run, finish, pairs

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
        dry=run.dry,
    )
    return finish(run, done)
