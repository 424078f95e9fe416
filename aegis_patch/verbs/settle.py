"""`aegis repair` during a git merge, rebase, revert or cherry-pick.

Git conflicts if two branches each insert lines in one place. So each of the three sides of such a
file is brought to the stack of the result, as a verb would do it; what still differs was written by
people, and is merged. A path that can't be merged so stays as git left it, with its markers.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from pygit2.enums import FileMode

from aegis_patch.errors import AegisError, Refused
from aegis_patch.history import presence
from aegis_patch.history.presence import Finding
from aegis_patch.landing import journal, land, locks, preconditions
from aegis_patch.merge import branches, one_path
from aegis_patch.merge.evolve import evolve
from aegis_patch.merge.file_content import Three
from aegis_patch.merge.outcome import Clean, Conflict, Note, Plan, Sides
from aegis_patch.merge.reason import Reason
from aegis_patch.objects import tree_merges
from aegis_patch.objects.trees import Entry, Tree, bytes_of
from aegis_patch.progress import doing
from aegis_patch.project import git, unfinished, uv_lock
from aegis_patch.project.find import Project, find
from aegis_patch.project.repository import within
from aegis_patch.project.unfinished import Stages, Unfinished
from aegis_patch.stack import component, pristine, record, stack
from aegis_patch.stack.joined import Differ, joined
from aegis_patch.stack.record import RECORD
from aegis_patch.stack.stack import Stack
from aegis_patch.upstream import workbench
from aegis_patch.upstream.workbench import Bench
from aegis_patch.values import dataclass, replace
from aegis_patch.verbs import build, lock_files
from aegis_patch.verbs.step import patch_text

_PLAIN = (FileMode.BLOB, FileMode.BLOB_EXECUTABLE)
_TOUCHED = "you started to resolve it"
_UNKNOWN = "git didn't record how it left this file"
_NOT_TEXT = "this isn't a conflict of text"
_PLACE = "git asks whether it belongs here"
_DELETED = "one side deleted it, the other changed it"
_OWN_DRIVER = "it has its own merge driver"
_LOCK = "resolve pyproject.toml first, then run: uv lock"


@dataclass(frozen=True, slots=True)
class Settled:
    """The result for the paths that git left unmerged.

    `left` says why a path stays as git left it, `also` are other paths that were written, `next` is
    the command to go on with. `patch` is the whole change.
    """

    settled: tuple[str, ...]
    left: Mapping[str, str]
    also: tuple[str, ...]
    notes: tuple[Note, ...]
    next: str
    patch: str = ""
    dry: bool = False


@dataclass(frozen=True, slots=True)
class _Met:
    """The pristine trees of base, ours and theirs, and of `goal`, to which each is brought.

    `joined` is the merge of the three records, `closed` the same with all requirements.
    """

    sides: tuple[Tree, Tree, Tree]
    joined: Stack
    closed: Stack
    goal: Tree


@dataclass(frozen=True, slots=True)
class _Case:
    """A case to settle: where git stopped, what it left, and the stacks that meet, if any."""

    bench: Bench
    there: Project
    op: Unfinished
    left: Tree
    met: _Met | None


def settle(where: Path, *, dry: bool, relock: bool) -> Settled | None:
    """Settle what git left unmerged, as far as possible; None if nothing is.

    Raises:
        Refused: it is no project, or something changed meanwhile.
    """
    with journal.alone(find(where).repo) as held:
        there = find(where)
        op = unfinished.look(there.repo)
        if op is None:
            return None
        locks.refuse_locked(there.repo)
        seen = {path: journal.mark(Path(there.repo.workdir, path)) for path in op.stages}
        with workbench.open_bench(there) as bench, doing("Merging"):
            files, made = _built(bench, there, op, relock)
            if files and not dry:
                seen |= {path: journal.mark(Path(there.repo.workdir, path)) for path in made.also}
                land.without_commit(there.repo, there.head, files, seen=seen, held=held)
    return replace(made, dry=dry, next=presence.REPAIR if dry and made.settled else made.next)


def can_settle(there: Project) -> bool:
    """Whether `aegis repair` would settle some of what git left unmerged."""
    op = unfinished.look(there.repo) if unfinished.is_any(there.repo) else None
    if op is None:
        return False
    with suppress(AegisError), workbench.open_bench(there) as bench:
        return bool(_built(bench, there, op, relock=False)[1].settled)
    return False


def settle_file(path: str, base: bytes, ours: bytes, theirs: bytes) -> bytes | None:
    """The merge of one file while git merges, in the current repository.

    Git doesn't say which stacks meet; but its history has the sides of the file, and with each the
    record at that time.
    """
    there = find(next(place for place in Path(path).parents if place.is_dir()))
    with workbench.open_bench(there) as bench:
        sides = (
            Entry.written(bench.store, base),
            Entry.written(bench.store, ours),
            Entry.written(bench.store, theirs),
        )
        base_tree, tree = (unfinished.tree_with(there.repo, path, sides[at].id) for at in (0, 2))
        known = (base_tree, tree) if base_tree and tree else None
        met = _meet(bench, there, Unfinished("", {}, None, known))
        fate = _file(bench, path, _inside(there.prefix, path), sides, met)
        return fate.data if isinstance(fate, Entry) else None


def _built(
    bench: Bench, there: Project, op: Unfinished, relock: bool
) -> tuple[dict[str, Entry | None], Settled]:
    """The files to write, and the result to report."""
    if op.left is None:
        return {}, Settled((), dict.fromkeys(op.stages, _UNKNOWN), (), (), op.next)
    met = _meet(bench, there, op)
    case = _Case(bench, there, op, op.left.within(bench.store), met)
    files, left = dict[str, Entry | None](), dict[str, str]()
    for path, fate in _fates(case):
        if isinstance(fate, str):
            left[path] = fate
        else:
            files[path] = fate
    next = op.next
    if met:
        also = _closing(case, met, files) if {*left.values()} <= {_LOCK} else {}
        files |= also
        next += "" if also or met.closed == met.joined else f" && {presence.REPAIR}"
    stray = _stray(bench, there, op)
    if stray:
        next += f" && {stray.next}"
    made_anew, notes = _follow_locks(case, files, left, relock=relock)
    notes += [Note(there.record_path, stray.what)] if stray else []
    files |= made_anew
    left = {path: why for path, why in left.items() if path not in files}
    settled = tuple(path for path in op.stages if path in files)
    others = tuple(sorted(files.keys() - op.stages.keys()))
    patch = patch_text(case.left, case.left.replaced(files))
    return files, Settled(settled, left, others, tuple(notes), next, patch)


def _meet(bench: Bench, there: Project, op: Unfinished) -> _Met | None:
    """The stacks that meet; None if their records can't be merged."""
    try:
        (base, ours, theirs), both = _stacks(there, op)
        if presence.stranded(bench, both):
            return None
        sides = bench.pristine(base), bench.pristine(ours), bench.pristine(theirs)
        known = bench.catalogue(both)
        closed = stack.closed(both, known)
        is_whole = pristine.is_whole(bench.upstream(both), both)
        # A missing integration is added as a whole or not at all.
        joins = {name for name in closed.names - both.names if not component.is_chosen(known[name])}
        goal = both if is_whole else closed.without(joins)
        return _Met(sides, both, closed, bench.pristine(goal))
    except (Refused, Differ):
        return None


