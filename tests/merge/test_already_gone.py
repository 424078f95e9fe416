"""merges.gone: what theirs takes away, and ours has lost already."""

from __future__ import annotations

from collections.abc import Iterator

import pygit2
import pytest

from aegis_patch.merge import already_gone, file_content
from aegis_patch.objects import conflict_markers, texts
from tests import tiny
from tests.conftest import Start

BASE = """\
# Harbor

- **Cache**: keeps answers
- **Worker**: runs jobs with arq

## Layout

The code is in `app`.
"""
THEIRS = BASE.replace("- **Worker**: runs jobs with arq\n", "")


@pytest.fixture(name="store", scope="module")
def small_store() -> Iterator[pygit2.Repository]:
    with tiny.empty_store() as made:
        yield made


def merged(store: pygit2.Repository, ours: str, base: str = BASE, theirs: str = THEIRS) -> bool:
    sides = tuple(side.encode() for side in (base, ours, theirs))
    data, reason, _ = file_content.merge(store, "notes.txt", *sides)
    return reason is None and data == ours.encode()


def test_a_long_line_takes_no_longer() -> None:
    assert already_gone.left([b"worker\n"], [b"x\n"], b"x" * 10_000_000) == []


def test_a_text_that_was_written_anew_stays_as_it_is(store: pygit2.Repository) -> None:
    assert merged(store, "# Our service\n\nAsk Uma.\n")
    assert merged(store, "")


@pytest.mark.parametrize(
    "ours",
    [
        "# Our service\n\nThe worker is Uma's.\n",
        "# Our service\n\nQueues: ARQ\n",
        "# Our service\n\nnothing else runs here\n",
    ],
)
def test_a_word_of_it_that_is_left_is_for_a_person(store: pygit2.Repository, ours: str) -> None:
    assert not merged(store, ours)


ANEW = """\
# Our service

Ask Uma.

The worker
is Uma's.

She knows.
"""


def test_what_is_marked_is_the_word_that_is_left(store: pygit2.Repository) -> None:
    """And not all of the old text beside all of the new one."""
    sides = tuple(side.encode() for side in (BASE, ANEW, THEIRS))
    data, reason, _ = file_content.merge(store, "README.md", *sides)
    assert reason is file_content.Reason.TEXT
    lines = data.splitlines(keepends=True)
    (place,) = conflict_markers.places(lines)
    assert place.mine == [b"The worker\n"]
    assert place.wanted == []
    assert b"".join([*lines[: place.start], *place.mine, *lines[place.stop :]]) == ANEW.encode()


@pytest.mark.parametrize(
    ("ours", "base", "theirs"),
    [
        # One of the lines that go is there as it was: the text merge knows where.
        (f"{ANEW}- **Cache**: keeps answers\n", BASE, "# Harbor\n\nNothing.\n"),
        (ANEW, f"{BASE}The code.\n", THEIRS),  # a line that no word tells
        (ANEW, BASE, f"{THEIRS}More.\n"),  # something comes as well
    ],
)
def test_else_it_is_marked_as_git_marks_it(
    store: pygit2.Repository, ours: str, base: str, theirs: str
) -> None:
    sides = tuple(side.encode() for side in (base, ours, theirs))
    data, reason, _ = file_content.merge(store, "notes.txt", *sides)
    assert reason is file_content.Reason.TEXT
    assert data == texts.merge_text(store, *sides).data


def test_a_small_conflict_is_as_git_marks_it(store: pygit2.Repository) -> None:
    """Ours changed the line that goes, and the one above it, where it speaks of it too."""
    ours = BASE.replace("with arq", "with arq, at night").replace("Cache", "Worker's cache")
    sides = tuple(side.encode() for side in (BASE, ours, THEIRS))
    data, reason, _ = file_content.merge(store, "notes.txt", *sides)
    assert reason is file_content.Reason.TEXT
    assert data == texts.merge_text(store, *sides).data


def test_a_slot_that_names_it_does_not_count(store: pygit2.Repository) -> None:
    base, theirs = (f"<!-- slot: worker -->\n{side}" for side in (BASE, THEIRS))
    assert not merged(store, "- **Worker**: what we do at night\n", base, theirs)
    assert merged(store, "- Nothing\n", base, theirs)


@pytest.mark.parametrize(
    ("base", "ours", "theirs"),
    [
        ("one = 1\ntimeout = 30\n", "two = 1\ntimeout = 45\n", "one = 1\n"),  # edited
        ("make test\nmake test\n", "ask Uma\n", "make test\n"),  # a line that tells nothing
        ("keep\nalso worker\n", "other\n", "kept anew\n"),  # something comes as well
        ("A: yes\nother: 1\n", "A: no\nother: 1\n", "other: 1\n"),  # a short name
        ("- 80:80  # web\n- 1:1\n", "- 80:80\n- 1:1\n", "- 1:1\n"),  # the comment alone
        ("['a b',  # web\n'c']\n", "['a b'\n'c']\n", "'c']\n"),
        ("# web\n- 80:80\n- 1:1\n", "- 8080:80\n- 1:1\n", "- 1:1\n"),  # no words
    ],
)
def test_where_it_cannot_be_told(
    store: pygit2.Repository, base: str, ours: str, theirs: str
) -> None:
    assert not merged(store, ours, base, theirs)


def test_a_readme_of_my_own_does_not_mind_what_goes(start: Start) -> None:
    project = start("worker", "scheduler")
    project.write("README.md", "# Ours\n\n## Layout\n\nAsk Uma.\n")
    project.commit("Say it ourselves")
    for name in ("worker", "scheduler"):
        project.aegis("remove", name)
    assert project.read("README.md") == "# Ours\n\n## Layout\n\nAsk Uma.\n"
