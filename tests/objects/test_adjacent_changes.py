"""merges.touching: changes that only touch have one result, and what is more than that has none."""

from __future__ import annotations

import re
from collections import Counter

import pygit2
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from aegis_patch.merge import file_content
from aegis_patch.merge.file_content import Three
from aegis_patch.merge.reason import Reason
from aegis_patch.objects import adjacent_changes
from aegis_patch.objects.scratch import scratch
from tests import tiny

BASE = "".join(f"{n}\n" for n in range(1, 7))


def merged(
    store: pygit2.Repository, base: str, ours: str, theirs: str, path: str = "a.txt"
) -> str | None:
    """What becomes of a file; None: a person decides."""
    sides = (side.encode() for side in (base, ours, theirs))
    data, reason, _ = file_content.merge(Three(store, path, *sides))
    return data.decode() if reason is None else None


def test_a_blank_line_between_is_a_line_between(store: pygit2.Repository) -> None:
    """Though read from their end, the changes touch.

    Debian's series do so in six of 677 patches: ChangeLog entries, functions above each other.
    """
    base, theirs = "One\n\nTwo\n\nThree\n", "One\n\n\nThree\n"
    ours = "One\n\nTwo\n\nNew\n\nThree\n"
    assert merged(store, base, ours, theirs) == "One\n\n\nNew\n\nThree\n"
    assert merged(store, base, theirs, ours) == "One\n\n\nNew\n\nThree\n"


@pytest.mark.parametrize(
    ("old", "mine", "new", "theirs", "expected"),
    [
        ("3\n", "mine\n", "4\n", "theirs\n", "1\n2\nmine\ntheirs\n5\n6\n"),
        ("3\n", "3\nmine\n", "4\n", "theirs\n", "1\n2\n3\nmine\ntheirs\n5\n6\n"),
        ("4\n", "4\nmine\n", "4\n", "theirs\n", "1\n2\n3\ntheirs\nmine\n5\n6\n"),
        ("3\n", "mine\n", "4\n", "theirs\n4\n", "1\n2\nmine\ntheirs\n4\n5\n6\n"),
        ("3\n", "mine\n", "4\n", "", "1\n2\nmine\n5\n6\n"),
        ("3\n", "", "4\n", "theirs\n", "1\n2\ntheirs\n5\n6\n"),
        ("3\n", "", "4\n", "", "1\n2\n5\n6\n"),
        ("1\n", "mine\n1\n", "1\n", "theirs\n", "mine\ntheirs\n2\n3\n4\n5\n6\n"),
        ("6\n", "6\nmine\n", "6\n", "theirs\n", "1\n2\n3\n4\n5\ntheirs\nmine\n"),
        ("2\n3\n", "2\nmine\n3\n", "2\n3\n", "x\ny\n", None),  # in the midst of it
        ("3\n", "3\nmine\n", "4\n", "theirs\n4\n", None),  # which of them first?
        ("3\n", "3\nmine\n", "3\n", "", None),  # was it about what goes?
        ("4\n", "mine\n4\n", "4\n", "", None),
        ("3\n4\n", "mine\n", "4\n5\n", "theirs\n", None),
        ("6\n", "6\nmine", "6\n", "theirs", None),  # which ends the other's line
    ],
)
def test_what_touches(
    store: pygit2.Repository, old: str, mine: str, new: str, theirs: str, expected: str | None
) -> None:
    """And it is the same whoever of the two is the user."""
    ours, wanted = BASE.replace(old, mine, 1), BASE.replace(new, theirs, 1)
    assert merged(store, BASE, ours, wanted) == expected
    assert merged(store, BASE, wanted, ours) == expected


LIST = 'NAMES = [\n    "a",\n    "b",\n    # yours below\n]\n'


@pytest.mark.parametrize(
    ("old", "mine", "new", "theirs", "expected"),
    [
        ('"b",', '"b",\n    "mine",', '"b",', '"b",\n    "c",', ["a", "b", "mine", "c"]),
        ('"b",', '"B",', '"b",', '"b",\n    "c",', ["a", "B", "c"]),
        ('    "b",\n', "", '"b",', '"b",\n    "c",', ["a", "c"]),
        ('    "b",\n', "", '"b",', '"aa",\n    "b",', ["a", "aa"]),
        ('    "b",\n', "", '"b",', '# of b\n    "b",', None),  # a comment is about what follows
        ("    # yours below\n", "", '"b",', '"b",\n    "c",', None),  # who knows whose list it is
        ('"b",', '"B",', '"b",', '"C",', None),
    ],
)
@pytest.mark.parametrize("head", ["NAMES", "NAMES: list[str]"])
def test_items_of_a_list_with_an_anchor_are_about_themselves(
    store: pygit2.Repository,
    head: str,
    old: str,
    mine: str,
    new: str,
    theirs: str,
    expected: list[str] | None,
) -> None:
    base = LIST.replace("NAMES", head)
    text = merged(store, base, base.replace(old, mine, 1), base.replace(new, theirs, 1), "a.py")
    assert (text and re.findall('"(.*)"', text)) == expected


