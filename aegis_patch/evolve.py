"""Plan → Outcome: head + (new - old), by changed path.

    new_head = merge(base = pristine(old), ours = HEAD, theirs = pristine(new))

Nothing here touches a project: what is built lies in the scratch store until it is landed.
"""

from __future__ import annotations

import difflib
import itertools
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import pygit2
from pygit2.enums import FileMode

from aegis_patch import content, imports, moves, record, trees
from aegis_patch.content import Reason
from aegis_patch.merges import layout, requirements
from aegis_patch.moves import Moves
from aegis_patch.record import RECORD
from aegis_patch.sides import Note, Sides, Trees, differing, obstructed
from aegis_patch.stack import Stack
from aegis_patch.trees import Entry


@dataclass(frozen=True, slots=True)
class Plan:
    """One evolution: HEAD's tree, the two pristine trees, and the record to arrive at.

    `brought` holds, for each path, the lines that come with a component that is added; `yours`
    those that go with one and stay all the same, for the user had written them before it came.
    `drivers` holds what the project's .gitattributes say of `merge` for a path: "union" takes both
    sides' lines, "binary" leaves it to a person.
    `moved` is where the user moved what changes, "../" for out of the project; where nobody asked
    history, what the trees themselves show. `ignorecase` is what git says of the file system.
    """

    head: pygit2.Oid
    old: pygit2.Oid
    new: pygit2.Oid
    record: Stack | None
    yours: Mapping[str, frozenset[bytes]] = field(default_factory=dict)
    brought: Mapping[str, frozenset[bytes]] = field(default_factory=dict)
    drivers: Mapping[str, str] = field(default_factory=dict)
    moved: Moves | None = None
    ignorecase: bool = False


@dataclass(frozen=True, slots=True)
class Yours:
    """The commit of the user's that a conflict is about."""

    commit: str
    subject: str
    author: str
    date: str
    ago: str


@dataclass(frozen=True, slots=True)
class Theirs:
    """The patch that a conflict is about, and the first sentence of why there is one."""

    component: str
    patch: str
    why: str


@dataclass(frozen=True, slots=True)
class Meeting:
    """Who meets whom at a line; None where that cannot be told."""

    line: int
    yours: Yours | None
    theirs: Theirs | None


@dataclass(frozen=True, slots=True)
class Conflict:
    """A path where two people wrote: its three sides, and a file with both marked.

    `met` is filled in by explain, once it is known that a person will read it.
    """

    sides: Sides
    reason: Reason
    marked: Entry | None
    detail: str = ""
    met: tuple[Meeting, ...] = ()

    @property
    def path(self) -> str:
        """Where in the project."""
        return self.sides.path


@dataclass(frozen=True, slots=True)
class Unchanged:
    """The stack is already there."""

    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, slots=True)
class Clean:
    """Everything merged."""

    tree: pygit2.Oid
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, slots=True)
class Conflicted:
    """Some paths await a person; `tree` holds the rest, with ours at those paths."""

    tree: pygit2.Oid
    conflicts: tuple[Conflict, ...]
    notes: tuple[Note, ...] = ()


Outcome = Unchanged | Clean | Conflicted
Fate = Entry | Conflict | None  # what becomes of a path; None: it is not there
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"|\'[^\']*\'')


def evolve(store: pygit2.Repository, plan: Plan) -> Outcome:
    """Merge what changes between two pristine trees into HEAD."""
    edits: dict[str, Entry | None] = {}
    created: list[Sides] = []
    conflicts: list[Conflict] = []
    at = Trees(store, plan.old, plan.head, plan.new, plan.moved, plan.ignorecase, plan.brought)
    found, notes = differing(at)
    for each, fate in _fates(store, plan, found):
        if each.was and trees.lookup(store, plan.head, each.was):
            edits |= {each.was: None, each.path: each.ours}  # theirs moved it
        if isinstance(fate, Conflict):
            conflicts.append(fate)
            continue
        if fate and not each.ours:
            created.append(each)
        elif fate != each.ours:
            edits[each.path] = fate
        notes += _written_first(store, plan, each, fate)
    tree = trees.replace(store, plan.head, edits)
    blocked = [each for each in created if obstructed(at, tree, each.path)]
    conflicts += [Conflict(each, Reason.KIND, None) for each in blocked]
    new = {each.path: each.theirs for each in created if each not in blocked}
    tree = trees.replace(store, tree, new)
    if conflicts:
        return Conflicted(tree, tuple(conflicts), tuple(notes))
    return Clean(tree, tuple(notes)) if tree != plan.head else Unchanged(tuple(notes))


