"""Two series that put lines in above one anchor do not clash; all else that meets does."""

from __future__ import annotations

import pytest

from aegis_patch.formats import anchors
from aegis_patch.stack import pristine


def joined(base: str, ours: str, theirs: str) -> str | None:
    result = pristine.at_anchors(base.encode(), ours.encode(), theirs.encode())
    return None if result is None else result.decode()


BASE = "a\nb\n# yours below\nc\n"


@pytest.mark.parametrize(
    "line", ["# yours below", "    # yours below: dev", "<!-- yours below -->", "// yours below\n"]
)
def test_what_is_an_anchor(line: str) -> None:
    assert anchors.is_anchor(line.encode())
    assert not anchors.is_anchor(b"x " + line.encode())
    assert not anchors.is_anchor(line.replace("below", "belowground").encode())


def test_what_comes_goes_behind_what_is_there() -> None:
    ours, theirs = (BASE.replace("# y", f"{name}\n# y") for name in ("x", "w"))
    assert joined(BASE, ours, theirs) == BASE.replace("# y", "x\nw\n# y")


def test_a_blank_line_may_end_what_is_put_in() -> None:
    base = "a\n\n# yours below\n"
    ours, theirs = (base.replace("# y", f"{name}\n\n# y") for name in ("x", "w"))
    assert joined(base, ours, theirs) == "a\n\nx\n\nw\n\n# yours below\n"


def test_changes_apart_from_each_other_join() -> None:
    ours = BASE.replace("# y", "x\n# y")
    theirs = BASE.replace("# y", "w\n# y").replace("a\n", "A\n").replace("c\n", "c\nd\n")
    assert joined(BASE, ours, theirs) == "A\nb\nx\nw\n# yours below\nc\nd\n"


def test_one_change_of_both_is_made_once() -> None:
    ours = BASE.replace("b\n", "B\n")
    assert joined(BASE, ours, ours.replace("c\n", "C\n")) == "a\nB\n# yours below\nC\n"


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        pytest.param("a\nx\nb\n", "a\nw\nb\n", id="one point that is no anchor"),
        pytest.param("a\nB\n", "a\nC\n", id="one line"),
        pytest.param("a\nB\n", "a\nb\nw\n", id="a line, and the anchor right below it"),
        pytest.param("a\nx\nb\n", "a\nB\n", id="above a line that changes"),
        pytest.param("A\nb\n", "a\nB\n", id="two lines that touch"),
    ],
)
def test_all_else_that_meets_is_a_clash(ours: str, theirs: str) -> None:
    rest = "# yours below\nc\n"
    assert joined(BASE, ours + rest, theirs + rest) is None
    assert joined(BASE, theirs + rest, ours + rest) is None


def test_a_heading_that_both_bring_stands_once() -> None:
    """The first that needs a list begins it, for an empty one may be no list at all."""
    base = "web:\n  image: w\n  # yours below\n"
    with_cache = base.replace("  # y", "  needs:\n    cache: {}\n  labels:\n    x: 1\n  # y")
    with_tables = base.replace("  # y", "  needs:\n    tables: {}\n    more: {}\n  # y")
    assert joined(base, with_cache, with_tables) == (
        "web:\n  image: w\n  needs:\n    cache: {}\n    tables: {}\n    more: {}\n"
        "  labels:\n    x: 1\n  # yours below\n"
    )
    assert joined(base, with_tables, with_cache) == (
        "web:\n  image: w\n  needs:\n    tables: {}\n    more: {}\n    cache: {}\n"
        "  labels:\n    x: 1\n  # yours below\n"
    )