@pytest.mark.parametrize("others", ["", "from app.z import jobs as jobs\n\n"])
@pytest.mark.parametrize("path", ["models.py", "a.txt"])
def test_imports_above_an_anchor_are_items_though_not_indented(
    store: pygit2.Repository, others: str, path: str
) -> None:
    """An example is deleted with the blank line beside it; then a component comes at its place."""
    example, new = (f"from app.{name} import models as {name}_models\n\n" for name in "ab")
    ours = f"x = 1\n\n{others}# yours below\n"
    base = ours.replace(f"{others}#", f"{example}{others}#")
    theirs = base.replace(f"{others}#", f"{new}{others}#")
    expected = ours.replace(f"{others}#", f"{new}{others}#")
    assert merged(store, base, ours, theirs, path) == expected
    assert merged(store, base, theirs, ours, path) == expected
    more = theirs.replace("from app.b", "y = 2\nfrom app.b")
    assert merged(store, base, ours, more, path) is None


@pytest.mark.parametrize(
    ("old", "theirs"),
    [
        ("USER root\n", "USER root\nRUN apt\n"),  # not indented: in no list
        ("    b\n    # yours below\n", "    b\n    c\n    # yours below\n"),
    ],
)
def test_what_is_in_no_list_may_be_about_what_goes(
    store: pygit2.Repository, old: str, theirs: str
) -> None:
    base = f"a\n{old}" if "yours" in old else f"a\n{old}# yours below\n"
    gone, more = base.replace(old, ""), base.replace(old, theirs)
    assert merged(store, base, gone, more) is None
    assert merged(store, base, more, gone) is None


def test_a_chain_of_them(store: pygit2.Repository) -> None:
    ours, theirs = "I\n2\nIII\n4\nV\n6\n", "1\nii\n3\niv\n5\nvi\n"
    assert merged(store, BASE, ours, theirs) == "I\nii\nIII\niv\nV\nvi\n"


def test_one_true_conflict_is_one(store: pygit2.Repository) -> None:
    """Its markers are git's: what touches elsewhere in the file is marked as well."""
    ours, theirs = "I\n2\n3\n4\n5\nmine\n", "1\nii\n3\n4\n5\ntheirs\n"
    assert merged(store, BASE, ours, theirs) is None


@pytest.mark.parametrize("end", ["\r\n", "\n"])
def test_any_bytes_and_ends_of_lines(store: pygit2.Repository, end: str) -> None:
    sides = [f"\xe9 1{end}2{end}3", f"\xe9 I{end}2{end}3", f"\xe9 1{end}ii{end}3"]
    three = Three(store, "a.txt", *(side.encode("latin-1") for side in sides))
    data, reason, _ = file_content.merge(three)
    assert (data, reason) == (f"\xe9 I{end}ii{end}3".encode("latin-1"), None)


def test_among_repeated_lines_it_is_in_doubt(store: pygit2.Repository) -> None:
    """Which of the like lines went cannot be told; it matters only if one wrote between them."""
    assert merged(store, "x\nx\ny\n", "x\nx\nmine\n", "x\ny\n") == "x\nmine\n"
    assert merged(store, "a\nx\nx\nb\n", "a\nx\nmine\nx\nb\n", "a\nx\nb\n") is None


PYTHON = """\
def f(a):
    if a:
        one()
    else:
        two()
        three()


@cached
def g():
    return 1
"""


@pytest.mark.parametrize(
    ("old", "mine", "new", "theirs", "clean"),
    [
        ("one()\n", "one(1)\n", "    else:\n", "    elif b:\n", True),
        ("two()\n", "two(2)\n", "three()\n", "three(3)\n", True),
        ("three()\n", "three()\n        mine()\n", "three()\n", "3\n", True),
        # It would go to the other branch, or to another function.
        ("two()\n", "mine()\n", "    else:\n", "", False),
        ("def g():\n", "@mine\ndef g():\n", "def g():\n    return 1\n", "def h(): ...\n", False),
        ("@cached\n", "@mine\n", "def g():\n    return 1\n", "def h(): ...\n", False),
        # It does not parse.
        ("if a:\n", "while a:\n", "        one()\n", "", False),
    ],
)
def test_python_stays_in_the_branch_that_it_was_written_in(
    store: pygit2.Repository, old: str, mine: str, new: str, theirs: str, clean: bool
) -> None:
    ours, wanted = PYTHON.replace(old, mine, 1), PYTHON.replace(new, theirs, 1)
    assert ours != PYTHON != wanted
    assert (merged(store, PYTHON, ours, wanted, "a.py") is not None) is clean


