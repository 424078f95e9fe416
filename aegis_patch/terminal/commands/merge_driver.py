"""`aegis merge-driver on|off`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aegis_patch.terminal.run import Run, show

if TYPE_CHECKING:
    from aegis_patch.terminal.options import OnOff


def command(run: Run, state: OnOff) -> int:
    """Let plain git merge as aegis does, in this clone.

    `on` sets it up in the configuration of this clone, `off` removes it.
    """
    from aegis_patch.project.find import find
    from aegis_patch.verbs import merge_driver

    merge_driver.turn(find(run.where).root, on=state == "on", dry=run.dry)
    is_so = "would be" if run.dry else "is"
    return show(run, {"merge_driver": state}, lambda: print(f"The merge driver {is_so} {state}."))
