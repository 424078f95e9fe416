"""merges.gone: what theirs takes away, and ours has lost already."""

from __future__ import annotations

from collections.abc import Iterator

import pygit2
import pytest

from aegis_patch import content
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
    data, reason, _ = content.merge(store, "notes.txt", *sides)
    return reason is None and data == ours.encode()


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