def test_what_names_settle_and_what_touches_in_one_file(store: pygit2.Repository) -> None:
    base = "services:\n  # slot: cache\n  web:\n    command: |\n      one\n      two\n"
    ours = base.replace("cache\n", "cache\n  mine: {}\n").replace("one", "1")
    theirs = base.replace("cache\n", "cache\n  redis: {}\n").replace("two", "2")
    both = base.replace("cache\n", "cache\n  redis: {}\n  mine: {}\n")
    expected = both.replace("one", "1").replace("two", "2")
    assert merged(store, base, ours, theirs, "compose.yaml") == expected


def test_a_comment_stays_above_its_line(store: pygit2.Repository) -> None:
    """Theirs moved the line and wrote another in its place: a comment on it is not on that."""
    moved, about = "4\n1\n2\n3\nother\n5\n6\n", BASE.replace("4\n", "# why\n4\n")
    assert merged(store, BASE, about, moved) is None
    assert merged(store, BASE, moved, about) is None
    assert merged(store, BASE, about, moved.replace("4\n1", "1\n4")) is None
    elsewhere = BASE.replace("2\n", "# why\n2\n")
    expected = moved.replace("2\n", "# why\n2\n")
    assert merged(store, BASE, elsewhere, moved) == expected


def test_a_conflict_of_the_reverse_is_no_merge(store: pygit2.Repository) -> None:
    three = Three(store, "a.txt", b"1\n2\n", b"1\nmine\n2\n", b"1\ntheirs\n2\n")
    found = file_content.merge(three)
    assert found[1] is Reason.TEXT
    assert b"<<<<<<<" in found[0]


# For whatever texts.


few = st.lists(st.sampled_from(["a\n", "b\n", "\n", "c\n"]), max_size=8)


@tiny.examples(300)
@given(few, few)
def test_hunks_make_the_other_text(base: list[str], side: list[str]) -> None:
    text, other = "".join(base).encode(), "".join(side).encode()
    for sides in ((other, text), (text, other), (other, other)):
        assert adjacent_changes.merged(text, *sides) == other


def edited(edits: list[tuple[int, int, int]], name: str) -> list[str]:
    """Lines 0 to 9 with some taken out at a place, and some of one's own put in."""
    lines = [f"{n}\n" for n in range(10)]
    for number, (at, gone, come) in enumerate(edits):
        lines[at : at + gone] = [f"{name} {number} {each}\n" for each in range(come)]
    return lines


edits = st.lists(
    st.tuples(st.integers(0, 10), st.integers(0, 2), st.integers(0, 2)), min_size=1, max_size=3
)


@tiny.examples(800)
@given(edits, edits)
def test_every_line_is_where_both_have_it(
    one: list[tuple[int, int, int]], other: list[tuple[int, int, int]]
) -> None:
    """None is lost, none comes back, none is made up, and each side's are in its order."""
    base, ours, theirs = edited([], ""), edited(one, "mine"), edited(other, "theirs")
    with scratch(()) as store:
        texts = ["".join(lines) for lines in (base, ours, theirs)]
        result = merged(store, *texts)
        assert result == merged(store, texts[0], texts[2], texts[1])
    if result is None:
        return
    now = result.splitlines(keepends=True)
    gone = (set(base) - set(ours)) | (set(base) - set(theirs))
    assert Counter(now) == Counter({*base, *ours, *theirs} - gone)
    for side in (ours, theirs):
        assert [line for line in now if line in side] == [line for line in side if line in now]


@tiny.examples(500)
@given(few, few, few)
@example(
    ["b\n"] * 2 + ["a\n"] * 2, ["a\n"], ["b\n"] * 2 + ["a\n"] * 2 + ["b\n", "a\n"]
)  # a conflict from the end
@example(
    ["a\n", "b\n", "b\n", "a\n"], ["b\n"] * 2 + ["a\n"] * 2, ["b\n"] * 3 + ["a\n"] * 2
)  # an `a` that moved, and git has it twice
def test_among_repeated_lines_none_is_lost(
    base: list[str], ours: list[str], theirs: list[str]
) -> None:
    with scratch(()) as store:
        texts = ["".join(lines) for lines in (base, ours, theirs)]
        result = merged(store, *texts)
        backward = merged(store, *("".join(reversed(side)) for side in (base, ours, theirs)))
    if result is None:
        return
    assert backward in (None, "".join(reversed(result.splitlines(keepends=True))))
    was, mine, wanted, now = (
        Counter(side) for side in (base, ours, theirs, result.splitlines(keepends=True))
    )
    for line in {*base, *ours, *theirs, *now} - {"\n"}:
        low, high = sorted((mine[line], wanted[line]))
        both = mine[line] + wanted[line] - was[line]
        assert min(low, both) <= now[line] <= max(high, both)
