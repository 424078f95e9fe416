"""The merge of one file's text."""

from __future__ import annotations

import pygit2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pygit2.enums import FileMode

from aegis_patch.objects import texts

LINES = st.lists(st.sampled_from(["a\n", "b\n", "c\r\n", "\n", "é\n"]), max_size=12)
TEXTS = st.builds(lambda lines, end: "".join(lines) + end, LINES, st.sampled_from(["", "end"]))


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> pygit2.Repository:
    return pygit2.init_repository(tmp_path_factory.mktemp("store"), bare=True)


def by_git(store: pygit2.Repository, *sides: str) -> tuple[bool, bytes]:
    base, ours, theirs = (
        pygit2.IndexEntry("file", store.create_blob(side.encode()), FileMode.BLOB) for side in sides
    )
    made = store.merge_file_from_index(base, ours, theirs)
    return made.automergeable, made.contents.encode()


@given(base=TEXTS, ours=TEXTS, theirs=TEXTS)
def test_changes_apart_merge_as_git_merges_them(
    store: pygit2.Repository, base: str, ours: str, theirs: str
) -> None:
    found = texts._merged_apart(base.encode(), ours.encode(), theirs.encode())
    if found:  # pygit2 doesn't hand back an empty one
        assert by_git(store, base, ours, theirs) == (True, found)


def test_changes_with_a_line_between_them_are_apart() -> None:
    base = b"a\nb\nc\nd\n"
    assert texts._merged_apart(base, b"A\nb\nc\nd\n", b"a\nb\nc\nD\ne\n") == b"A\nb\nc\nD\ne\n"
    assert texts._merged_apart(base, b"A\nb\nc\nd\n", b"a\nB\nc\nd\n") is None
    assert texts._merged_apart(base, b"a\nx\nb\nc\nd\n", b"a\ny\nb\nc\nd\n") is None