def _stray(bench: Bench, there: Project, op: Unfinished) -> Finding | None:
    """The complaint that the result's release lacks one of its components, if so."""
    try:
        return presence.stranded(bench, _stacks(there, op)[1])
    except (Refused, Differ):
        return None


def _stacks(there: Project, op: Unfinished) -> tuple[list[Stack], Stack]:
    """The stacks of base, ours and theirs, and their merge."""
    sides = [record.parse(each) for each in _records(there, op)]
    return sides, joined(*sides)


def _records(there: Project, op: Unfinished) -> list[bytes]:
    """The three records: as git left them unmerged, or else as the commits have them."""
    path = there.record_path
    if stages := op.stages.get(path):
        return [bytes_of(each) for each in stages]
    ours = there.tree.read(RECORD)
    if op.trees is None:
        return [ours, ours, ours]
    base, theirs = (tree.read(path) for tree in op.trees)
    return [base, ours, theirs]


def _fates(case: _Case) -> Iterator[tuple[str, Entry | str | None]]:
    """The result for each unmerged path, or why it stays as git left it."""
    there, op = case.there, case.op
    top = Path(there.repo.workdir)
    touched = unfinished.touched(top, case.left, op.stages)
    attributes = git.attributes(top, "merge", op.stages)
    for path, stages in op.stages.items():
        driver = attributes.get(path, "set")
        if any(each and each.mode not in _PLAIN for each in stages):
            yield path, _NOT_TEXT
        elif path in touched:
            yield path, _TOUCHED
        elif posixpath.basename(path) == uv_lock.LOCK:
            yield path, _LOCK
        elif len({*stages}) < 3:
            yield path, _moved_along(_inside(there.prefix, path), stages, case.met)
        elif driver not in ("set", "text"):
            yield path, _OWN_DRIVER
        else:
            yield path, _file(case.bench, path, _inside(there.prefix, path), stages, case.met)


