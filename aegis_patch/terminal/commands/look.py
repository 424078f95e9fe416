"""The commands that show a project, and the one that sets up git's merges."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from aegis_patch import errors
from aegis_patch.terminal.as_json import components_json, explained_json, status_json
from aegis_patch.terminal.here import from_here
from aegis_patch.terminal.options import Component, ExitCode, OnOff, Paths, Target
from aegis_patch.terminal.run import Run, at_terminal, show
from aegis_patch.terminal.screen import screen
from aegis_patch.values import asdict, replace

if TYPE_CHECKING:
    from aegis_patch.history.presence import Finding


def status(run: Run, exit_code: ExitCode = False) -> int:
    """Show release, components and changed files.

    With --exit-code it exits with 10 if there is a newer release, 11 if the project needs repair,
    12 if conflicts are unresolved, and otherwise 0.
    """
    from aegis_patch.terminal import as_text
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


def diff(
    run: Run, paths: Paths = None, component: Component = None, exit_code: ExitCode = False
) -> int:
    """Show your changes to what aegis made, as a patch.

    It compares the tracked files on disk, or those at PATH, with the same stack unedited. As in git
    diff, a new file counts once it is added. uv.lock is left out unless PATH names it. If anything
    differs, --exit-code makes it exit with 1.
    """
    from aegis_patch.verbs import naming
    from aegis_patch.verbs.diff import diff

    live = at_terminal() and not run.json
    places = [Path(run.where, path) for path in paths or []]
    wanted = naming.names(component or []) or component or []  # an empty one doesn't mean all
    found = diff(run.where, places, wanted, live=live)
    if not live:
        files = [asdict(file) for file in found.files]
        show(run, {"files": files}, lambda: screen().exact(found.patch))
    return errors.CHANGED if exit_code and found.files else errors.OK


def explain(run: Run, target: Target) -> int:
    """Show who a line or a file comes from, and why.

    That is a patch of aegis or a commit of yours. Without a line, it shows the whole file.
    """
    from aegis_patch.terminal.margin import show_explained
    from aegis_patch.verbs.explain import explain

    found = explain(run.where, target)
    return show(run, explained_json(found), lambda: show_explained(screen(), found))


def components(run: Run) -> int:
    """List the available components.

    In a project they are those of its upstream, in an upstream's own repository those on disk,
    otherwise those that aegis brings.
    """
    from aegis_patch.terminal import as_text
    from aegis_patch.verbs.components import components

    if root := _upstream_around(Path(os.path.realpath(run.where))):
        from aegis_patch.terminal.commands import upstream

        rows = components_json(upstream.on_disk(root))
    else:
        rows = components_json(components(run.where))
    return show(run, {"components": rows}, lambda: as_text.show_components(screen(), rows))


def _upstream_around(where: Path) -> Path | None:
    """The upstream whose repository a directory is in, unless a project is nearer."""
    for place in (where, *where.parents):
        if (place / "base/aegis.toml").is_file() and (place / "patches").is_dir():
            return place if (place / ".git").exists() else None
        if (place / "aegis.toml").is_file() and not (place.parent / "patches").is_dir():
            return None
    return None


def merge_driver(run: Run, state: OnOff) -> int:
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
