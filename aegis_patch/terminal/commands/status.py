"""`aegis status`."""

from __future__ import annotations

from aegis_patch.terminal.run import Run, show
from aegis_patch.terminal.screen import screen


def command(run: Run) -> int:
    """Show release, components and changed files."""
    from aegis_patch.terminal import as_text
    from aegis_patch.terminal.as_json import status_json
    from aegis_patch.verbs.status import status

    found = status(run.where)
    return show(run, status_json(found), lambda: as_text.show_status(screen(), found))
