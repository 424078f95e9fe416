"""`aegis update`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aegis_patch.terminal.commands import rebase_upstream
from aegis_patch.terminal.run import Run

if TYPE_CHECKING:
    from aegis_patch.terminal.options import NoLock, Strict, To, Verify


def command(
    run: Run, to: To = None, no_lock: NoLock = False, strict: Strict = False, verify: Verify = ""
) -> int:
    """The same as rebase-upstream."""
    return rebase_upstream.command(run, to, no_lock, strict, verify)
