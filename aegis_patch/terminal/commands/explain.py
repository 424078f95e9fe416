"""`aegis explain PATH[:LINE]`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aegis_patch.terminal.run import Run, show
from aegis_patch.terminal.screen import screen

if TYPE_CHECKING:
    from aegis_patch.terminal.options import Target


def command(run: Run, target: Target) -> int:
    """Show who a line or a file comes from, and why.

    That is a patch of aegis or a commit of yours. Without a line, it shows the whole file.
    """
    from aegis_patch.terminal.as_json import explained_json
    from aegis_patch.terminal.margin import show_explained
    from aegis_patch.verbs.explain import explain

    found = explain(run.where, target)
    return show(run, explained_json(found), lambda: show_explained(screen(), found))