def _fates(
    store: pygit2.Repository, plan: Plan, found: Sequence[tuple[Sides, ...]]
) -> Iterator[tuple[Sides, Fate]]:
    fates = [(parts[0], merge(store, plan, parts[0])) for parts in found if len(parts) == 1]
    goes = [isinstance(it, Conflict) and it.reason is Reason.DELETED_BY_US for _, it in fates]
    modules = _renamed_modules(store, plan, found) if any(goes) else {}
    for (sides, fate), asked in zip(fates, goes, strict=True):
        yield sides, None if asked and _only_formatted(store, plan, sides, modules) else fate
    for parts in found:
        if len(parts) > 1:
            yield from zip(parts, _merge_parts(store, plan, parts), strict=True)


def _renamed_modules(
    store: pygit2.Repository, plan: Plan, found: Iterable[tuple[Sides, ...]]
) -> dict[str, str]:
    """Which modules of the old pristine tree the user has under another name."""
    there = set(trees.files(store, plan.head))
    missing = [path for path in trees.files(store, plan.old) if path not in there]
    followed = moves.follow(store, plan.old, plan.head, missing).files
    moved = {path: place for path, place in followed.items() if place}
    moved |= {part.was: part.path for parts in found for part in parts if part.was}
    return imports.renamed(moved)


def _only_formatted(
    store: pygit2.Repository, plan: Plan, sides: Sides, modules: Mapping[str, str]
) -> bool:
    """Whether a file could go, but for what the user changed of its layout.

    That includes the names of modules of ours that they moved.
    """
    if not (sides.base and sides.ours) or sides.base.mode != sides.ours.mode:
        return False
    if sides.ours.mode == FileMode.LINK or merge(store, plan, replace(sides, ours=sides.base)):
        return False
    texts = [trees.blob(store, entry) for entry in (sides.base, sides.ours)]
    if not any(map(trees.is_binary, texts)):
        texts = [imports.under(text, modules) for text in texts]
    return layout.is_same(sides.path, *texts)


def written_twice(store: pygit2.Repository, sides: Sides, merged: Entry | None) -> frozenset[bytes]:
    """What both sides added and the merge holds fewer times than both wrote it: see `units`."""
    if sides.ours is None or sides.theirs is None or merged is None:
        return frozenset()
    data = [trees.blob(store, entry) for entry in (sides.base, sides.ours, sides.theirs, merged)]
    if any(trees.is_binary(text) for text in data):
        return frozenset()
    before, mine, wanted, result = (units(sides.path, text) for text in data)
    added_by_both = (mine - before).keys() & (wanted - before).keys()
    return frozenset(
        unit for unit in added_by_both if result[unit] < mine[unit] + wanted[unit] - before[unit]
    )


def units(path: str, data: bytes) -> Counter[bytes]:
    """What a file says, piece by piece: its lines; in TOML its strings, in whatever layout."""
    lines = [line for line in data.splitlines() if line.strip()]
    if not path.endswith(".toml"):
        return Counter(lines)
    return Counter(
        piece
        for line in lines
        if not line.lstrip().startswith(b"#")
        for piece in strings(line) or [line.strip()]
    )


def strings(line: bytes) -> list[bytes]:
    """What stands in quotes in a line of TOML, a requirement in one spelling for all."""
    found = (piece.decode("utf-8", "surrogateescape") for piece in _STRING.findall(line))
    return [requirements.in_line(piece).encode("utf-8", "surrogateescape") for piece in found]


def _merge_parts(store: pygit2.Repository, plan: Plan, parts: Sequence[Sides]) -> list[Fate]:
    """A file that the user split: each change of theirs has to happen once, in one of the parts."""
    base, theirs = parts[0].base, parts[0].theirs
    if base is None or theirs is None:
        return [merge(store, plan, _pure(store, part)) for part in parts]
    now = list(parts)
    for before, after in itertools.pairwise(_change_by_change(store, base, theirs)):
        now = [replace(part, base=before, theirs=after) for part in now]
        fates = [merge(store, plan, part) for part in now]
        kept = [
            part.ours if isinstance(fate, Conflict) else fate
            for part, fate in zip(now, fates, strict=True)
        ]
        change = _gained(store, [before], [after])
        if _gained(store, [part.ours for part in now], kept) != change:
            return _stuck_parts(parts, fates)
        now = [replace(part, ours=entry) for part, entry in zip(now, kept, strict=True)]
    return [part.ours for part in now]


def _stuck_parts(parts: Sequence[Sides], fates: Sequence[Fate]) -> list[Fate]:
    """All parts as they are, and a person decides about one in which a change was tried."""
    at = next((n for n, fate in enumerate(fates) if isinstance(fate, Conflict)), 0)
    return [
        Conflict(part, Reason.SPLIT, part.ours) if number == at else part.ours
        for number, part in enumerate(parts)
    ]


def _change_by_change(store: pygit2.Repository, base: Entry, theirs: Entry) -> list[Entry]:
    """From base to theirs, with one change more each time."""
    old, new = (trees.blob(store, entry).splitlines(keepends=True) for entry in (base, theirs))
    found = difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    texts = [
        b"".join([*new[:above], *old[below:]])
        for kind, _, below, _, above in found
        if kind != "equal"
    ]
    made = [Entry(store.create_blob(text), theirs.mode) for text in texts]
    return [base, *made]


