"""A question that was answered is not asked again.

When a verb ended in a conflict, a person resolved it, and the commit of that holds the answer. Its
parent and the pristine trees of its two records are the question. A later verb that goes the way
back, or the same way once more, finds both here.
"""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

import pygit2

from aegis_patch.history.record_changes import Turn, turns
from aegis_patch.merge import one_path
from aegis_patch.merge.file_content import Reason
from aegis_patch.merge.outcome import Clean, Conflict, Conflicted, Outcome, Plan
from aegis_patch.merge.sides import Note, Sides
from aegis_patch.objects import conflict_markers, texts, trees
from aegis_patch.objects.conflict_markers import Place
from aegis_patch.objects.trees import Entry
from aegis_patch.project.find import Project
from aegis_patch.upstream.workbench import Bench


def recall(bench: Bench, there: Project, plan: Plan, outcome: Conflicted) -> Outcome:
    """The outcome without the conflicts to which history has the answer."""
    left: list[Conflict] = []
    edits: dict[str, Entry | None] = {}
    notes = list(outcome.notes)
    known = list(turns(there))
    for conflict in outcome.conflicts:
        found = _answered(bench, known, plan, conflict)
        if found is None:
            left.append(conflict)
            continue
        edits[conflict.path], turn = found
        subject = turn.commit.message.partition("\n")[0]
        notes.append(Note(conflict.path, f"resolved as in {turn.commit.short_id}, {subject!r}"))
    tree = trees.replace(bench.store, outcome.tree, edits)
    if left:
        return Conflicted(tree, tuple(left), tuple(notes))
    return Clean(tree, tuple(notes))


def _answered(
    bench: Bench, known: Iterable[Turn], plan: Plan, conflict: Conflict
) -> tuple[Entry | None, Turn] | None:
    now = conflict.sides
    for turn in known if conflict.reason not in (Reason.KIND, Reason.SPLIT) else ():
        mine, result = (
            trees.lookup(bench.store, at, now.path) or trees.lookup(bench.store, at, now.pristine)
            for at in (turn.mine, turn.result)
        )
        pristine = turn.pristine(bench) if mine and result else None
        if result is None or pristine is None:
            continue
        old, new = (trees.lookup(bench.store, at, now.pristine) for at in pristine)
        merged = retried(bench.store, plan, now, Sides(now.path, old, mine, new), result)
        if not isinstance(merged, Conflict):
            return merged, turn
    return None


def retried(
    store: pygit2.Repository, plan: Plan, now: Sides, then: Sides, result: Entry
) -> Entry | Conflict | None:
    """What becomes of a path now, if `result` answered what was asked then; else a conflict."""
    plan = replace(plan, yours={})
    asked = one_path.merge(store, plan, then) if then.base != then.theirs else None
    made = _made(store, asked, result) if isinstance(asked, Conflict) else None
    if made is None:
        return Conflict(now, Reason.TEXT, None)
    back, again = (then.theirs, then.base), (then.base, then.theirs)
    for way, base, theirs in ((back, made, then.ours), (again, then.ours, made)):
        if _leads(store, plan, now, *way):
            merged = one_path.merge(store, plan, Sides(now.path, base, now.ours, theirs))
            if not isinstance(merged, Conflict):
                return merged
    return Conflict(now, Reason.TEXT, None)


def _leads(
    store: pygit2.Repository, plan: Plan, now: Sides, start: Entry | None, end: Entry | None
) -> bool:
    """Whether what is to be done now is what leads from `start` to `end`."""
    return one_path.merge(store, plan, Sides(now.path, start, now.base, end)) == now.theirs


def _made(store: pygit2.Repository, asked: Conflict, result: Entry) -> Entry | None:
    """The automatic merge, filled as the person did where it had met a conflict.

    None where that cannot be told from what else they wrote.
    """
    mine, text, answer = (
        trees.blob(store, side) for side in (asked.sides.ours, asked.marked, result)
    )
    if asked.reason is Reason.BINARY or texts.is_binary(answer):
        return result if result in (asked.sides.ours, asked.sides.theirs) else None
    lines = texts.lines(text)
    found = list(conflict_markers.places(lines))
    if not found:  # whatever else they wrote in that file looks like an answer
        least, now, most = (_said(data.splitlines()) for data in (mine, answer, text))
        return result if least <= now <= most else None
    made = _filled(lines, found, texts.lines(answer), [*texts.hunks(store, text, answer)])
    return Entry(store.create_blob(made), result.mode) if made is not None else None


def _filled(
    lines: Sequence[bytes],
    places: Iterable[Place],
    answer: Sequence[bytes],
    hunks: Sequence[tuple[range, range]],
) -> bytes | None:
    out: list[bytes] = []
    done = 0
    for place in places:
        over = [old for old, _ in hunks if old.start < place.stop and old.stop > place.start]
        start = min([place.start, *(old.start for old in over)])
        stop = max([place.stop, *(old.stop for old in over)])
        first, last = (at + _moved(hunks, at) for at in (start, stop))
        written = answer[first:last]
        around = [*lines[start : place.start], *lines[place.stop : stop]]
        sides = (written, around, place.mine, place.wanted)
        if start < done or not _answers(*(_said(side) for side in sides)):
            return None
        out += [*lines[done:start], *written]
        done = stop
    return b"".join([*out, *lines[done:]])


def _moved(hunks: Iterable[tuple[range, range]], at: int) -> int:
    return sum(len(new) - len(old) for old, new in hunks if old.stop <= at)


def _answers(
    written: Counter[str], around: Counter[str], mine: Counter[str], wanted: Counter[str]
) -> bool:
    """Whether lines are of the two sides only, but for those that stand for one of ours, like it.

    What a person wrote besides, there or around, is theirs, and must not go when the answer is
    taken back.
    """
    if not around <= written:
        return False
    left = [*(mine - written).elements()]
    for line in (written - around - mine - wanted).elements():
        like = difflib.get_close_matches(line, left, n=1)
        if not like:
            return False
        left.remove(like[0])
    return True


def _said(lines: Iterable[bytes]) -> Counter[str]:
    return Counter(line.strip().decode("latin-1") for line in lines if line.strip())
