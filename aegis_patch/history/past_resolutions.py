"""A conflict that was resolved once is resolved the same way again.

When a verb ended in a conflict, a person resolved it, and their commit holds the answer. Its parent
and the pristine trees of its two records are the question. A later verb that goes back, or the same
way again, finds both here.
"""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterable

from aegis_patch.history.record_log import Turn, turns
from aegis_patch.merge import one_path
from aegis_patch.merge.outcome import Conflict, Conflicted, Note, Outcome, Plan, Sides
from aegis_patch.merge.reason import Reason
from aegis_patch.objects import conflict_markers, texts
from aegis_patch.objects.conflict_markers import Place
from aegis_patch.objects.trees import Entry, Tree, bytes_of
from aegis_patch.project.find import Project
from aegis_patch.stack.record import RECORD
from aegis_patch.upstream.workbench import Bench
from aegis_patch.values import replace


def recall(bench: Bench, there: Project, plan: Plan, outcome: Conflicted) -> Outcome:
    """The outcome without the conflicts that history resolves."""
    edits: dict[str, Entry | None] = {}
    notes = []
    known = [turn for turn in turns(there) if not _only_corrects(turn)]
    for conflict in outcome.conflicts:
        found = _answered(bench, known, plan, conflict)
        if found is None:
            continue
        edits[conflict.path], turn = found
        subject = turn.commit.message.partition("\n")[0]
        notes.append(Note(conflict.path, f"resolved as in {turn.commit.short_id}, {subject!r}"))
    return outcome.without(edits, notes)


def _only_corrects(turn: Turn) -> bool:
    """Whether a turn only recorded what was there: it merged nothing, so nobody was asked."""
    return not turn.takes_away and turn.mine.changed(turn.result) == (RECORD,)


def _answered(
    bench: Bench, known: Iterable[Turn], plan: Plan, conflict: Conflict
) -> tuple[Entry | None, Turn] | None:
    """The resolution of a path by the newest turn that has one."""
    if conflict.reason is Reason.KIND:
        return None
    now = conflict.sides
    for turn in known:
        mine, result = (_either(tree, now) for tree in (turn.mine, turn.result))
        pristine = turn.pristine(bench) if mine and result else None
        if result and pristine:
            old, new = (tree.lookup(now.pristine) for tree in pristine)
            then = Sides(now.path, old, mine, new)
            merged = retried(plan, now, then, result)
            if not isinstance(merged, Conflict):
                return merged, turn
    return None


def _either(tree: Tree, now: Sides) -> Entry | None:
    """The conflict's file in an older tree, at its path or the upstream's."""
    return tree.lookup(now.path) or tree.lookup(now.pristine)


def retried(plan: Plan, now: Sides, then: Sides, result: Entry) -> Entry | Conflict | None:
    """The resolution of a path now, if `result` resolved the conflict then; else a conflict."""
    plan = replace(plan, yours={})
    asked = one_path.merge(plan, then) if then.base != then.theirs else None
    if isinstance(asked, Conflict) and is_answer(asked, result):
        if _leads(plan, now, then.theirs, then.base):  # the way back
            back = replace(now, base=result, theirs=then.ours)
            merged = one_path.merge(plan, back)
            if not isinstance(merged, Conflict):
                return merged
        if _leads(plan, now, then.base, then.theirs):  # the same way again
            return one_path.merge(plan, replace(now, base=then.ours, theirs=result))
        return _back_at_another_release(plan, now, then, result)
    return Conflict(now, Reason.TEXT, None)


def _back_at_another_release(
    plan: Plan, now: Sides, then: Sides, result: Entry
) -> Entry | Conflict | None:
    """The way back at another release: the old conflict and its resolution, carried to this one."""
    mine = one_path.merge(plan, Sides(now.path, then.base, then.ours, now.theirs))
    answer = one_path.merge(plan, Sides(now.path, then.theirs, result, now.base))
    if isinstance(mine, Entry) and isinstance(answer, Entry):
        asked = one_path.merge(plan, Sides(now.path, now.theirs, mine, now.base))
        if isinstance(asked, Conflict) and is_answer(asked, answer):
            return one_path.merge(plan, replace(now, base=answer, theirs=mine))
    return Conflict(now, Reason.TEXT, None)


def _leads(plan: Plan, now: Sides, start: Entry | None, end: Entry | None) -> bool:
    """Whether the change wanted now is the one from `start` to `end`."""
    return one_path.merge(plan, Sides(now.path, start, now.base, end)) == now.theirs


def is_answer(asked: Conflict, result: Entry) -> bool:
    """Whether a file is the automatic merge with one of the two sides chosen at each place.

    Anything else in that commit isn't an answer, and has to survive when that is reverted.
    """
    marked, answer = bytes_of(asked.marked), result.data
    if asked.reason is Reason.BINARY or texts.is_binary(answer):
        return result in (asked.sides.ours, asked.sides.theirs)
    lines, chosen = texts.lines(marked), texts.lines(answer)
    places = list(conflict_markers.places(lines))
    if not places:  # what is in doubt is the order alone
        mine = texts.lines(bytes_of(asked.sides.ours))
        return said(mine) <= said(chosen) <= said(lines)
    for was, now in texts.hunks(marked, answer):
        around = [each for each in places if each.start <= was.start and was.stop <= each.stop]
        gone, written = lines[was.start : was.stop], chosen[now.start : now.stop]
        if not around or not _is_choice(gone, written, around[0]):
            return False
    return not any(conflict_markers.places(chosen))


def _is_choice(gone: list[bytes], written: list[bytes], place: Place) -> bool:
    """Whether all new lines are from the two sides, or resemble one of ours that was deleted."""
    mine, wanted = said(place.mine), said(place.wanted)
    left = [*(said(gone) & mine).elements()]
    for line in (said(written) - mine - wanted).elements():
        like = difflib.get_close_matches(line, left, n=1)
        if not like:
            return False
        left.remove(like[0])
    return True


def said(lines: Iterable[bytes]) -> Counter[str]:
    """The lines that say something, without their indent."""
    return Counter(line.strip().decode("latin-1") for line in lines if line.strip())
