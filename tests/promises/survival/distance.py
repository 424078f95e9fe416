"""One line of the user's beside every hunk there is: at how many lines' distance, and its fate.

Paths are merged one by one, so all that matters of an edge S → S ± c or release → release is, for
each file that both sides have, its two versions: a `Change`. Each is counted once.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

import pygit2

from aegis_patch.formats.same_meaning import is_same
from aegis_patch.merge.evolve import evolve
from aegis_patch.merge.outcome import Clean, Conflicted, Plan
from aegis_patch.objects import texts
from aegis_patch.objects.texts import merge_text
from aegis_patch.objects.trees import Tree, bytes_of
from aegis_patch.stack import pristine
from aegis_patch.stack.record import RECORD
from aegis_patch.upstream import releases
from tests import tiny
from tests.promises.test_laws import all_edges, stack_of, tree_of

VERBS = ("add", "remove", "rebase-upstream")
DISTANCES = (0, 1, 3)
MINE = b"# the user's own line"
_MARKER = re.compile(rb"^(<<<<<<< .*|=======|>>>>>>> .*)\n", re.MULTILINE)
_IMPORT = re.compile(rb"^(from \S+ import )(\([^)]*\)|[^(\n]*)", re.MULTILINE)


class Edit(StrEnum):
    """What the user did."""

    INSERTED = "a line put in"
    CHANGED = "a line changed"
    SAME = "a line changed that aegis changes"


class Fate(StrEnum):
    """What became of it."""

    SURVIVED = "survives"
    ELSEWHERE = "survives, on the other side of a repeated line"
    CONFLICT = "reported conflict"
    LOST = "lost"


@dataclass(frozen=True, slots=True, order=True)
class Change:
    """What a verb makes of a file that was there before and is there after."""

    verb: str
    path: str
    before: bytes
    after: bytes


@dataclass(frozen=True, slots=True)
class Case:
    """A line of the user's so many unchanged lines away from the nearest hunk.

    `unique` tells whether one of those lines stands once in the file before and after: law 5.
    `expected` is the file that the change makes of it; None where there is no one right place.
    """

    change: Change
    edit: Edit
    distance: int
    line: bytes
    ours: bytes
    unique: bool
    expected: bytes | None


def series_changes(store: pygit2.Repository) -> list[Change]:
    """Every series of the newest release on what it requires, and every release with everything."""
    opened = {v: releases.open_release(store, releases.BUNDLED, v) for v in releases.versions()}
    newest = opened[releases.latest()]
    found = set[Change]()
    for name in newest.catalogue:
        before, after = (make(newest, name) for make in (pristine.before, pristine.after))
        found |= {*changes(store, "add", before, after), *changes(store, "remove", after, before)}
    for old in opened.values():
        for new in opened.values():
            both = frozenset(old.catalogue.keys() & new.catalogue.keys())
            sides = [tree_of(store, stack_of(release, both)) for release in (old, new)]
            found |= {*changes(store, "rebase-upstream", *sides)}
    return sorted(found)


def edge_changes(store: pygit2.Repository, step: int) -> list[Change]:
    """One edge of so many, over every subset of the components."""
    found = set[Change]()
    edges = [each for each in all_edges(store) if each[0].release == each[1].release]
    for old, new in edges[::step]:
        verb = "add" if old.names < new.names else "remove"
        found |= {*changes(store, verb, tree_of(store, old), tree_of(store, new))}
    return sorted(found)


def changes(store: pygit2.Repository, verb: str, before: Tree, after: Tree) -> Iterator[Change]:
    """The files that differ between two trees, and are in both."""
    for path in before.changed(after):
        sides = [tree.lookup(path) for tree in (before, after)]
        if path != RECORD and all(sides):
            yield Change(verb, path, *(bytes_of(side) for side in sides))


def cases(store: pygit2.Repository, change: Change) -> Iterator[Case]:
    """Every line that the user may put in or change at these distances from a hunk."""
    old, new = (text.splitlines(keepends=True) for text in (change.before, change.after))
    hunks = hunks_of(store, change)
    once = {line for line in old if line.strip() and old.count(line) == 1 == new.count(line)}
    seen = set[tuple[Edit, int]]()
    for start, end, _ in hunks:
        places = [(Edit.SAME, 0, at) for at in range(start, end)]
        for far in DISTANCES:
            places += [(Edit.INSERTED, far, start - far), (Edit.INSERTED, far, end + far)]
            places += [(Edit.CHANGED, far, start - 1 - far), (Edit.CHANGED, far, end + far)]
        for edit, far, at in places:
            last = at if edit is Edit.INSERTED else at + 1
            if at < 0 or last > len(old) or (edit, at) in seen:
                continue
            if edit is not Edit.SAME and min(_gap(at, last, hunk[:2]) for hunk in hunks) != far:
                continue  # nearer to another hunk, or in the midst of one
            seen.add((edit, at))
            line = _line(change.path, old, at, edit)
            ours = b"".join([*old[:at], line, *old[last:]])
            between = [_between(at, last, hunk[:2], old) for hunk in hunks]
            unique = far > 0 and all(once.intersection(lines) for lines in between)
            yield Case(
                change,
                edit,
                far,
                line,
                ours,
                unique,
                _expected(old, new, hunks, at, last, line, far),
            )


def fate(store: pygit2.Repository, case: Case) -> tuple[Fate, bool]:
    """What becomes of a case, and whether the text merge alone would have done it."""
    change = case.change
    texts = (change.before, case.ours, change.after)
    old, head, new = (tiny.tree(store, {change.path: text}) for text in texts)
    outcome = evolve(Plan(head, old, new, None))
    by_text = merge_text(store, *texts).clean
    if isinstance(outcome, Conflicted):
        (conflict,) = outcome.conflicts
        marked = bytes_of(conflict.marked)
        return Fate.CONFLICT if _is_whole(case, marked) else Fate.LOST, by_text
    # Where the user's line makes the file say already what the other side wants, it stays as it is.
    tree = outcome.tree if isinstance(outcome, Clean) else head
    result = tree.read(change.path)
    if not (_is_sum(case, result) or _is_in_my_layout(case, result)):
        return Fate.LOST, by_text
    there = case.expected in (None, result)
    return Fate.SURVIVED if there else Fate.ELSEWHERE, by_text


def hunks_of(store: pygit2.Repository, change: Change) -> list[tuple[int, int, int]]:
    """Where git sees lines change: first and end before, and by how much the rest moves."""
    hunks = texts.hunks(change.before, change.after)
    return [(at.start, at.stop, len(to) - len(at)) for at, to in hunks]


def _gap(at: int, last: int, hunk: tuple[int, int]) -> int:
    start, end = hunk
    return start - last if last <= start else at - end if end <= at else -1


def _between(at: int, last: int, hunk: tuple[int, int], lines: list[bytes]) -> list[bytes]:
    return lines[last : hunk[0]] if last <= hunk[0] else lines[hunk[1] : at]


def _line(path: str, lines: list[bytes], at: int, edit: Edit) -> bytes:
    below = lines[at] if at < len(lines) else b"\n"
    if edit is Edit.INSERTED or not below.strip():
        indent = below[: len(below) - len(below.lstrip(b" \t"))].removesuffix(b"\n")
        return indent + (_written(lines, at) if path.endswith(".md") else MINE) + b"\n"
    return below.rstrip(b"\n") + b"  " + MINE + b"\n"


def _written(lines: list[bytes], at: int) -> bytes:
    """In Markdown MINE would be a heading: an item, a row or a sentence, as what stands beside."""
    says = MINE.removeprefix(b"# ")
    beside = lines[at : at + 1] + lines[max(at - 1, 0) : at]
    if any(line.startswith(b"|") for line in beside):
        return b"| " + says + b" |"
    return b"- " + says if any(line.startswith((b"- ", b"<!--")) for line in beside) else says


def _expected(
    old: list[bytes],
    new: list[bytes],
    hunks: Iterable[tuple[int, int, int]],
    at: int,
    last: int,
    line: bytes,
    far: int,
) -> bytes | None:
    if far == 0:
        return None
    moved = sum(by for _, end, by in hunks if end <= at)
    return b"".join([*new[: at + moved], line, *new[last + moved :]])


def _is_sum(case: Case, result: bytes) -> bool:
    """Every line is there as often as before, and what each side added or took away."""
    sides = (case.change.before, case.ours, case.change.after, result)
    was, mine, wanted, now = (Counter(_words(text)) for text in sides)
    added, gone = (mine - was) + (wanted - was), (was - mine) + (was - wanted)
    return now + gone == was + added


def _is_in_my_layout(case: Case, result: bytes) -> bool:
    """The user's line as it was written, where the change only lays it out in another way."""
    without = result.replace(b"  " + MINE, b"")
    return without != result and is_same(case.change.path, without, case.change.after)


