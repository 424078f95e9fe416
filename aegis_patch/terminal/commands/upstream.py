"""`aegis upstream`: for those who maintain one."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aegis_patch import errors
from aegis_patch.errors import Refused, SeriesError, Usage
from aegis_patch.terminal.run import Run, beside, from_here, show
from aegis_patch.terminal.screen import bold, screen
from aegis_patch.values import asdict

if TYPE_CHECKING:
    from aegis_patch.maintain.problem import Problem
    from aegis_patch.terminal.options import UpstreamWords

VERBS = ("new", "check", "series")
SERIES = ("new", "open", "save", "refresh", "check", "test")
"""What `aegis upstream series` does."""


def upstream(run: Run, command: UpstreamWords = None) -> int:
    """Maintain your own upstream.

    In any git repository with base/ and patches/ at its top:

    series new NAME: begin a component, in patches/NAME/component.toml.

    series open NAME: open its patches as commits, in the git repository .series/NAME. An open
    series with unsaved work stays as it is.

    series save NAME: write its commits back to patches/NAME.

    series test NAME [-- COMMAND]: run the tests that it brings, or COMMAND, where it is open.

    series refresh [NAME]: merge each series onto the base/ of today, and save it. It stops where a
    patch doesn't fit.

    series check [NAME]: check that series are as `save` writes them, and easy to review.
    """
    if run.dry:
        raise Usage("aegis upstream has no --dry-run: git shows what it wrote.", next="git diff")
    try:
        match command or []:
            case ["series", verb, *names] if verb in SERIES:
                return _series(run, verb, names)
            case _:
                what = f"Say what to do: series {'|'.join(SERIES)}."
                raise Usage(what, next="aegis upstream --help")
    except SeriesError as error:
        raise Refused(error.what, where=error.where, next="aegis upstream check") from error


def _series(run: Run, verb: str, names: Sequence[str]) -> int:
    from aegis_patch.maintain import check, checkout, series

    root = checkout.find(run.where)
    if verb == "check":
        return _problems(run, check.of_series(root, names))
    if verb == "refresh":
        return _refresh(run, series.refresh(root, names))
    if not names or (len(names) > 1 and verb != "test"):
        raise Usage(f"Name one series to {verb}.", next=f"ls {shlex.quote(str(root / 'patches'))}")
    name = names[0]
    if verb == "test":
        return _test(run, series.open_series(root, name), names[1:])
    if verb == "save":
        return _refresh(run, [series.save(root, name)])
    if verb == "new":
        place, next = series.new(root, name), f"aegis upstream series open {name}"
        said = f"Say what it is in {os.path.relpath(place)}, then:"
    else:
        place, next = series.open_series(root, name), f"aegis upstream series save {name}"
        said = f"{os.path.relpath(place)}: edit and commit there, then:"
    return _made(run, place, said, next)


def _made(run: Run, place: Path, said: str, next: str) -> int:
    """Say what was made, and what to type next."""
    next = from_here(next, run.where)

    def as_text() -> None:
        from aegis_patch.terminal.as_json import plain
        from aegis_patch.terminal.as_text import show_next

        if not run.quiet:
            screen().line(plain(said))
            show_next(screen(), next, indent=2)

    return show(run, {"made": str(place), "next": next}, as_text)


def _refresh(run: Run, saved: Iterable[Any]) -> int:
    """Say of each series what became of it, as soon as it is saved."""
    done = []
    for each in saved:
        done.append(asdict(each))
        if not (run.json or run.quiet):
            changed = f"{each.changed} changed" if each.changed else "as it was"
            screen().line(f"{each.name}: {each.patches} patches, {changed}")
    return show(run, {"series": done}, lambda: None)


def _test(run: Run, place: Path, command: Sequence[str]) -> int:
    """Run the tests of a series where it is open; their exit code."""
    import subprocess

    from aegis_patch.maintain import series

    tests = series.own_tests(place)
    if not (command or tests):
        next = f"aegis upstream series test {place.name} -- make test"
        raise Refused("The series brings no test_*.py.", where=os.path.relpath(place), next=next)
    command = command or ["uv", "run", "pytest", *tests]
    beside(run).line(f"{os.path.relpath(place)}: {shlex.join(command)}")
    stdout = 2 if run.json else None  # beside the object
    done = subprocess.run(command, cwd=place, check=False, stdout=stdout)
    show(run, {"command": list(command), "exit_code": done.returncode}, lambda: None)
    return done.returncode


def _problems(run: Run, found: Sequence[Problem]) -> int:
    """Show what is wrong; 1 if something is."""
    shown = [asdict(each) | {"next": from_here(each.next, run.where)} for each in found]

    def as_text() -> None:
        from aegis_patch.terminal.as_json import plain
        from aegis_patch.terminal.as_text import show_next

        for each in shown:
            screen().line(f"{bold(plain(each['where']))}: {plain(each['what'])}", hang=4)
            if each["next"]:
                show_next(screen(), each["next"], indent=2)
        if not (shown or run.quiet):
            screen().line("Nothing is wrong.")

    show(run, {"problems": shown}, as_text)
    return errors.CHANGED if shown else errors.OK
