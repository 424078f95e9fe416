"""Why there is a conflict: which commit of the user's meets which change of the release."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from aegis_patch.history import blame, line_origins
from aegis_patch.history.line_origins import Step
from aegis_patch.merge.outcome import Conflict, Meeting, Sides, Theirs, Yours
from aegis_patch.objects import texts
from aegis_patch.objects.conflict_markers import Place, places
from aegis_patch.objects.trees import bytes_of
from aegis_patch.project.find import Project
from aegis_patch.stack.stack import CORE, Stack
from aegis_patch.upstream.workbench import Bench

_MOST = 3  # places that are explained in one file
_LONG = 20  # lines of a change


def meetings(
    bench: Bench, there: Project, old: Stack, new: Stack, conflict: Conflict
) -> Iterator[Meeting]:
    """Who meets whom in a conflict: at its first places, both sides by name."""
    sides = conflict.sides
    base, ours, theirs, marked = (
        bytes_of(side).splitlines()
        for side in (sides.base, sides.ours, sides.theirs, conflict.marked)
    )
    own, gone = _without(ours, base), _without(base, theirs)
    steps = _steps(bench, old, new, sides)
    path = conflict.path if conflict.path in there.tree else sides.pristine
    met = list(places(marked)) or [Place(-1, 0, ours, _without(theirs, base))]
    for place in met[:_MOST]:
        mine = _among(place.mine, own)
        changes = _without(place.wanted, base) or _taken_out(base, ours, gone, place) or gone
        line = _first_line(marked, place.start + 1, mine)
        wanted = _theirs(new.label, steps, sides, changes)
        yield Meeting(line, _yours(bench, there, path, mine), wanted)


def _steps(bench: Bench, old: Stack, new: Stack, sides: Sides) -> list[Step]:
    """What made a file in both stacks, the work of what comes or goes first."""
    found = []
    for stack in (new, old):
        for path in dict.fromkeys((sides.path, sides.pristine)):
            if path in bench.pristine(stack):
                found += line_origins.steps(bench, stack, path)
    stays = old.names & new.names | {CORE}
    return sorted(found, key=lambda step: step.origin.component in stays)


def _without(lines: Iterable[bytes], others: Iterable[bytes]) -> list[bytes]:
    known = set(others)
    return [line for line in lines if line.strip() and line not in known]


def _among(lines: Iterable[bytes], others: Iterable[bytes]) -> list[bytes]:
    known = set(others)
    return [line for line in lines if line in known]


def _taken_out(
    base: Sequence[bytes], ours: Iterable[bytes], gone: Iterable[bytes], place: Place
) -> list[bytes]:
    """What theirs takes away at a place: of that what the user changed, if they changed some."""
    left = _among(gone, place.mine)
    numbers = [number for number, line in enumerate(base) if line in left]
    if not numbers:
        return []
    around = base[max(numbers[0] - 1, 0) : numbers[-1] + 2]
    return _without(_among(gone, around), ours) or left


def _first_line(marked: Sequence[bytes], start: int, mine: Sequence[bytes]) -> int:
    """Where the first of the user's lines is from some line on; that line, if there is none."""
    for number, text in enumerate(marked[start:], start + 1):
        if text in mine:
            return number
    return max(start, 1)


def _yours(bench: Bench, there: Project, path: str, wanted: list[bytes]) -> Yours | None:
    """The newest commit that wrote one of the lines; where they took some out, the file's."""
    numbers = set[int]()
    written = there.tree.read(path).split(b"\n")
    for number, text in enumerate(written, 1):
        if text.removesuffix(b"\r") in wanted:
            numbers.add(number)
    if numbers:
        wrote = blame.lines(bench, there, str(there.head), path, numbers).values()
        newest = max(wrote)[1] if wrote else ""
        return blame.named(bench, there, [newest]).get(newest)
    by_people = ("--invert-grep", "--grep=^Aegis-Release: ")
    return blame.newest(bench, there, *by_people, str(there.head), path=path)


def _theirs(
    release: str, steps: Sequence[Step], sides: Sides, changes: Iterable[bytes]
) -> Theirs | None:
    """What the release changes at a place, and the patch that wrote most of it."""
    wanted = _stripped(changes)
    best, most = None, 0
    for step in steps:
        count = len(
            (_stripped(step.before.splitlines()) ^ _stripped(step.after.splitlines())) & wanted
        )
        if count > most:
            best, most = step.origin, count
    if best is None:
        return None
    label = release if best.component == CORE else f"{release} ({best.component})"
    return Theirs(label, best.component, best.patch, tuple(_changed(sides, wanted)))


def _changed(sides: Sides, wanted: set[bytes]) -> Iterator[str]:
    """The lines that leave and come where one of some is among them, as a diff shows them."""
    old, new = bytes_of(sides.base), bytes_of(sides.theirs)
    before, after = texts.lines(old), texts.lines(new)
    for was, now in texts.hunks(old, new):
        gone, come = before[was.start : was.stop], after[now.start : now.stop]
        is_long = len(gone) + len(come) > _LONG  # a whole file, of which a part is here
        if not _stripped([*gone, *come]) & wanted:
            continue
        for sign, lines in ("-", gone), ("+", come):
            for line in lines:
                if not is_long or line.strip() in wanted:
                    yield sign + line.decode("utf-8", "replace").rstrip("\r\n")


def _stripped(lines: Iterable[bytes]) -> set[bytes]:
    return {line.strip() for line in lines if line.strip()}
