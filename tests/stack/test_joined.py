"""Three records made one by key, as git could not."""

from __future__ import annotations

import pytest

from aegis_patch.stack.joined import Differ, joined
from aegis_patch.stack.stack import Presence, Stack
from aegis_patch.values import replace


def made(release: str = "1", **by: str) -> Stack:
    """A stack; `worker="need"`, or `worker="need@0"` where it came from another release."""
    present = {}
    for name, said in by.items():
        who, _, home = said.partition("@")
        present[name] = Presence(home or release, "you" if who == "you" else "need")
    return Stack("aegis", release, f"commit {release}", {"name": "one"}, present)


@pytest.mark.parametrize(
    ("base", "ours", "theirs", "expected"),
    [
        (made(), made(a="you"), made(b="you"), made(a="you", b="you")),
        (made(a="you"), made(), made(a="you", b="you"), made(b="you")),
        (made(a="you", b="you"), made(a="you"), made(b="you"), made()),
        (made(), made(a="need"), made(a="you"), made(a="you")),
        (made(a="need"), made(a="you"), made(), made(a="you")),
        (made(a="need"), made("2", a="need"), made(a="you"), made("2", a="you")),
        (made(), made("2"), made(a="you"), made("2", a="you@1")),
        (made(a="you"), made("2", a="you"), made(), made("2")),
    ],
    ids=[
        *("each adds", "removes, adds", "each removes", "needs, chooses", "chooses, removes"),
        *("rebases, chooses", "rebases, adds", "rebases, removes"),
    ],
)
def test_what_one_side_changed_the_other_takes(
    base: Stack, ours: Stack, theirs: Stack, expected: Stack
) -> None:
    assert joined(base, ours, theirs) == joined(base, theirs, ours) == expected


def test_answers_are_joined_too() -> None:
    one = replace(made(), answers={"name": "two"})
    assert joined(made(), one, made(a="you")).answers == {"name": "two"}


def test_lines_that_were_the_users_first_are_kept() -> None:
    one, two, three = (("a.md", line) for line in ("one", "two", "three"))
    base = replace(made(), yours=frozenset({one, two}))
    ours = replace(base, yours=frozenset({one}))
    theirs = replace(base, yours=frozenset({one, two, three}))
    assert joined(base, ours, theirs).yours == {one, three}


@pytest.mark.parametrize("ours", [made("2"), replace(made(), answers={"name": "two"})])
def test_two_new_values_are_for_a_person(ours: Stack) -> None:
    theirs = replace(made("3"), answers={"name": "three"})
    with pytest.raises(Differ):
        joined(made(), ours, theirs)
