"""`aegis status`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aegis_patch import errors
from aegis_patch.terminal.run import Run, from_here, show
from aegis_patch.terminal.screen import screen
from aegis_patch.values import replace

if TYPE_CHECKING:
    from aegis_patch.history.presence import Finding
    from aegis_patch.terminal.options import ExitCode


def command(run: Run, exit_code: ExitCode = False) -> int:
    """Show release, components and changed files.

    With --exit-code it exits with 10 if there is a newer release, 11 if the project needs repair,
    12 if conflicts are unresolved, and otherwise 0.
    """
    from aegis_patch.terminal import as_text
    from aegis_patch.terminal.as_json import status_json
    from aegis_patch.verbs.status import status

    found = status(run.where)
    unfinished = _from_here(found.unfinished, run)
    inconsistencies = _from_here(found.inconsistencies, run)
    found = replace(found, unfinished=unfinished, inconsistencies=inconsistencies)
    update = from_here("aegis rebase-upstream", run.where)
    show(run, status_json(found), lambda: as_text.show_status(screen(), found, update))
    if found.has_conflicts:
        code = errors.UNRESOLVED
    elif found.inconsistencies:
        code = errors.NEEDS_REPAIR
    else:
        code = errors.BEHIND if found.behind else errors.OK
    return code if exit_code else errors.OK


def _from_here(findings: tuple[Finding, ...], run: Run) -> tuple[Finding, ...]:
    return tuple(replace(each, next=from_here(each.next, run.where)) for each in findings)
