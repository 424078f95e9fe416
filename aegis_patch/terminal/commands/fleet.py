"""`aegis fleet`: one verb in many projects."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from aegis_patch import errors
from aegis_patch.errors import Interrupted, Usage
from aegis_patch.terminal.as_json import one_line
from aegis_patch.terminal.here import from_here
from aegis_patch.terminal.options import Branch, Directories, To
from aegis_patch.terminal.run import Landing, Run, mode
from aegis_patch.terminal.screen import bold, green, magenta, plain, red, screen
from aegis_patch.values import asdict, replace

if TYPE_CHECKING:
    from aegis_patch.verbs.fleet import Outcome

_NEEDS_YOU = {"conflicts", "refused", "failed"}


def status(run: Run, places: Directories = None) -> int:
    """List each project's release.

    Name any number of directories, or list them on standard input, one a line. With --json, each is
    one object on a line of its own.
    """
    from aegis_patch.verbs import fleet

    there = _places(run, places, "status")
    return _show_all(run, fleet.status(there), len(there))


def update(run: Landing, places: Directories = None, to: To = None, branch: Branch = None) -> int:
    """Update the projects that merge cleanly.

    One with conflicts stays as it is, and none stops the others.

    Name any number of directories, or list them on standard input, one a line. With --json, each is
    one object on a line of its own.
    """
    from aegis_patch.verbs import fleet

    there = _places(run, places, "update")
    return _show_all(run, fleet.update(there, to, branch or "", mode(run)), len(there))


def _places(run: Run, words: list[str] | None, verb: str) -> list[Path]:
    """The projects' directories, as typed or from standard input."""
    if not words and not sys.stdin.isatty():
        said = sys.stdin.read()
        words = [word for word in said.split("\0" if "\0" in said else "\n") if word.strip()]
    if not words:
        what = "Name at least one project's directory."
        raise Usage(what, next=f"aegis fleet {verb} --help")
    return [run.where / word for word in dict.fromkeys(words)]


def _show_all(run: Run, found: Iterable[Outcome], count: int) -> int:
    """Show the outcome for each project, and how many have each outcome; the exit code."""
    outcomes = Counter[str]()
    try:
        for number, each in enumerate(found, start=1):
            _show(run, each, f"{number}/{count} " if screen().width else "")
            outcomes[each.outcome] += 1
    except KeyboardInterrupt as error:
        what = f"Interrupted after {outcomes.total()} of {count}. Each project is whole."
        raise Interrupted(what, next="Go on? Type the same command again.") from error
    if not (run.json or run.quiet):
        named = {"conflicts": "with conflicts", "updated": _updated(run)}
        counts = [f"{n} {named.get(outcome, outcome)}" for outcome, n in sorted(outcomes.items())]
        screen().line(bold(", ".join(counts)))
    if outcomes["refused"] or outcomes["failed"]:
        return 1
    return errors.CONFLICTS if outcomes["conflicts"] else errors.OK


def _updated(run: Run) -> str:
    return "to update" if run.dry else "updated"


def _show(run: Run, found: Outcome, progress: str) -> None:
    """Show the outcome for a project, as soon as it is known."""
    from aegis_patch.terminal.as_text import show_next

    found = replace(found, next=from_here(found.next, Path(found.path)))
    if run.json:
        print(one_line(asdict(found)), flush=True)
    elif found.outcome in _NEEDS_YOU or not run.quiet:
        colour = red if found.outcome in _NEEDS_YOU else magenta
        named = {"current": green("current"), "updated": colour(_updated(run))}
        word = named.get(found.outcome, colour(found.outcome))
        screen().line(f"{progress}{word} {plain(found.path)}: {plain(found.what)}", hang=4)
        if found.next:
            show_next(screen(), found.next, indent=2)
