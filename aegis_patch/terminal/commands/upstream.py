"""`aegis upstream`: for those who maintain one."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from aegis_patch import errors
from aegis_patch.terminal import upstream_output
from aegis_patch.terminal.here import cd, from_here
from aegis_patch.terminal.options import (
    Directory,
    Files,
    From,
    HunkNumbers,
    NewName,
    ProjectOf,
    Range,
    Ref,
    Required,
)
from aegis_patch.terminal.run import Run, for_its_maintainer, show
from aegis_patch.terminal.screen import bold, plain, screen
from aegis_patch.values import asdict, replace

if TYPE_CHECKING:
    from aegis_patch.maintain.extract import Extracted
    from aegis_patch.maintain.hunks import Hunk
    from aegis_patch.maintain.project_changes import Wanted
    from aegis_patch.stack.release import Upstream

_HUNK = ("number", "commit", "where", "text")


def new(run: Run, place: Directory, source: From = "") -> int:
    """Start an upstream that runs, with a component, its tests and CI.

    With --from, that project becomes base/, and aegis lists what you have to change.
    """
    from aegis_patch.maintain import check, starter

    place = run.where / place
    starter.new(place, run.where / source if source else None)
    found = check.of_upstream(place) if source else []
    said = f"Started an upstream in {place}." + (" Change these there:" if found else "")
    commit = "git add --all && git commit --quiet --message 'Start an upstream'"
    next = f"{cd(place)} && {'aegis upstream check' if found else commit}"
    return upstream_output.made(run, place, said, next, found)


def check(run: Run, ref: Ref = "") -> int:
    """Find what would fail in a user's project, in a commit or on disk.

    In any git repository with base/ and patches/ at its top. Exit code 1 if something would fail.
    """
    from aegis_patch.maintain import check, checkout

    return upstream_output.problems(run, check.of_upstream(checkout.find(run.where, ref), ref))


def extract(
    run: Run,
    name: NewName,
    commits: Range,
    project: ProjectOf,
    paths: Files = None,
    requires: Required = None,
    hunks: HunkNumbers = "",
) -> int:
    """Make a component of the commits of a project.

    With paths, of what they change there. It stops where a commit doesn't fit. --dry-run numbers
    the hunks and writes nothing; --hunks 1,3-5 takes only these.
    """
    from aegis_patch.maintain import checkout, extract
    from aegis_patch.maintain.hunks import parse
    from aegis_patch.maintain.project_changes import Wanted
    from aegis_patch.verbs import naming

    needs = naming.names(requires or [])
    there = Path(os.path.realpath(run.where / project))
    files = [path.removeprefix("./").rstrip("/") for path in paths or []]
    wanted = Wanted(name, commits, there, needs, files)
    root = checkout.find(run.where)
    if run.dry:
        return _list_hunks(run, wanted, extract.listed(root, wanted))
    if hunks:
        wanted = replace(wanted, hunks=parse(hunks))
    return _show_extracted(run, root, extract.extract(root, wanted))


def _show_extracted(run: Run, root: Path, done: Extracted) -> int:
    """Show the new component, and what is left to do."""
    name = done.series.name
    place = root / "patches" / name
    verb = "open" if done.problems else "check"
    next = from_here(f"aegis upstream series {verb} {name}", run.where)

    def as_text() -> None:
        if not run.quiet:
            upstream_output.show_series(done.series)
            for each in done.left_out:
                screen().line(f"left out: {plain(each)}", hang=4)
        upstream_output.show_problems(run, done.problems)
        if not run.quiet:
            upstream_output.show_what_to_fill_in(place, next)

    shown = {"made": str(place), "series": [asdict(done.series)], "left_out": [*done.left_out]}
    found = upstream_output.as_json(run, done.problems)
    show(run, {**shown, "problems": found, "next": next}, as_text)
    return errors.CHANGED if done.problems else errors.OK


def _list_hunks(run: Run, wanted: Wanted, found: Sequence[Hunk]) -> int:
    """Show the hunks of commits, numbered."""
    taken = replace(wanted, hunks=[range(1, len(found) + 1)] if found else None)
    next = f"Which hunks? `{from_here(taken.command(), run.where)}`"

    def as_text() -> None:
        from aegis_patch.terminal.as_text import show_next

        commit = ""
        for each in found:
            if each.commit != commit:
                screen().line(bold(plain(each.commit)))
            commit = each.commit
            screen().line(f"{each.number} {plain(each.where)}")
            for line in each.text.splitlines():
                screen().raw(f"    {plain(line)}".rstrip())
        show_next(screen(), next)

    shown = [{name: getattr(each, name) for name in _HUNK} for each in found]
    return show(run, {"hunks": shown, "next": next}, as_text)


def on_disk(root: Path) -> Upstream:
    """An upstream in its own repository, to be listed."""
    from aegis_patch.maintain import checkout

    try:
        with checkout.store(root) as store:
            return checkout.upstream(store, root)
    except errors.SeriesError as error:
        raise for_its_maintainer(error) from error
