"""What settles a conflict with work that was taken early loses no line of the user's own."""

from __future__ import annotations

import itertools
from collections import Counter

import pygit2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aegis_patch.history import taken_early
from aegis_patch.merge import one_path
from aegis_patch.merge.outcome import Conflict, Plan, Sides
from aegis_patch.objects import trees
from aegis_patch.objects.trees import Entry, Tree, bytes_of
from tests import tiny

EDIT = st.tuples(st.integers(0, 7), st.booleans(), st.sampled_from("abc"))
EDITS = st.lists(EDIT, min_size=1, max_size=2)


def edited(lines: list[str], edits: list[tuple[int, bool, str]], word: str) -> list[str]:
    """Some lines with others put in, or put in the place of one."""
    made = list(lines)
    for at, is_put_in, value in edits:
        made[at : at + (not is_put_in)] = [f"{word} {value}"]
    return made


def tree(store: pygit2.Repository, lines: list[str]) -> Tree:
    text = "".join(f"{line}\n" for line in lines).encode()
    return trees.empty(store).replaced({"f": Entry.written(store, text)})


@given(st.lists(EDITS, min_size=2, max_size=4), EDITS)
def test_no_line_of_the_users_own_is_lost(
    changes: list[list[tuple[int, bool, str]]], mine: list[tuple[int, bool, str]]
) -> None:
    """The user took the first change early, and wrote lines that the upstream never had."""
    texts = [
        *itertools.accumulate(
            changes, lambda so_far, edits: edited(so_far, edits, "theirs"), initial=list("12345678")
        )
    ]
    with tiny.empty_store() as store:
        old, *between, new = (tree(store, lines) for lines in texts)
        ours = edited(texts[1], mine, "mine")
        head = tree(store, ours)
        plan = Plan(head, old, new, None)
        base, mine_now, theirs = (each.lookup("f") for each in (old, head, new))
        asked = one_path.merge(plan, Sides("f", base, mine_now, theirs))
        if isinstance(asked, Conflict):
            states = [("between", each) for each in between]
            found, _ = taken_early.stepwise(plan, asked, states)
            if not isinstance(found, Conflict):
                own = Counter(line for line in ours if line.startswith("mine"))
                assert own <= Counter(bytes_of(found).decode().splitlines())


def test_where_nothing_was_taken_early_no_state_is_merged(
    store: pygit2.Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, between, new, head = (
        tree(store, [*"12", word, *"34"]) for word in ("3", "4", "5", "mine")
    )
    plan = Plan(head, old, new, None)
    sides = Sides("f", old.lookup("f"), head.lookup("f"), new.lookup("f"))
    asked = one_path.merge(plan, sides)
    assert isinstance(asked, Conflict)
    monkeypatch.delattr(one_path, "merge")
    assert taken_early.stepwise(plan, asked, [("between", between)]) == (asked, "")
