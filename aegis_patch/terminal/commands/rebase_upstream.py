"""`aegis rebase-upstream`, or `aegis update`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aegis_patch.terminal.run import Landing, finish, mode

if TYPE_CHECKING:
    from aegis_patch.terminal.options import To


def command(run: Landing, to: To = None) -> int:
    """Move to another release (one commit).

    Your edits and your history stay. `aegis update` is the same.
    """
    from aegis_patch.verbs.rebase_upstream import rebase

    return finish(run, rebase(run.where, to, mode(run)))
