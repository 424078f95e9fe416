"""`aegis update`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aegis_patch.terminal.commands import rebase_upstream
from aegis_patch.terminal.run import Landing

if TYPE_CHECKING:
    from aegis_patch.terminal.options import To


def command(run: Landing, to: To = None) -> int:
    """The same as rebase-upstream."""
    return rebase_upstream.command(run, to)
