"""Names from a command line, and steps."""

from __future__ import annotations

import pytest

from aegis_patch.stack.stack import Presence, Stack
from aegis_patch.verbs import naming
from aegis_patch.verbs.step import Step

EMPTY = Stack("aegis", "1", "", {}, {})


@pytest.mark.parametrize(
    ("words", "names"),
    [
        (["a,b", "c"], ("a", "b", "c")),
        (["b, a", "a  b"], ("b", "a")),
        (["database[postgres]"], ("database[postgres]",)),
        ([], ()),
        ([" , "], ()),
    ],
)
def test_lists_take_commas_spaces_and_repeats(words: list[str], names: tuple[str, ...]) -> None:
    assert naming.names(words) == names


def test_a_message_has_a_trailer_for_each_name_that_comes_goes_or_changes_hands() -> None:
    there = {"a": Presence("1", "you"), "b": Presence("1", "need")}
    later = {"b": Presence("1", "you"), "c": Presence("1", "you")}
    step = Step("Subject", "Why.", Stack("", "1", "", {}, there), Stack("", "2", "", {}, later))
    assert step.message == (
        "Subject\n\nWhy.\n\nAegis-Component: a\nAegis-Component: b\nAegis-Component: c\n"
        "Aegis-Release: 2\n"
    )


def test_a_message_without_a_body() -> None:
    assert Step("Subject", "", None, EMPTY).message == "Subject\n\nAegis-Release: 1\n"
