"""`aegis status`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aegis_patch import errors
from aegis_patch.terminal.run import Run, show
from aegis_patch.terminal.screen import screen

if TYPE_CHECKING:
    from aegis_patch.terminal.options import ExitCode


def command(run: Run, exit_code: ExitCode = False) -> int:
    """Show release, components and changed files."""
    from aegis_patch.terminal import as_text
    from aegis_patch.terminal.as_json import status_json
    from aegis_patch.verbs.status import status

    found = status(run.where)
    show(run, status_json(found), lambda: as_text.show_status(screen(), found))
    if found.unfinished:
        code = errors.UNFINISHED
    elif found.off:
        code = errors.NEEDS_REPAIR
    else:
        code = errors.BEHIND if found.behind else errors.OK
    return code if exit_code else errors.OK
