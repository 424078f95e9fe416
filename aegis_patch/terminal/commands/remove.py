"""`aegis remove [NAME…]`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aegis_patch.terminal.run import Landing, finish, mode, picked

if TYPE_CHECKING:
    from aegis_patch.terminal.options import Names


def command(run: Landing, names: Names = None) -> int:
    """Remove components; your edits stay.

    Separate names by spaces or commas. Without a name, a terminal offers a list.
    """
    from aegis_patch.verbs import naming
    from aegis_patch.verbs.remove import remove

    wanted = naming.names(names or []) or picked(run, "remove")
    return finish(run, remove(run.where, wanted, mode(run)))
