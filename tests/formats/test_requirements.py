"""A requirement that the user only spelled otherwise is the same one, as packaging reads it."""

from __future__ import annotations

import pytest

from tests import tiny

BASE = '[project]\ndependencies = [\n    "b-c[y,x]>=1.0,<2; os_name == \'x\'",\n    "d",\n]\n'
ITEM = "\"b-c[y,x]>=1.0,<2; os_name == 'x'\""


@pytest.mark.parametrize(
    "spelled",
    [
        "\"b-c[y,x]>=1.0,<2; os_name=='x'\"",
        "\"B_c [x, y] >= 1, <2 ; (os_name == 'x')\"",
        "'b.c[x,y]<2.0,>=1.0.0;os_name==\"x\"'",
    ],
)
def test_another_spelling_changes_nothing(spelled: str) -> None:
    ours = BASE.replace(ITEM, spelled)
    for theirs in (BASE.replace(f"    {ITEM},\n", ""), BASE.replace(">=1.0", ">=1.5")):
        assert tiny.structured("pyproject.toml", BASE, ours, theirs) == theirs


@pytest.mark.parametrize(
    "changed",
    [
        "\"b-c[y,x]>=1.1,<2; os_name == 'x'\"",
        "\"b-c[y]>=1.0,<2; os_name == 'x'\"",
        '"b-c[y,x]>=1.0,<2"',
        "\"b-c[y,x]~=1.0,<2; os_name == 'x'\"",
    ],
)
def test_another_meaning_is_the_users(changed: str) -> None:
    ours, theirs = BASE.replace(ITEM, changed), BASE.replace(f"    {ITEM},\n", "")
    assert tiny.structured("pyproject.toml", BASE, ours, theirs) != theirs


def test_a_name_alone_is_as_it_is_written() -> None:
    base = 'select = [\n    "a",\n    "B",\n]\n'
    ours, theirs = base.replace('"a"', '"A"'), base.replace('    "a",\n', "")
    assert tiny.structured("pyproject.toml", base, ours, theirs) != theirs
