"""`aegis diff [PATH…]`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from aegis_patch import errors
from aegis_patch.terminal.run import Run, at_terminal, show
from aegis_patch.terminal.screen import screen

if TYPE_CHECKING:
    from aegis_patch.terminal.options import Component, ExitCode, Paths


def command(
    run: Run, paths: Paths = None, component: Component = "", exit_code: ExitCode = False
) -> int:
    """Show your changes to what aegis made, as a patch.

    It compares the tracked files on disk, or those at PATH, with the same stack unedited. As in git
    diff, a new file counts once it is added. If anything differs, --exit-code makes it exit with 1.
    """
    from aegis_patch.terminal.as_json import diff_json
    from aegis_patch.verbs.diff import diff

    live = at_terminal() and not run.json
    found = diff(run.where, [Path(run.where, path) for path in paths or []], component, live=live)
    if not live:
        show(run, diff_json(found), lambda: screen().exact(found.patch))
    return errors.CHANGED if exit_code and found.files else errors.OK
