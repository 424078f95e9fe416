"""trees.py: trees in, trees out, as git itself would have them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pygit2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pygit2.enums import ObjectType

from aegis_patch.objects import texts, tree_merges
from aegis_patch.objects.scratch import scratch
from aegis_patch.objects.trees import Entry, Tree
from aegis_patch.verbs.step import FileChange, file_changes
from tests import tiny
from tests.tiny import EXEC, FILE, LINK, Files


@pytest.fixture(name="store", scope="module")
def small_store() -> Iterator[pygit2.Repository]:
    with tiny.empty_store() as made:
        yield made


def text(store: pygit2.Repository, data: bytes, mode: int = FILE) -> Entry:
    return Entry.written(store, data, mode)


# Looking up and replacing.


def test_lookup_finds_files_and_subtree_directories(store: pygit2.Repository) -> None:
    tree = tiny.tree(store, {"a": b"1", "d/e/f": (b"2", EXEC)})
    assert tree.lookup("d/e/f") == text(store, b"2", EXEC)
    assert tree.lookup("d/e") is None
    assert tree.lookup("a/b") is None
    assert tree.lookup("nothing") is None
    assert tree.subtree("d/e") == tiny.tree(store, {"f": (b"2", EXEC)})
    assert tree.subtree("") == tree
    assert tree.subtree("a") is None
    assert tree.subtree("nothing") is None
    assert list(tree.files()) == ["a", "d/e/f"]
    assert list(tree.files("d")) == ["d/e/f"]
    assert [*tree.files("a"), *tree.files("nothing")] == []
    assert tree.read("d/e/f") == b"2"
    assert tree.read("nothing") == b""


@pytest.mark.parametrize(
    ("before", "edits", "after"),
    [
        ({"a": b"1"}, {"b/c": b"2"}, {"a": b"1", "b/c": b"2"}),
        ({"a": b"1", "b/c": b"2"}, {"b/c": None}, {"a": b"1"}),
        ({"a/b/c": b"1", "a/d": b""}, {"a/b/c": None}, {"a/d": b""}),
        ({"a": b"1"}, {"a": None, "a/b": b"2"}, {"a/b": b"2"}),
        ({"a/b": b"2"}, {"a/b": None, "a": b"1"}, {"a": b"1"}),
        ({"a": b"1"}, {"z": None, "y/x": None}, {"a": b"1"}),
        ({"a": b"1"}, {}, {"a": b"1"}),
    ],
)
def test_replace(
    store: pygit2.Repository, before: Files, edits: dict[str, bytes | None], after: Files
) -> None:
    made = {path: None if data is None else text(store, data) for path, data in edits.items()}
    assert tiny.tree(store, before).replaced(made) == tiny.tree(store, after)


def test_a_tree_is_put_in_a_directorys_place(store: pygit2.Repository) -> None:
    inner = tiny.tree(store, {"x": b"1"})
    root = tiny.tree(store, {"a": b"", "services/api/old": b""})
    expected = tiny.tree(store, {"a": b"", "services/api/x": b"1"})
    assert root.replaced({"services/api": inner}) == expected
    expected = tiny.tree(store, {"a": b"", "services/api/old": b"", "b/c/x": b"1"})
    assert root.replaced({"b/c": inner}) == expected


some_files = st.dictionaries(
    st.sampled_from(["a", "b/c", "b/d", "b/e/f", "g", "ü/日本"]),
    st.tuples(st.sampled_from([b"", b"1\n", b"2\n"]), st.sampled_from([FILE, EXEC, LINK])),
)


@tiny.examples(60)
@given(old=some_files, new=some_files)
def test_changed_is_what_git_says_and_replacing_it_leads_there(
    store: pygit2.Repository, old: Files, new: Files
) -> None:
    before, after = tiny.tree(store, old), tiny.tree(store, new)
    said = tiny.git(
        store, "diff-tree", "-r", "-z", "--name-only", "--no-renames", str(before), str(after)
    )
    changed = before.changed(after)
    assert list(changed) == sorted(path for path in said.decode().split("\0") if path)
    edits = {path: after.lookup(path) for path in changed}
    assert before.replaced(edits) == after


def test_changed_sees_a_file_become_a_directory(store: pygit2.Repository) -> None:
    old, new = tiny.tree(store, {"a": b"1"}), tiny.tree(store, {"a/b": b"1"})
    assert old.changed(new) == new.changed(old) == ("a", "a/b")


# Merging.

BASE = b"".join(b"line %d\n" % n for n in range(9))
TOP, BOTTOM = BASE.replace(b"line 1\n", b"top\n"), BASE.replace(b"line 7\n", b"bottom\n")
BOTH = TOP.replace(b"line 7\n", b"bottom\n")


@pytest.mark.parametrize(
    "recode",
    [
        lambda data: data,
        lambda data: data.replace(b"top", "süß 🦊".encode()),
        lambda data: data.replace(b"top", b"s\xfc\xdf"),  # latin-1
        lambda data: data.replace(b"line 4", b"\xff\xfe").replace(b"top", "ü".encode()),  # mixed
        lambda data: data.replace(b"\n", b"\r\n"),
        lambda data: data.replace(b"line 4\n", b"a\x0cb\x85c\xe2\x80\xa8d\r\n"),
        lambda data: data[:-1],
        lambda data: b"\xef\xbb\xbf" + data,
    ],
)
def test_text_of_any_encoding_merges(store: pygit2.Repository, recode: object) -> None:
    assert callable(recode)
    sides = [recode(data) for data in (BASE, TOP, BOTTOM)]
    result = texts.merge_text(store, *sides)
    assert result.clean
    assert result.data == recode(BOTH)


@pytest.mark.parametrize("recode", [lambda data: data, lambda data: data.replace(b"l", b"\xe4")])
def test_a_conflict_is_marked_and_holds_both_sides(
    store: pygit2.Repository, recode: object
) -> None:
    assert callable(recode)
    other = BASE.replace(b"line 1\n", b"theirs\n")
    result = texts.merge_text(store, *(recode(data) for data in (BASE, TOP, other)))
    assert not result.clean
    for part in (b"<<<<<<< HEAD (yours)\n", b"top\n", b"theirs\n", b">>>>>>> aegis (theirs)\n"):
        assert recode(part) in result.data or part in result.data


@pytest.mark.parametrize("binary", [b"\0", BASE + b"\0", b"x" * 9000 + b"\0"])
def test_what_is_binary_is_never_merged(store: pygit2.Repository, binary: bytes) -> None:
    for at in range(3):
        sides = [BASE * 200, TOP * 200, BOTTOM * 200]
        sides[at] = binary
        result = texts.merge_text(store, *sides)
        assert not result.clean
        assert result.data == sides[1]


def test_line_endings_against_each_other_are_a_conflict(store: pygit2.Repository) -> None:
    assert not texts.merge_text(store, BASE, TOP.replace(b"\n", b"\r\n"), BOTTOM).clean


def test_trees_merge_by_text_and_clashes_are_named(store: pygit2.Repository) -> None:
    base = tiny.tree(store, {"a": BASE, "b": b"1\n"})
    ours = tiny.tree(store, {"a": TOP, "b": b"1\n", "mine": b""})
    theirs = tiny.tree(store, {"a": BOTTOM, "b": (b"1\n", EXEC), "theirs": b""})
    both = tiny.tree(store, {"a": BOTH, "b": (b"1\n", EXEC), "mine": b"", "theirs": b""})
    assert tree_merges.merge(base, ours, theirs) == (both, ())
    assert tree_merges.merge(base, base, theirs) == (theirs, ())
    assert tree_merges.merge(base, ours, base) == (ours, ())
    assert tree_merges.merge(base, ours, ours) == (ours, ())
    clash = tiny.tree(store, {"a": BASE.replace(b"line 1", b"other"), "b": b"2\n"})
    assert tree_merges.merge(base, ours, clash) == (ours, ("a",))


@pytest.mark.parametrize(
    ("ours", "theirs", "clash"),
    [
        ({"a": b"1", "x": b"mine"}, {"a": b"1", "x": b"theirs"}, "x"),
        ({"a": b"2"}, {"b": b""}, "a"),
        ({"b": b""}, {"a": b"2"}, "a"),
        ({"a": b"1", "x": b""}, {"a": b"1", "x/y": b""}, "x/y"),
        ({"a": b"1", "x": b"\0"}, {"a": b"1", "x": b"\0\0"}, "x"),
    ],
)
def test_what_trees_cannot_merge_is_a_clash(
    store: pygit2.Repository, ours: Files, theirs: Files, clash: str
) -> None:
    mine = tiny.tree(store, ours)
    tree, clashes = tree_merges.merge(tiny.tree(store, {"a": b"1"}), mine, tiny.tree(store, theirs))
    assert tree == mine
    assert clash in clashes


def test_a_scratch_store_leaves_nothing_behind_and_sees_its_alternates(tmp_path: Path) -> None:
    other = pygit2.init_repository(tmp_path, bare=True)
    known = other.create_blob(b"known")
    with scratch([Path(other.path, "objects")]) as store:
        place = Path(store.path)
        assert Entry(store, known, FILE).data == b"known"
        made = store.create_blob(b"made")
    assert not place.exists()
    assert made not in other


def test_a_loose_merge_takes_both_sides_and_never_clashes(store: pygit2.Repository) -> None:
    base = {"text": b"a\nb\nc\n", "gone": b"x\n", "kept": b"x\n", "image": b"\0", "same": b"s\n"}
    ours = {**base, "text": b"a\nours\nc\n", "image": b"\0ours", "kept": b"ours\n"}
    theirs = {**base, "text": b"a\ntheirs\nc\n", "image": b"\0theirs", "gone": b"theirs\n"}
    del ours["gone"], theirs["kept"]
    made = tree_merges.merge_loosely(*(tiny.tree(store, side) for side in (base, ours, theirs)))
    assert tiny.contents(made) == {
        "text": b"a\nours\ntheirs\nc\n",
        "image": b"\0ours",
        "kept": b"ours\n",
        "same": b"s\n",
    }


def test_equal_directories_are_not_read() -> None:
    """However large they are; here, they are not even there."""
    with tiny.empty_store() as store:
        files = [store.create_blob(data).raw for data in (b"1", b"2")]
        raw = [b"100644 a\0" + file + b"40000 d\0" + b"\x11" * 20 for file in files]
        one, other = (Tree(store, store.write(ObjectType.TREE, text)) for text in raw)
        assert one.changed(other) == ("a",)
        assert [path for path, _ in one.lacking(other)] == ["a"]


def test_the_files_of_a_commit_are_found_without_reading_what_is_equal(
    store: pygit2.Repository,
) -> None:
    absent = bytes.fromhex("1" * 40)
    old, new = (
        Tree(
            store,
            store.write(
                ObjectType.TREE,
                b"100644 a\0%b40000 mine\0%b" % (text(store, data).id.raw, absent),
            ),
        )
        for data in (b"1\n2\n", b"2\n3\n4\n")
    )
    assert file_changes(old, new, "") == (FileChange("a", "modified", 2, 1),)
