"""`aegis rebase-upstream`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aegis_patch.terminal.run import Run, finish, mode

if TYPE_CHECKING:
    from aegis_patch.terminal.options import NoLock, Strict, To, Verify


def command(
    run: Run, to: To = None, no_lock: NoLock = False, strict: Strict = False, verify: Verify = ""
) -> int:
    """Move to another release (one commit)."""
    from aegis_patch.verbs.rebase_upstream import rebase

    done = rebase(run.where, to, mode(run, no_lock, strict, verify))
    return finish(run, done)
