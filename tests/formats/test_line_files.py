"""Settings, patterns, rules and items of both sides."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aegis_patch.formats import kinds
from tests import tiny

ENV = "# Where\nHOST=127.0.0.1\nPORT=8000\n\n# slot: cache\n# slot: worker\n# yours below\n"
IGNORE = "# Python\n*.pyc\n\n# Secrets\n.env\n"
TEXT = "# A\n\nHere:\n\n- a\n\n| B | |\n|---|---|\n| b | 1 |\n\n## C\n\nText.\n"


@pytest.mark.parametrize(
    ("path", "base", "at", "mine", "theirs"),
    [
        (".env.example", ENV, "# slot: cache\n", "MINE=1\n", "# Redis\nREDIS_URL=\n"),
        (".env", ENV, "PORT=8000\n", 'export TOKEN="a b" # mine\n', "# REDIS_URL=x\n"),
        (".gitignore", IGNORE, "*.pyc\n", "*.mine\n", "*.theirs\n"),
        ("app/.dockerignore", IGNORE, ".env\n", "*.mine\n", "*.theirs\n"),
        ("README.md", TEXT, "- a\n", "- mine\n", "- theirs\n"),
        ("a.markdown", TEXT, "| b | 1 |\n", "| mine | 2 |\n", "| theirs | 3 |\n"),
    ],
)
def test_both_at_one_place(path: str, base: str, at: str, mine: str, theirs: str) -> None:
    """Theirs stands where it belongs, ours behind it; and it leaves again."""
    ours, wanted = (base.replace(at, at + new) for new in (mine, theirs))
    both = base.replace(at, at + theirs + mine)
    assert tiny.structured(path, base, ours, wanted) == both
    assert tiny.structured(path, wanted, both, base) == ours


def test_a_comment_stays_right_below_what_it_was_put_below() -> None:
    """Theirs put lines in behind the blank line there: above them, not below them."""
    at = "PORT=8000\n"
    ours = ENV.replace(at, f"{at}# mine\n")
    theirs = ENV.replace(f"{at}\n", f"{at}\n# Theirs\nTHEIRS=1\n\n")
    both = theirs.replace(at, f"{at}# mine\n")
    assert tiny.structured(".env", ENV, ours, theirs) == both
    assert tiny.structured(".env", theirs, both, ENV) == ours


@pytest.mark.parametrize(
    ("path", "base", "ours", "theirs", "expected"),
    [
        (".env", "A=1\nB=2\n", "A=7\nB=2\n", "A=1\nB=8\n", "A=7\nB=8\n"),
        (".env", "A=1\n", "A=7\n", "A=8\n", None),
        (".env", "A=1\n", "A=1\nB=1\n", "A=1\nB=2\n", None),
        (".env", "A=1\n", "A=1\nB=1\n", "A=1\nB=1\nC=1\n", "A=1\nC=1\nB=1\n"),
        (".env", "# A=1\nB=1\n", "A=7\nB=1\n", "B=1\n", None),  # set by the user, taken away
        (".env", "A=1\n", "A=1\nB=$A\n", "A=1\nC=$B\n", None),  # in which order?
        (".env", "A=1\nX=1\n", "A=1\n", "A=1\nX=1\nB=$X\n", None),  # of what went
        (".env", "A=1\n", 'A="\nx\n"\n', "A=1\nB=1\n", None),
        (".gitignore", "*\n", "*\n!mine\n", "*\n*.log\n", None),
        (".gitignore", "x\ny\n", "x\n", "x\ny\ny/z\n", "x\ny/z\n"),
        (".gitignore", "*\n", "*\nx", "*\ny\n", "*\ny\nx"),
        (".gitignore", "a\nb\na\n", "a\nx\nb\na\n", "a\ny\nb\na\n", None),
        (".gitignore", "a\n", "a\nsame\nx\n", "a\nsame\n", "a\nsame\nx\n"),
        ("a.md", "|a|\n|b|\n\nC.\n", "| a |\n| b |\n\nC.\n", "|a|\n\nC.\n", "| a |\n\nC.\n"),
        ("a.md", "|a|\n|-|\n", "| a |\n| - |\n", "|a|\n|-|\n|b|\n", "| a |\n| - |\n|b|\n"),
        ("a.md", "- a_\n", "* a\\_\n", "- b_\n", "- b_\n"),
        ("a.md", "- a\n", "- *a*\n", "- b\n", None),
        ("a.md", "- a\n- b\n", "- a\n  - b\n", "- a\n- c\n", None),
        ("a.md", "```\nx\ny\n```\n", "```\nif a:\n  x\n  y\n```\n", "```\nx\nz\n```\n", None),
        ("a.md", "`__all__` a\n", "`**all**` a\n", "`__all__` b\n", None),
        ("a.md", "|`-a`|\n", "| `--a` |\n", "|`-a` b|\n", None),
        ("a.md", TEXT, TEXT + "Mine.\n", TEXT + "Theirs.\n", None),
        ("a.md", TEXT, TEXT + "1. mine\n", TEXT + "1. theirs\n", None),
        ("a.md", "- a\n", "- a\n- b\n  mine\n", "- a\n- b\n  theirs\n", None),
    ],
)
def test_a_line_is_whose_who_changed_it(
    path: str, base: str, ours: str, theirs: str, expected: str | None
) -> None:
    assert tiny.structured(path, base, ours, theirs) == expected


@tiny.examples(500)
@given(
    path=st.sampled_from([".env", ".gitignore", "a.md"]),
    sides=st.lists(
        st.lists(
            st.sampled_from(["A=1", "A=2", "B=1", "# B=2", "", "a:", "!a", "*", "- a"]),
            max_size=9,
        ),
        min_size=3,
        max_size=3,
    ),
)
def test_no_line_is_lost_and_none_comes_back(path: str, sides: list[list[str]]) -> None:
    result = tiny.structured(path, *("".join(f"{line}\n" for line in side) for side in sides))
    if result is None:
        return
    base, ours, theirs = ({line.strip() for line in side if line} for side in sides)
    now = {line.strip() for line in result.split("\n") if line}
    assert (ours - base) | (theirs - base) | (base & ours & theirs) <= now
    assert now <= ours | theirs


def test_many_lines_end() -> None:
    base = "".join(f"K{n}={n}\n" for n in range(20_000))
    ours, theirs = base + "MINE=1\n", base + "THEIRS=1\n"
    assert tiny.structured(".env", base, ours, theirs) == base + "THEIRS=1\nMINE=1\n"


@pytest.mark.parametrize("path", [".venvignore", ".makeignore"])
def test_a_file_is_what_its_name_ends_with(path: str) -> None:
    texts = (b"a = 1\n", b"a = 1\nb = 2\n", b"a = 1\nc = 3\n")
    settled = kinds.structured(path, *texts)
    assert settled == kinds.structured(".gitignore", *texts)
