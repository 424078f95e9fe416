"""A conflict with work that the user took early is settled through the upstream's own history.

The release has that work, and more on the same lines; some state of the upstream between the two
releases has it alone. There both sides did the same, and from there on the release's change is the
only one: the path is merged step by step, as if each of these states had been a release.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress

from aegis_patch.errors import AegisError, in_words
from aegis_patch.history.past_resolutions import is_answer, said
from aegis_patch.merge import one_path
from aegis_patch.merge.outcome import Conflict, Conflicted, Note, Outcome, Plan
from aegis_patch.merge.reason import Reason
from aegis_patch.objects import texts
from aegis_patch.objects.trees import Entry, Tree, bytes_of
from aegis_patch.stack import stack
from aegis_patch.stack.stack import Stack
from aegis_patch.upstream import fork, releases
from aegis_patch.upstream.workbench import Bench
from aegis_patch.values import replace

MOST = 24
State = tuple[str, Tree]  # the label and the pristine tree


def settled(bench: Bench, old: Stack, new: Stack, plan: Plan, outcome: Conflicted) -> Outcome:
    """The outcome without the conflicts that states between two releases settle."""
    names = _between(old, new, [each.sides.pristine for each in outcome.conflicts])
    states = list(_states(bench, old, names))
    edits: dict[str, Entry | None] = {}
    notes = []
    for conflict in outcome.conflicts:
        if conflict.reason is Reason.KIND or conflict.sides.pristine in plan.yours:
            continue
        found, through = stepwise(plan, conflict, states)
        if not isinstance(found, Conflict):
            edits[conflict.path] = found
            text = f"you took changes early; merged through {in_words(through)}"
            notes.append(Note(conflict.path, text))
    return outcome.without(edits, notes)


def _between(old: Stack, new: Stack, paths: Sequence[str]) -> list[tuple[str, str]]:
    """The upstream's states behind one release and before another, oldest first.

    Each is a release and, of a fork, the commit; nobody is asked over the network.
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
    """What the project would be at these, but for those that are broken; at even distances."""
    distance = max(1, math.ceil(len(names) / MOST))
    for release, commit in names[::distance]:
        with suppress(AegisError):
            opened = bench.open(old.url, release, commit)
            within = old.without(old.names - opened.catalogue.keys())
            at = stack.rebase(within, opened.catalogue, old.url, release, opened.commit)
            yield release if release != commit else commit[:12], bench.pristine(at)


def stepwise(
    plan: Plan, conflict: Conflict, states: Sequence[State]
) -> tuple[Entry | Conflict | None, list[str]]:
    """The path merged step by step, and the states that have what the user had; or the conflict."""
    sides = conflict.sides
    base, ours = sides.base, sides.ours
    was, mine = _lines(base), _lines(ours)
    gone, through = Counter[str](), list[str]()
    for label, tree in states:
        state = tree.lookup(sides.pristine) or tree.lookup(sides.path)
        merged = one_path.merge(plan, replace(sides, base=base, ours=ours, theirs=state))
        if state == base or isinstance(merged, Conflict):
            continue
        if _is_had(_lines(base), _lines(ours), _lines(state)):
            through.append(label)
        gone |= was - _lines(state)
        base, ours = state, merged
    result = one_path.merge(plan, replace(sides, base=base, ours=ours))
    if isinstance(result, Conflict) or not through:
        return conflict, []
    now = _lines(result)
    is_back = gone & (was - mine) & (now - mine)  # both took it out, only the upstream is sorry
    is_elsewhere = result and not is_answer(conflict, result)
    return (conflict, []) if is_back or is_elsewhere else (result, through)


def _is_had(base: Counter[str], ours: Counter[str], state: Counter[str]) -> bool:
    """Whether both sides put in, or both took out, a line."""
    return bool((ours - base) & (state - base) or (base - ours) & (base - state))


def _lines(entry: Entry | None) -> Counter[str]:
    return said(texts.lines(bytes_of(entry)))
