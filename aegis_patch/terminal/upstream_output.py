"""The output of `aegis upstream`: what it made and saved, and the problems that it found."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from aegis_patch import errors
from aegis_patch.terminal.here import from_here
from aegis_patch.terminal.run import Run, show
from aegis_patch.terminal.screen import bold, plain, screen
from aegis_patch.values import asdict

if TYPE_CHECKING:
    from aegis_patch.maintain.problem import Problem
    from aegis_patch.maintain.series import Series


def made(run: Run, place: Path, said: str, next: str, problems: Sequence[Problem] = ()) -> int:
    """Say what was made, and what to type next."""

    def as_text() -> None:
        from aegis_patch.terminal.as_text import show_next

        if not run.quiet:
            screen().line(plain(said))
            show_problems(run, problems)
            show_next(screen(), next, indent=2)

    shown = {"made": str(place), "next": next}
    return show(run, shown | ({"problems": as_json(run, problems)} if problems else {}), as_text)


def saved(run: Run, saved: Iterable[Series]) -> int:
    """Print the outcome for each series, as soon as it is saved."""
    done = []
    for each in saved:
        done.append(asdict(each))
        if not (run.json or run.quiet):
            show_series(each)
    return show(run, {"series": done}, lambda: None)


def show_series(series: Series) -> None:
    """Print the outcome for a series."""
    changed = f"{series.changed} changed" if series.changed else "as it was"
    count = f"{series.patches} patch{'es' * (series.patches != 1)}"
    screen().line(f"{series.name}: {count}, {changed}")


def show_what_to_fill_in(place: Path, next: str) -> None:
    """List the fields of a new component that a person has to fill in."""
    from aegis_patch.terminal.as_text import show_next

    screen().line(f"Say what it is in {os.path.relpath(place)}/component.toml, then:")
    show_next(screen(), next, indent=2)


def problems(run: Run, found: Sequence[Problem]) -> int:
    """Print the problems; 1 if there are any."""

    def as_text() -> None:
        show_problems(run, found)
        if not (found or run.quiet):
            screen().line("Nothing is wrong.")

    show(run, {"problems": as_json(run, found)}, as_text)
    return errors.CHANGED if found else errors.OK


def as_json(run: Run, found: Sequence[Problem]) -> list[dict[str, str]]:
    """Problems for a program."""
    return [asdict(each) | {"next": from_here(each.next, run.where)} for each in found]


def show_problems(run: Run, found: Sequence[Problem]) -> None:
    """Problems for a person."""
    from aegis_patch.terminal.as_text import show_next

    for each in found:
        what, *lines = each.what.split("\n")
        screen().line(f"{bold(plain(each.where))}: {plain(what)}", hang=4)
        for line in lines:  # of a file to write
            screen().raw(f"    {plain(line)}".rstrip())
        if each.next:
            show_next(screen(), from_here(each.next, run.where), indent=2)