def _moved_along(path: str, stages: Stages, met: _Met | None) -> Entry | str:
    """A new file of one branch's component, in a directory that the other branch moved."""
    if stages[0] or not met:
        return _NOT_TEXT
    base, ours, theirs = met.sides
    found = set[Entry]()
    for place in met.goal.files():
        if posixpath.basename(place) == posixpath.basename(path) and place not in base:
            new = ((None, ours.lookup(place), None), (None, None, theirs.lookup(place)))
            if stages in new and (entry := met.goal.lookup(place)):
                found.add(entry)
    return found.pop() if len(found) == 1 else _PLACE


def _file(
    bench: Bench, path: str, inside: str, stages: Stages, met: _Met | None
) -> Entry | str | None:
    """A file, made from its sides at the stack of the result, or else from these as they are."""
    if met and inside not in ("", RECORD):
        brought = _brought(inside, stages, met)
        fate = _join(bench, path, brought) if brought else _DELETED
        if not isinstance(fate, str):
            return fate
    return _join(bench, path, stages)


def _brought(path: str, stages: Stages, met: _Met) -> Stages | None:
    """The sides of a file, each brought to the stack of the result as a verb would."""
    wanted = met.goal.lookup(path)
    brought: list[Entry | None] = []
    for old, side in zip(met.sides, stages, strict=True):
        plan = Plan(head=old, old=old, new=met.goal, record=None)
        fate = one_path.merge(plan, Sides(path, old.lookup(path), side, wanted))
        if isinstance(fate, Conflict):
            return None
        brought.append(fate)
    base, ours, theirs = brought
    return base, ours, theirs


def _join(bench: Bench, path: str, stages: Stages) -> Entry | str | None:
    base, ours, theirs = stages
    if ours in (base, theirs):
        return theirs
    if theirs == base:
        return ours
    if base is None:
        return str(Reason.ADDED)
    if ours is None or theirs is None:
        return _DELETED
    mode = theirs.mode if ours.mode == base.mode else ours.mode
    texts = (bytes_of(each) for each in (base, ours, theirs))
    merged = branches.merge(Three(bench.store, path, *texts))
    return str(merged.reason) if merged.reason else Entry.written(bench.store, merged.data, mode)


def _closing(case: _Case, met: _Met, files: Mapping[str, Entry | None]) -> dict[str, Entry | None]:
    """The files to add or delete besides, because the two branches meet; empty in doubt.

    Files may be there from a release that only one branch was updated to.
    """
    project = build.inside(case.there, case.left.replaced(files))
    unedited = tree_merges.merge_towards(*met.sides, met.goal)  # as git and we have made it
    unedited = pristine.recorded(unedited, met.joined)
    plan = Plan(project, unedited, case.bench.pristine(met.closed), met.closed)
    try:
        outcome = evolve(plan)
    except Refused:  # of a record that was resolved before: git has its markers still
        return {}
    if not isinstance(outcome, Clean):
        return {}
    if not all(note.applied for note in outcome.notes):  # `aegis repair` lists them afterwards
        return {}
    found: dict[str, Entry | None] = {}
    for path, (_, after) in project.differences(outcome.tree).items():
        found[within(case.there.prefix, path)] = after
    return found if _is_free(case, found) else {}


def _is_free(case: _Case, found: Mapping[str, Entry | None]) -> bool:
    """Whether nothing of the user's is in the way of other files that will be written."""
    top = Path(case.there.repo.workdir)
    others = found.keys() - case.op.stages.keys()
    for path in others:
        if path not in case.left and preconditions.is_taken(top, path):
            return False
    return not unfinished.touched(top, case.left, others)


def _follow_locks(
    case: _Case, files: Mapping[str, Entry | None], left: Mapping[str, str], *, relock: bool
) -> tuple[dict[str, Entry | None], list[Note]]:
    """The uv.lock that follows the merged pyproject.toml, and notes on other locks."""
    prefix = case.there.prefix
    met = {path: case.op.stages[path][1] for path, why in left.items() if why == _LOCK}
    root = case.left.replaced({**files, **met})
    why_not = "" if relock else "--no-lock"
    unsettled = within(prefix, uv_lock.PYPROJECT) in left
    found, notes = lock_files.follow(
        *(build.whole_tree(case.bench, case.there), root, prefix),
        unsettled=unsettled or bool(met),
        why_not="there are conflicts" if unsettled else why_not,
    )
    if not _is_free(case, found):
        return {}, [Note(uv_lock.LOCK, "not updated (you changed it). Run: uv lock")]
    return {**found}, notes


def _inside(prefix: str, path: str) -> str:
    """A path of the repository as a path in the project; "" outside of it."""
    if not prefix:
        return path
    return path.removeprefix(f"{prefix}/") if path.startswith(f"{prefix}/") else ""
