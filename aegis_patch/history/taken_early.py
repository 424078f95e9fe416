"""Settles conflicts with work that the user took early, through the upstream's own history.

The release has that work, and more on the same lines; some state of the upstream between the two
releases has it alone. There both sides did the same, and from then on only the release changes the
lines: the path is merged step by step, as if each state were a release.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress

from aegis_patch.errors import AegisError
from aegis_patch.history.past_resolutions import is_answer, said
from aegis_patch.merge import one_path
from aegis_patch.merge.outcome import Conflict, Conflicted, Note, Outcome, Plan, Sides
from aegis_patch.merge.reason import Reason
from aegis_patch.objects import texts
from aegis_patch.objects.trees import Entry, Tree, bytes_of
from aegis_patch.stack import stack
from aegis_patch.stack.stack import Stack
from aegis_patch.upstream import fork, releases
from aegis_patch.upstream.workbench import Bench
from aegis_patch.values import replace

MOST_STATES = 24
ENOUGH = 0.5  # of what the user wrote there; less may be chance
State = tuple[str, Tree]  # the label and the pristine tree


def settled(bench: Bench, old: Stack, new: Stack, plan: Plan, outcome: Conflicted) -> Outcome:
    """The outcome without the conflicts that states between the two releases settle."""
    names = _between(old, new, [each.sides.pristine for each in outcome.conflicts])
    states = list(_states(bench, old, names))
    edits: dict[str, Entry | None] = {}
    notes = []
    for conflict in outcome.conflicts:
        if conflict.reason is Reason.KIND or conflict.sides.pristine in plan.yours:
            continue
        found, taken = stepwise(plan, conflict, states)
        if not isinstance(found, Conflict):
            edits[conflict.path] = found
            text = f"you took changes early; merged through {taken}"
            notes.append(Note(conflict.path, text))
    return outcome.without(edits, notes)


def _between(old: Stack, new: Stack, paths: Sequence[str]) -> list[tuple[str, str]]:
    """The upstream's states behind one release and before another, oldest first.

    Each is a release or, in a fork, a commit; nothing is asked over the network.
    """
    if old.url != new.url or old.commit == new.commit:
        return []
    known = releases.versions(old.url)
    if old.url == releases.BUNDLED:
        first, last = releases.age(old.release), releases.age(new.release)
        return [(each, "") for each in known if first < releases.age(each) < last]
    named = {commit: release for release, commit in known.items()}
    found = fork.between(old.url, old.commit, new.commit, paths)
    return [(named.get(commit, commit), commit) for commit in found]


def _states(bench: Bench, old: Stack, names: Sequence[tuple[str, str]]) -> Iterator[State]:
    """The project's tree at these states but for broken ones; if many, at even distances."""
    distance = max(1, math.ceil(len(names) / MOST_STATES))
    for release, commit in names[::distance]:
        with suppress(AegisError):
            opened = bench.open(old.url, release, commit)
            within = old.without(old.names - opened.catalogue.keys())
            at = stack.rebase(within, opened.catalogue, old.url, release, opened.commit)
            yield release if release != commit else commit[:12], bench.pristine(at)


def stepwise(
    plan: Plan, conflict: Conflict, states: Sequence[State]
) -> tuple[Entry | Conflict | None, str]:
    """The path merged step by step, and the state that has most of the user's change.

    It stays the conflict if no state has enough of it, or if the last step conflicts too.
    """
    sides = conflict.sides
    base, ours, most, taken = sides.base, sides.ours, ENOUGH, ""
    steps = []
    ways = [(label, at.lookup(sides.pristine) or at.lookup(sides.path)) for label, at in states]
    if all(_share(sides, state) <= ENOUGH for _, state in ways):
        return conflict, ""
    for label, state in ways:
        merged = one_path.merge(plan, replace(sides, base=base, ours=ours, theirs=state))
        if state != base and not isinstance(merged, Conflict):
            base, ours = state, merged
            steps.append(state)
            if (share := _share(sides, state)) > most:
                most, taken = share, label
    result = one_path.merge(plan, replace(sides, base=base, ours=ours))
    if taken and not isinstance(result, Conflict) and _keeps(conflict, steps, result):
        return result, taken
    return conflict, ""


def _share(sides: Sides, state: Entry | None) -> float:
    """How much of the user's lines a state has, of those where the release differs too.

    A bracket is no evidence, nor is a line that both deleted: many changes of it begin so.
    """
    if texts.is_binary(bytes_of(sides.ours)):
        return float(state == sides.ours)
    wrote = [line for line in _written_at_once(sides).elements() if re.search(r"\w", line)]
    had = Counter(wrote) & (_lines(state) - _lines(sides.base))
    return had.total() / len(wrote) if wrote else 0.0


def _written_at_once(sides: Sides) -> Counter[str]:
    """The lines that the user inserted in places that the release changes too."""
    base, ours, theirs = (bytes_of(each) for each in (sides.base, sides.ours, sides.theirs))
    lines, wrote = texts.lines(ours), list[bytes]()
    for _, new in texts.touching(base, ours, theirs):
        wrote += lines[new.start : new.stop]
    return said(wrote) - _lines(sides.base)


def _keeps(conflict: Conflict, steps: Iterable[Entry | None], result: Entry | None) -> bool:
    """Whether a result has all that only the user wrote, and differs only at the marked places."""
    sides = conflict.sides
    was, mine, theirs, now = map(_lines, (sides.base, sides.ours, sides.theirs, result))
    had = was
    for state in steps:
        had = had | _lines(state)
    is_lost = mine - had - now
    is_back = (was - mine) & (now - mine)  # the user took it out
    is_twice = (mine - was) & (now - (mine | theirs))  # each side's stands at a place of its own
    is_kept = not (is_lost or is_back or is_twice)
    return is_kept and (result is None or is_answer(conflict, result))


def _lines(entry: Entry | None) -> Counter[str]:
    return said(texts.lines(bytes_of(entry)))
