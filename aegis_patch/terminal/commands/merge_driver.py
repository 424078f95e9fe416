"""`aegis merge-driver on|off`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aegis_patch.terminal.run import Run, show
from aegis_patch.terminal.screen import screen

if TYPE_CHECKING:
    from aegis_patch.terminal.options import OnOff


def command(run: Run, state: OnOff) -> int:
    """Let plain git merge as aegis does, in this clone.

    `on` sets it up in the configuration of this clone, `off` removes it. With --dry-run or --diff
    the settings are listed.
    """
    from aegis_patch.project.find import find
    from aegis_patch.verbs import merge_driver

    settings = merge_driver.turn(find(run.where).root, on=state == "on", dry=run.dry)

    def as_text() -> None:
        sign = "+" if state == "on" else "-"
        for name, value in settings.items() if run.dry or run.diff else ():
            screen().line(f"{sign} {name} = {value}", hang=4)
        if not run.quiet:
            screen().line(f"The merge driver {'would be' if run.dry else 'is'} {state}.")

    return show(run, {"merge_driver": state, "settings": settings}, as_text)
