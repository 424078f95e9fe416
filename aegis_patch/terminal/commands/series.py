"""`aegis upstream series`: the components of an upstream, each a series of patches."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from pathlib import Path

from aegis_patch.errors import Refused
from aegis_patch.terminal import upstream_output
from aegis_patch.terminal.here import from_here
from aegis_patch.terminal.options import Directory, NewName, SeriesName, SeriesNames, SeriesTest
from aegis_patch.terminal.run import Run, beside, show
from aegis_patch.values import asdict


def new(run: Run, name: NewName) -> int:
    """Start a component: patches/NAME/component.toml."""
    from aegis_patch.maintain import checkout, series

    place = series.new(checkout.find(run.where), name)
    said = f"Say what it is in {os.path.relpath(place)}, then:"
    next = from_here(f"aegis upstream series open {name}", run.where)
    return upstream_output.made(run, place, said, next)


def open_(run: Run, name: SeriesName) -> int:
    """Open a component's patches as commits.

    They are in the git repository .series/NAME. One that is open and has unsaved work stays as it
    is.
    """
    from aegis_patch.maintain import checkout, open_series

    place = open_series.repository(checkout.find(run.where), name)
    said = f"{os.path.relpath(place)}: edit and commit there, then:"
    next = from_here(f"aegis upstream series save {name}", run.where)
    return upstream_output.made(run, place, said, next)


def save(run: Run, name: SeriesName) -> int:
    """Write its commits back to patches/NAME."""
    from aegis_patch.maintain import checkout, series

    return upstream_output.saved(run, [series.save(checkout.find(run.where), name)])


def test(run: Run, words: SeriesTest = None) -> int:  # noqa: PT028  # a command
    """Run each component's tests where it is open.

    `aegis upstream series test NAME -- COMMAND` runs a command there. Exit code 1 if some fail.
    """
    import subprocess

    from aegis_patch.maintain import checkout, open_series, series

    root = checkout.find(run.where)
    names, command = (words or [])[:1], (words or [])[1:]
    done = []
    for name in names or series.all_names(root):
        place = open_series.repository(root, name)
        tests = series.own_tests(place)
        if not (tests or names):
            continue
        if not (tests or command):
            next = f"aegis upstream series test {name} -- make test"
            what, where = "The series brings no test_*.py.", os.path.relpath(place)
            raise Refused(what, where=where, next=next)
        typed = command or ["uv", "run", "pytest", *tests]
        beside(run).line(f"{os.path.relpath(place)}: {shlex.join(typed)}")
        stdout = 2 if run.json else None  # beside the object
        try:
            code = subprocess.run(typed, cwd=place, check=False, stdout=stdout).returncode
        except OSError as error:
            what = f"Can't run {typed[0]}: {error.strerror}."
            next = f"Which command? aegis upstream series test {name} -- COMMAND"
            raise Refused(what, where=os.path.relpath(place), next=next) from error
        done.append({"name": name, "command": typed, "exit_code": code})
    if not done:
        beside(run).line("No series brings a test_*.py.")
    show(run, {"tests": done}, lambda: None)
    return int(any(each["exit_code"] for each in done))


def refresh(run: Run, names: SeriesNames = None) -> int:
    """Rebase each component onto the current base/, and save it.

    It stops where a patch doesn't fit.
    """
    from aegis_patch.maintain import checkout, series

    wanted = _wanted(names or [])
    return upstream_output.saved(run, series.refresh(checkout.find(run.where), wanted))


def check(run: Run, names: SeriesNames = None) -> int:
    """Check that each is as `save` writes it, and easy to review."""
    from aegis_patch.maintain import check, checkout

    wanted = _wanted(names or [])
    return upstream_output.problems(run, check.of_series(checkout.find(run.where), wanted))


def _wanted(words: Sequence[str]) -> Sequence[str]:
    """The typed names: an empty one, as of an unset variable, doesn't mean all."""
    from aegis_patch.verbs import naming

    return naming.names(words) or words


def import_(run: Run, name: NewName, source: Directory) -> int:
    """Make a component of a quilt series, such as a Debian package's.

    DIR is the directory with its file `series`.
    """
    from aegis_patch.maintain import checkout, quilt

    root = checkout.find(run.where)
    done = quilt.import_series(root, name, run.where / source)
    place: Path = root / "patches" / done.name
    next = from_here(f"aegis upstream series check {done.name}", run.where)

    def as_text() -> None:
        if not run.quiet:
            upstream_output.show_series(done)
            upstream_output.show_what_to_fill_in(place, next)

    return show(run, {"made": str(place), "series": [asdict(done)], "next": next}, as_text)
