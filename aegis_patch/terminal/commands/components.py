"""`aegis components`."""

from __future__ import annotations

from aegis_patch.terminal.run import Run, show
from aegis_patch.terminal.screen import screen


def command(run: Run) -> int:
    """List the available components.

    In a project they are those of its upstream, otherwise those that aegis brings.
    """
    from aegis_patch.terminal import as_text
    from aegis_patch.terminal.as_json import components_json
    from aegis_patch.verbs.components import components

    rows = components_json(components(run.where))
    return show(run, {"components": rows}, lambda: as_text.show_components(screen(), rows))
