"""Why there is a conflict: which of the user's commits meets which change of the release."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from aegis_patch.history import blame, line_origins
from aegis_patch.history.line_origins import Step
from aegis_patch.merge.outcome import Conflict, Meeting, Sides, Theirs, YourCommit
from aegis_patch.objects import texts
from aegis_patch.objects.conflict_markers import Place, places
from aegis_patch.objects.trees import bytes_of
from aegis_patch.project.find import Project
from aegis_patch.stack.stack import CORE, Stack
from aegis_patch.upstream.workbench import Bench
from aegis_patch.values import replace

_MOST = 3  # places that are explained in one file
_LONG = 20  # lines of a change


class Hunk(NamedTuple):
    """Lines of base that a side removes, and that side's lines in their place."""

    gone: range
    come: range


Change = Sequence[tuple[str, bytes]]  # lines with the sign that a diff gives them


def meetings(
    bench: Bench, there: Project, old: Stack, new: Stack, conflict: Conflict
) -> Iterator[Meeting]:
    """The two changes that meet in a conflict, at its first places."""
    sides = conflict.sides
    base, ours, theirs, marked = (
        _lines(bytes_of(side)) for side in (sides.base, sides.ours, sides.theirs, conflict.marked)
    )
    yours, wanted = _hunks(base, ours), _hunks(base, theirs)
    steps = _steps(bench, old, new, sides)
    path = conflict.path if conflict.path in there.tree else sides.pristine
    for place in ([*places(marked)] or [Place(-1, 0, ours, theirs)])[:_MOST]:
        by_mine = _in_base(ours, yours, place.mine, wanted)
        span = by_mine or _in_base(theirs, wanted, place.wanted, yours)
        met, change = yours, wanted
        if span is not None:
            met, change = ([*_touching(hunks, span)] for hunks in (yours, wanted))
        mine = _mine(base, ours, met, place)
        shown = _shown(base, theirs, change, met, place)
        line = _first_line(marked, place.start + 1, mine)
        wrote = _yours(bench, there, path, mine)
        changed = _theirs(new.label, steps, shown)
        if changed and not sides.theirs:
            changed = replace(changed, change=())
        yield Meeting(line, wrote, changed)


def _lines(data: bytes) -> list[bytes]:
    """The lines of a text, whatever ends them."""
    return [line.rstrip(b"\r\n") for line in texts.lines(data)]


def _hunks(base: Iterable[bytes], side: Iterable[bytes]) -> list[Hunk]:
    old, new = (b"".join(line + b"\n" for line in lines) for lines in (base, side))
    return [Hunk(gone, come) for gone, come in texts.hunks(old, new)]


def _in_base(
    side: Sequence[bytes], hunks: Sequence[Hunk], part: Sequence[bytes], others: Sequence[Hunk]
) -> range | None:
    """Where some lines of a side are in base, if the other side changes that place too."""
    for start in range(len(side) - len(part) + 1 if part else 0):
        if side[start] == part[0] and side[start : start + len(part)] == part:
            span = _before(hunks, range(start, start + len(part)))
            if any(_touching(others, span)):
                return span
    return None


def _before(hunks: Sequence[Hunk], span: range) -> range:
    """The lines of base behind lines of a side, with all of the changes that touch them."""
    above = [hunk for hunk in hunks if hunk.come.stop < span.start]
    met = [hunk for hunk in hunks if texts.touch(hunk.come, span)]
    start = min([span.start + _shift(above), *(hunk.gone.start for hunk in met)])
    stop = max([span.stop + _shift([*above, *met]), *(hunk.gone.stop for hunk in met)])
    return range(start, stop)


def _shift(hunks: Sequence[Hunk]) -> int:
    """How far down base the lines below some changes are."""
    return hunks[-1].gone.stop - hunks[-1].come.stop if hunks else 0


def _touching(hunks: Iterable[Hunk], span: range) -> Iterator[Hunk]:
    return (hunk for hunk in hunks if texts.touch(hunk.gone, span))


def _mine(
    base: Sequence[bytes], ours: Sequence[bytes], met: Iterable[Hunk], place: Place
) -> list[bytes]:
    """The lines that the user wrote at a place: those that base has nowhere, if there are some."""
    written = {ours[number] for hunk in met for number in hunk.come}
    mine = [line for line in place.mine if line.strip() and line in written]
    known = set(base)
    return [line for line in mine if line not in known] or mine


def _shown(
    base: Sequence[bytes],
    theirs: Sequence[bytes],
    change: Iterable[Hunk],
    met: Iterable[Hunk],
    place: Place,
) -> Change:
    """The lines of a change, as a diff shows them.

    Of a long hunk (a whole file, maybe) only those at or beside the user's.
    """
    near = {number for hunk in met for number in range(hunk.gone.start - 1, hunk.gone.stop + 1)}
    wanted = set(place.wanted)
    shown: list[tuple[str, bytes]] = []
    for hunk in change:
        gone: Sequence[int] = [number for number in hunk.gone if number in near]
        come: Sequence[int] = [number for number in hunk.come if theirs[number] in wanted]
        if len(hunk.gone) + len(hunk.come) <= _LONG or not (gone or come):
            gone, come = hunk
        shown += [("-", base[number]) for number in gone]
        shown += [("+", theirs[number]) for number in come]
    return shown


def _steps(bench: Bench, old: Stack, new: Stack, sides: Sides) -> list[Step]:
    """The changes that made a file in either stack; those of added or removed components first."""
    found = []
    for stack in (new, old):
        for path in dict.fromkeys((sides.path, sides.pristine)):
            if path in bench.pristine(stack):
                found += line_origins.steps(bench, stack, path)
    stays = old.names & new.names | {CORE}
    return sorted(found, key=lambda step: step.origin.component in stays)


def _first_line(marked: Sequence[bytes], start: int, mine: Sequence[bytes]) -> int:
    """Where the first of the user's lines is, from some line on; that line if there is none."""
    for number, text in enumerate(marked[start:], start + 1):
        if text in mine:
            return number
    return max(start, 1)


def _yours(bench: Bench, there: Project, path: str, wanted: list[bytes]) -> YourCommit | None:
    """The newest commit that wrote one of the lines; if lines were deleted, the file's newest."""
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


def _theirs(release: str, steps: Iterable[Step], change: Change) -> Theirs | None:
    """The release's change at a place, and the patch that wrote most of it."""
    wanted = _stripped(line for _, line in change)
    best, most = None, 0
    for step in steps:
        before, after = (_stripped(side.splitlines()) for side in (step.before, step.after))
        count = len((before ^ after) & wanted)
        if count > most:
            best, most = step.origin, count
    if best is None:
        return None
    label = release if best.component == CORE else f"{release} ({best.component})"
    shown = tuple(sign + line.decode("utf-8", "replace") for sign, line in change)
    return Theirs(label, best.component, best.patch, shown)


def _stripped(lines: Iterable[bytes]) -> set[bytes]:
    return {line.strip() for line in lines if line.strip()}
