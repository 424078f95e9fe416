"""`aegis upstream`: for those who maintain one."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from aegis_patch import errors
from aegis_patch.errors import Refused, SeriesError, Usage
from aegis_patch.terminal.run import Run, beside, from_here, show
from aegis_patch.terminal.screen import bold, screen
from aegis_patch.values import asdict, replace

if TYPE_CHECKING:
    from aegis_patch.maintain.hunks import Hunk
    from aegis_patch.maintain.problem import Problem
    from aegis_patch.maintain.project_changes import Wanted
    from aegis_patch.maintain.series import Series
    from aegis_patch.stack.release import Upstream
    from aegis_patch.terminal.options import From, HunkNumbers, ProjectOf, Required, UpstreamWords

VERBS = ("new", "check", "series", "extract")
_HUNK = ("number", "commit", "where", "text")
SERIES = ("new", "open", "save", "refresh", "check", "test", "import")
"""What `aegis upstream series` does."""


def upstream(
    run: Run,
    command: UpstreamWords = None,
    source: From = "",
    project: ProjectOf = "",
    requires: Required = "",
    hunks: HunkNumbers = "",
) -> int:
    """Maintain your own upstream.

    new DIR: start one that runs, with a component, its tests and CI. With --from, that project
    becomes base/, and aegis lists what you have to change.

    In any git repository with base/ and patches/ at its top:

    check [REF]: find what would fail in a user's project, in a commit or on disk; exit code 1 if
    there is any.

    series new NAME: start a component, in patches/NAME/component.toml.

    series open NAME: open its patches as commits, in the git repository .series/NAME. An open
    series with unsaved work stays as it is.

    series save NAME: write its commits back to patches/NAME.

    series test [NAME [-- COMMAND]]: run each component's tests, or COMMAND, where it is open.

    series refresh [NAME]: rebase each series onto the current base/, and save it. It stops where a
    patch doesn't fit.

    series import NAME DIR: make a component of a quilt series, such as a Debian package's.

    series check [NAME]: check that each series is as `save` writes it, and easy to review.

    extract NAME REV..REV [-- PATH]: make a component of the commits of a --project, or of what they
    change in some files. It stops where a commit doesn't fit. --dry-run numbers the hunks and
    writes nothing; --hunks 1,3-5 takes only these.
    """
    if run.dry and (command or [])[:1] != ["extract"]:
        raise Usage("aegis upstream has no --dry-run: git shows what it wrote.", next="git diff")
    try:
        match command or []:
            case ["new", place]:
                return _new(run, Path(place), source)
            case ["check", *refs] if len(refs) < 2:
                return _check(run, *refs)
            case ["series", verb, *names] if verb in SERIES:
                return _series(run, verb, names)
            case ["extract", name, commits, *paths]:
                from aegis_patch.maintain.project_changes import Wanted

                needs = [each for each in requires.split(",") if each]
                paths = [path.removeprefix("./").rstrip("/") for path in paths]
                there = (run.where / project).resolve()
                return _extract(run, Wanted(name, commits, there, needs, paths), hunks)
            case _:
                what = f"Say what to do: new DIR, check, series {'|'.join(SERIES)} or extract."
                raise Usage(what, next="aegis upstream --help")
    except SeriesError as error:
        raise Refused(error.what, where=error.where, next="aegis upstream check") from error


def on_disk(root: Path) -> Upstream:
    """An upstream as it is in its repository, to be listed."""
    from aegis_patch.maintain import checkout

    with checkout.store(root) as store:
        return checkout.upstream(store, root)


def _new(run: Run, place: Path, source: str) -> int:
    from aegis_patch.maintain import check, starter

    place = run.where / place
    starter.new(place, run.where / source if source else None)
    found = check.of_upstream(place) if source else []
    said = f"Started an upstream in {place}." + (" Change these there:" if found else "")
    commit = "git add --all && git commit --quiet --message 'Start an upstream'"
    next = f"cd {shlex.quote(str(place))} && {'aegis upstream check' if found else commit}"
    return _made(run, place, said, next, found)


def _check(run: Run, ref: str = "") -> int:
    from aegis_patch.maintain import check, checkout

    return _problems(run, check.of_upstream(checkout.find(run.where, ref), ref))


def _series(run: Run, verb: str, names: Sequence[str]) -> int:
    from aegis_patch.maintain import check, checkout, series

    root = checkout.find(run.where)
    if verb == "check":
        return _problems(run, check.of_series(root, names))
    if verb == "refresh":
        return _saved(run, series.refresh(root, names))
    if verb == "test":
        return _test(run, root, names)
    if verb == "import":
        return _import(run, root, names)
    if len(names) != 1:
        raise Usage(f"Name one series to {verb}.", next=f"ls {shlex.quote(str(root / 'patches'))}")
    name = names[0]
    if verb == "save":
        return _saved(run, [series.save(root, name)])
    if verb == "new":
        place, next = series.new(root, name), f"aegis upstream series open {name}"
        said = f"Say what it is in {os.path.relpath(place)}, then:"
    else:
        place, next = series.open_series(root, name), f"aegis upstream series save {name}"
        said = f"{os.path.relpath(place)}: edit and commit there, then:"
    return _made(run, place, said, from_here(next, run.where))


def _import(run: Run, root: Path, names: Sequence[str]) -> int:
    from aegis_patch.maintain import quilt

    if len(names) != 2:
        what = "Name the new component, and the directory with quilt's `series`."
        raise Usage(what, next="aegis upstream --help")
    done = quilt.import_series(root, names[0], run.where / names[1])
    place, next = root / "patches" / done.name, f"aegis upstream series check {done.name}"
    next = from_here(next, run.where)

    def as_text() -> None:
        if not run.quiet:
            _show_series(done)
            _show_what_to_fill_in(place, next)

    return show(run, {"made": str(place), "series": [asdict(done)], "next": next}, as_text)


def _show_what_to_fill_in(place: Path, next: str) -> None:
    from aegis_patch.terminal.as_text import show_next

    screen().line(f"Say what it is in {os.path.relpath(place)}/component.toml, then:")
    show_next(screen(), next, indent=2)


def _extract(run: Run, wanted: Wanted, numbers: str) -> int:
    from aegis_patch.maintain import checkout, extract, hunks

    root = checkout.find(run.where)
    if run.dry:
        return _list_hunks(run, wanted, extract.listed(root, wanted))
    if numbers:
        wanted = replace(wanted, hunks=hunks.parse(numbers))
    done = extract.extract(root, wanted)
    name = wanted.name
    place = root / "patches" / name
    verb = "open" if done.problems else "check"
    next = from_here(f"aegis upstream series {verb} {name}", run.where)

    def as_text() -> None:
        from aegis_patch.terminal.as_json import plain

        if not run.quiet:
            _show_series(done.series)
            for each in done.left_out:
                screen().line(f"left out: {plain(each)}", hang=4)
        _show_problems(run, done.problems)
        if not run.quiet:
            _show_what_to_fill_in(place, next)

    shown = {"made": str(place), "series": [asdict(done.series)], "left_out": [*done.left_out]}
    show(run, {**shown, "problems": _json(run, done.problems), "next": next}, as_text)
    return errors.CHANGED if done.problems else errors.OK


def _list_hunks(run: Run, wanted: Wanted, found: Sequence[Hunk]) -> int:
    """Show the hunks of commits, numbered."""
    taken = replace(wanted, hunks=[range(1, len(found) + 1)] if found else None)
    next = f"Which hunks? `{from_here(taken.command(), run.where)}`"

    def as_text() -> None:
        from aegis_patch.terminal.as_json import plain
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


def _made(run: Run, place: Path, said: str, next: str, problems: Sequence[Problem] = ()) -> int:
    """Say what was made, and what to type next."""

    def as_text() -> None:
        from aegis_patch.terminal.as_json import plain
        from aegis_patch.terminal.as_text import show_next

        if not run.quiet:
            screen().line(plain(said))
            _show_problems(run, problems)
            show_next(screen(), next, indent=2)

    shown = {"made": str(place), "next": next}
    return show(run, shown | ({"problems": _json(run, problems)} if problems else {}), as_text)


def _saved(run: Run, saved: Iterable[Series]) -> int:
    """Say of each series what became of it, as soon as it is saved."""
    done = []
    for each in saved:
        done.append(asdict(each))
        if not (run.json or run.quiet):
            _show_series(each)
    return show(run, {"series": done}, lambda: None)


def _show_series(series: Series) -> None:
    changed = f"{series.changed} changed" if series.changed else "as it was"
    count = f"{series.patches} patch{'es' * (series.patches != 1)}"
    screen().line(f"{series.name}: {count}, {changed}")


def _test(run: Run, root: Path, words: Sequence[str]) -> int:
    """Run the tests of a series, or of all, where they are open; 1 if some fail."""
    import subprocess

    from aegis_patch.maintain import series

    done = []
    for name in words[:1] or series.all_names(root):
        place = series.open_series(root, name)
        tests = series.own_tests(place)
        if not (tests or words):
            continue
        if not (tests or words[1:]):
            next = f"aegis upstream series test {name} -- make test"
            raise Refused(
                "The series brings no test_*.py.", where=os.path.relpath(place), next=next
            )
        command = [*words[1:]] or ["uv", "run", "pytest", *tests]
        beside(run).line(f"{os.path.relpath(place)}: {shlex.join(command)}")
        stdout = 2 if run.json else None  # beside the object
        code = subprocess.run(command, cwd=place, check=False, stdout=stdout).returncode
        done.append({"name": name, "command": command, "exit_code": code})
    show(run, {"tests": done}, lambda: None)
    return int(any(each["exit_code"] for each in done))


def _problems(run: Run, found: Sequence[Problem]) -> int:
    """Show what is wrong; 1 if something is."""

    def as_text() -> None:
        _show_problems(run, found)
        if not (found or run.quiet):
            screen().line("Nothing is wrong.")

    show(run, {"problems": _json(run, found)}, as_text)
    return errors.CHANGED if found else errors.OK


def _json(run: Run, found: Sequence[Problem]) -> list[dict[str, str]]:
    return [asdict(each) | {"next": from_here(each.next, run.where)} for each in found]


def _show_problems(run: Run, found: Sequence[Problem]) -> None:
    from aegis_patch.terminal.as_json import plain
    from aegis_patch.terminal.as_text import show_next

    for each in found:
        what, *lines = each.what.split("\n")
        screen().line(f"{bold(plain(each.where))}: {plain(what)}", hang=4)
        for line in lines:  # of a file to write
            screen().raw(f"    {plain(line)}".rstrip())
        if each.next:
            show_next(screen(), from_here(each.next, run.where), indent=2)