def _is_whole(case: Case, marked: bytes) -> bool:
    """Nothing that either side wrote is missing from a file with marked conflicts."""
    was, mine, wanted, now = (
        Counter(_words(text)) for text in (case.change.before, case.ours, case.change.after, marked)
    )
    return not ((mine - was) + (wanted - was)) - now


def _words(text: bytes) -> list[bytes]:
    """Lines, an import being one for each name and comment: a name is the same in either form."""
    lines = _IMPORT.sub(_one_a_line, _MARKER.sub(b"", text)).splitlines()
    return [line.strip() for line in lines if line.strip()]


def _one_a_line(found: re.Match[bytes]) -> bytes:
    start, names = found.groups()
    parts = re.split(rb"[,\n]|(?=#)", names.strip(b"()"))
    return b"".join(start + part.strip() + b"\n" for part in parts if part.strip())


class Seen(NamedTuple):
    """A kind of case, and what became of it."""

    beside: str
    """The file, where a series writes; or "rebase-upstream"."""
    edit: Edit
    distance: int
    unique: bool
    fate: Fate
    by_text: bool


@dataclass(frozen=True, slots=True)
class Table:
    """How many cases there are of each kind, and what became of them."""

    counts: Counter[Seen]
    bad: list[tuple[Fate, Case]]
    """Those that are lost, or not where they belong though law 5 says so."""

    def of(self, **wanted: object) -> int:
        """How many there are with these fields."""
        return sum(
            count
            for seen, count in self.counts.items()
            if all(getattr(seen, name) == value for name, value in wanted.items())
        )