def _gained(
    store: pygit2.Repository, before: Iterable[Entry | None], after: Iterable[Entry | None]
) -> Counter[bytes]:
    """How many more or fewer of each line there are in some files."""
    gained = Counter[bytes]()
    for entry in after:
        gained.update(_lines(store, entry))
    for entry in before:
        gained.subtract(_lines(store, entry))
    return Counter({line: count for line, count in gained.items() if count})


def _pure(store: pygit2.Repository, part: Sides) -> Sides:
    """A part of a file that goes: if nothing in it is the user's own, as if it were a whole one."""
    mine = _lines(store, part.ours) - _lines(store, part.base)
    return part if mine else replace(part, base=part.ours)


def _lines(store: pygit2.Repository, entry: Entry | None) -> Counter[bytes]:
    return Counter(line for line in trees.blob(store, entry).splitlines() if line.strip())


def merge(store: pygit2.Repository, plan: Plan, sides: Sides) -> Fate:
    """What becomes of one path; None: it is not there."""
    base, ours, theirs = sides.base, sides.ours, sides.theirs
    if sides.path == RECORD and plan.record and base and ours and theirs:
        return _merge_record(store, plan.record, base, ours, theirs)
    if theirs in (base, ours):
        return ours
    if ours is None:
        return theirs if base is None else None
    if theirs is None:
        yours = plan.yours.get(sides.pristine)
        if ours != base:
            return Conflict(sides, Reason.DELETED_BY_US, ours)
        if yours and units(sides.path, trees.blob(store, base)).keys() <= yours:
            return ours  # the user had written the very same file
        return Conflict(sides, Reason.SHARED, ours) if yours else None
    if ours == base and sides.pristine not in plan.yours:
        return theirs
    return _merge_file(store, plan, sides, ours, theirs)


def _merge_file(
    store: pygit2.Repository, plan: Plan, sides: Sides, ours: Entry, theirs: Entry
) -> Fate:
    before = sides.base.mode if sides.base else theirs.mode
    mode = theirs.mode if ours.mode == before else ours.mode
    if _kind(ours) != _kind(theirs):
        return Conflict(sides, Reason.KIND, ours)
    if ours.id == theirs.id:
        return Entry(ours.id, mode)
    texts = [trees.blob(store, entry) for entry in (sides.base, ours, theirs)]
    driver = plan.drivers.get(sides.path, plan.drivers.get(sides.pristine))
    binary = driver == "binary" or any(trees.is_binary(text) for text in texts)
    if mode == FileMode.LINK or binary:
        if sides.base and ours.id == sides.base.id:
            return Entry(theirs.id, mode)
        if sides.base and theirs.id == sides.base.id:
            return Entry(ours.id, mode)
        return Conflict(sides, Reason.BINARY, ours)
    texts[0] = _without(sides.path, texts[0], plan.yours.get(sides.pristine, frozenset()))
    if sides.base is None and driver != "union":  # two files of one name, each for its own
        added = trees.merge_text(store, *texts)
        both = Entry(store.create_blob(added.data), mode)
        return both if added.clean else Conflict(sides, Reason.ADDED, both)
    data, reason, detail = content.merge(store, sides.path, *texts, union=driver == "union")
    merged = Entry(store.create_blob(data), mode)
    return Conflict(sides, reason, merged, detail) if reason else merged


def _merge_record(
    store: pygit2.Repository, wanted: Stack, base: Entry, ours: Entry, theirs: Entry
) -> Entry:
    sides = [record.strip(trees.blob(store, entry)) for entry in (base, ours, theirs)]
    skeleton = trees.merge_text(store, *sides)
    text = record.write(skeleton.data if skeleton.clean else sides[1], wanted)
    text = record.with_comments(text, trees.blob(store, ours))
    return Entry(store.create_blob(text), ours.mode)


def _kind(entry: Entry) -> int:
    return entry.mode & 0o170000


def _without(path: str, text: bytes, yours: frozenset[bytes]) -> bytes:
    if not yours:
        return text
    return b"".join(
        line
        for line in text.splitlines(keepends=True)
        if not (found := units(path, line)) or not found.keys() <= yours
    )


def _written_first(
    store: pygit2.Repository, plan: Plan, sides: Sides, merged: Entry | None
) -> Iterator[Note]:
    """What a component brings, and the user had: a release that brings it simply has it."""
    if sides.pristine not in plan.brought:
        return
    if sides.base is None and sides.ours and sides.ours == sides.theirs:
        yield Note(sides.path, "you had this very file; it stays when the component goes")
        return
    for unit in sorted(written_twice(store, sides, merged) & plan.brought[sides.pristine]):
        shown = unit.decode("utf-8", "replace").strip()
        yield Note(
            sides.path, f"you had written this too; it stays when the component goes: {shown}"
        )