def measure(store: pygit2.Repository, changes: Iterable[Change]) -> Table:
    """Try every case of these changes."""
    table = Table(Counter(), [])
    for change in changes:
        beside = change.verb if change.verb == "rebase-upstream" else change.path
        for case in cases(store, change):
            became, by_text = fate(store, case)
            seen = Seen(beside, case.edit, case.distance, case.unique, became, by_text)
            table.counts[seen] += 1
            if became is Fate.LOST or (case.unique and became is not Fate.SURVIVED):
                table.bad.append((became, case))
    return table


def shown(table: Table) -> str:
    """As two tables in Markdown: all of it, and distance 0 by file."""
    rows = [_row(table, f"0 | {edit}", distance=0, edit=edit) for edit in reversed(Edit)]
    for far in DISTANCES[1:]:
        for unique, more in ((True, ""), (False, ", only repeated lines between")):
            for edit in (Edit.INSERTED, Edit.CHANGED):
                wanted = {"distance": far, "edit": edit, "unique": unique}
                rows.append(_row(table, f"{far} | {edit}{more}", **wanted))
    last = "rebase-upstream"
    files = sorted({seen.beside for seen in table.counts}, key=lambda name: (name == last, name))
    beside = Table(Counter({k: n for k, n in table.counts.items() if k.edit is not Edit.SAME}), [])
    at_0 = []
    for name in files:
        what = "every release → release" if name == last else f"`{name}`"
        at_0.append(_row(beside, what, distance=0, beside=name))
    return (
        _table("distance | the user's line", rows)
        + "\nAt 0, without the lines that aegis changes itself, by file:\n\n"
        + _table("", at_0)
    )


def _table(what: str, rows: list[str]) -> str:
    columns = ("cases", "survive", "of these not by text", "other side", "conflict", "lost")
    line = "|---" * (what.count("|") + 1) + "|---:" * len(columns)
    return "\n".join([f"| {what} | {' | '.join(columns)} |", f"{line}|", *rows]) + "\n"


def _row(table: Table, what: str, **wanted: object) -> str:
    figures = (
        table.of(**wanted),
        table.of(fate=Fate.SURVIVED, **wanted),
        table.of(fate=Fate.SURVIVED, by_text=False, **wanted),
        table.of(fate=Fate.ELSEWHERE, **wanted),
        table.of(fate=Fate.CONFLICT, **wanted),
        table.of(fate=Fate.LOST, **wanted),
    )
    return f"| {what} | {' | '.join(f'{count:,}' for count in figures)} |"
