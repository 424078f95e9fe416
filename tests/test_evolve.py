"""evolve.py: what becomes of each path that a series changes, whatever the user did to it."""

from __future__ import annotations

from collections.abc import Iterator

import pygit2
import pytest

from aegis_patch import evolve, trees
from aegis_patch.evolve import Clean, Conflict, Conflicted, Outcome, Plan, Reason, Unchanged
from tests import tiny
from tests.tiny import EXEC, LINK, Files

TEXT = b"".join(b"line %d\n" % n for n in range(20))
MINE = TEXT.replace(b"line 2\n", b"mine\n")
THEIRS = TEXT.replace(b"line 9\n", b"theirs\n")
BOTH = MINE.replace(b"line 9\n", b"theirs\n")
OTHER = TEXT.replace(b"line 2\n", b"theirs\n")  # meets MINE


@pytest.fixture(name="store", scope="module")
def small_store() -> Iterator[pygit2.Repository]:
    with tiny.empty_store() as made:
        yield made


def evolved(store: pygit2.Repository, old: Files, head: Files, new: Files) -> Outcome:
    before, after = tiny.tree(store, old), tiny.tree(store, new)
    return evolve.evolve(store, Plan(tiny.tree(store, head), before, after, None))


def clean(store: pygit2.Repository, old: Files, head: Files, new: Files) -> dict[str, object]:
    outcome = evolved(store, old, head, new)
    assert isinstance(outcome, Clean), outcome
    return dict(tiny.contents(store, outcome.tree))


def conflict(store: pygit2.Repository, old: Files, head: Files, new: Files) -> Conflict:
    """The one conflict; everything else, and its own path in the tree, is as in HEAD."""
    outcome = evolved(store, old, head, new)
    assert isinstance(outcome, Conflicted), outcome
    assert outcome.tree == tiny.tree(store, head)
    (found,) = outcome.conflicts
    return found


def notes(outcome: Outcome) -> list[tuple[str, str]]:
    assert not isinstance(outcome, Unchanged)
    return [(note.path, note.text) for note in outcome.notes]


# Clean.


@pytest.mark.parametrize(
    ("old", "head", "new", "result"),
    [
        ({"a": TEXT}, {"a": TEXT}, {"a": THEIRS}, {"a": THEIRS}),
        ({"a": TEXT}, {"a": MINE}, {"a": THEIRS}, {"a": BOTH}),
        ({"a": TEXT}, {"a": TEXT, "b": b"mine"}, {"a": TEXT, "c": b""}, None),
        ({"a": TEXT, "b": b""}, {"a": MINE, "b": b""}, {"a": TEXT}, {"a": MINE}),
        ({"a": TEXT}, {"a": (TEXT, EXEC)}, {"a": THEIRS}, {"a": (THEIRS, EXEC)}),
        ({"a": TEXT}, {"a": MINE}, {"a": (TEXT, EXEC)}, {"a": (MINE, EXEC)}),
        ({"a": TEXT}, {"a": MINE}, {"a": (THEIRS, EXEC)}, {"a": (BOTH, EXEC)}),
        ({"a": (b"x", LINK)}, {"a": (b"x", LINK)}, {"a": (b"y", LINK)}, {"a": (b"y", LINK)}),
        ({"a": b"\0"}, {"a": b"\0"}, {"a": b"\0\0"}, {"a": b"\0\0"}),
        ({"a": b"\0"}, {"a": (b"\0", EXEC)}, {"a": b"\0\0"}, {"a": (b"\0\0", EXEC)}),
        ({}, {"a": b"same"}, {"a": b"same"}, {"a": b"same"}),
        ({"a": b"1\n", "b": b""}, {"b": b""}, {"b": b"2\n"}, {"b": b"2\n"}),
    ],
)
def test_what_merges(
    store: pygit2.Repository, old: Files, head: Files, new: Files, result: Files | None
) -> None:
    outcome = evolved(store, old, head, new)
    tree = outcome.tree if isinstance(outcome, Clean) else tiny.tree(store, head)
    assert not isinstance(outcome, Conflicted)
    assert tiny.contents(store, tree) == (result or {**head, **new})


def test_nothing_to_do_is_unchanged(store: pygit2.Repository) -> None:
    assert evolved(store, {"a": TEXT}, {"a": MINE}, {"a": TEXT}) == Unchanged()
    assert evolved(store, {"a": TEXT}, {"a": THEIRS}, {"a": THEIRS}) == Unchanged()


def test_what_the_user_deleted_stays_deleted_and_is_told(store: pygit2.Repository) -> None:
    outcome = evolved(store, {"a": TEXT, "b": b"1\n"}, {"b": b"1\n"}, {"a": THEIRS, "b": b"2\n"})
    assert isinstance(outcome, Clean)
    assert tiny.contents(store, outcome.tree) == {"b": b"2\n"}
    assert notes(outcome) == [("a", "you deleted it; it stays deleted")]


def test_the_very_file_that_a_series_adds_is_told(store: pygit2.Repository) -> None:
    outcome = evolved(store, {}, {"a": TEXT}, {"a": TEXT, "b": b""})
    assert [path for path, _ in notes(outcome)] == ["a"]


# Conflicts: an outcome, never an exception.


@pytest.mark.parametrize(
    ("old", "head", "new", "reason"),
    [
        ({"a": TEXT}, {"a": MINE}, {"a": OTHER}, Reason.TEXT),
        ({"a": TEXT}, {"a": MINE}, {}, Reason.DELETED_BY_US),
        ({}, {"a": MINE}, {"a": OTHER}, Reason.ADDED),
        ({"a": b"\0"}, {"a": b"\0mine"}, {"a": b"\0theirs"}, Reason.BINARY),
        ({}, {"a": b"\0mine"}, {"a": b"\0theirs"}, Reason.BINARY),
        ({"a": (b"x", LINK)}, {"a": (b"y", LINK)}, {"a": (b"z", LINK)}, Reason.BINARY),
        ({"a": TEXT}, {"a": (b"x", LINK)}, {"a": THEIRS}, Reason.KIND),
        ({}, {"a": (b"x", LINK)}, {"a": TEXT}, Reason.KIND),
        ({"z": b""}, {"z": b"", "a/b": b"mine"}, {"z": b"", "a": TEXT}, Reason.KIND),
        ({"z": b""}, {"z": b"", "a": b"mine"}, {"z": b"", "a/b": TEXT}, Reason.KIND),
        ({"a": TEXT}, {"a": MINE.replace(b"\n", b"\r\n")}, {"a": THEIRS}, Reason.TEXT),
        ({"a": TEXT + b"\0" * 9000}, {"a": MINE + b"\0"}, {"a": THEIRS}, Reason.BINARY),
        ({"a": TEXT * 99 + b"\0"}, {"a": MINE * 99 + b"\0"}, {"a": THEIRS * 99}, Reason.TEXT),
    ],
)
def test_what_only_a_person_can_decide(
    store: pygit2.Repository, old: Files, head: Files, new: Files, reason: Reason
) -> None:
    found = conflict(store, old, head, new)
    assert (found.path, found.reason) == ("a/b" if "a/b" in new else "a", reason)
    for files, side in zip((old, head, new), (found.sides.base, found.sides.ours), strict=False):
        assert (side is not None) == (found.path in files)


def test_a_conflict_holds_both_sides_marked(store: pygit2.Repository) -> None:
    found = conflict(store, {"a": TEXT}, {"a": (MINE, EXEC)}, {"a": OTHER})
    marked = trees.blob(store, found.marked)
    assert found.marked is not None
    assert found.marked.mode == EXEC
    for line in (b"<<<<<<< HEAD (yours)\n", b"mine\n", b"theirs\n"):
        assert line in marked


def test_other_paths_go_on_beside_a_conflict(store: pygit2.Repository) -> None:
    old, head, new = {"a": TEXT, "b": b"1\n"}, {"a": MINE, "b": b"1\n"}, {"a": OTHER, "b": b"2\n"}
    outcome = evolved(store, old, head, new)
    assert isinstance(outcome, Conflicted)
    assert tiny.contents(store, outcome.tree) == {"a": MINE, "b": b"2\n"}


@pytest.mark.parametrize(
    ("path", "base", "ours", "theirs"),
    [
        (
            "compose.yaml",
            b"services:\n  a: 1\n  # b\n  # c\n  # d\nnetworks: {}\n",
            b"services:\n  cache: mine\n  a: 1\n  # b\n  # c\n  # d\nnetworks: {}\n",
            b"services:\n  a: 1\n  # b\n  # c\n  # d\n  cache: theirs\nnetworks: {}\n",
        ),
        ("a.toml", b"\n# 1\n# 2\n# 3\n", b"x = 1\n\n# 1\n# 2\n# 3\n", b"\n# 1\n# 2\n# 3\nx = 2\n"),
        (
            "a.py",
            b"# 1\n# 2\n# 3\n# 4\n",
            b"# 1\nif x:\n# 2\n# 3\n# 4\n  y\n",
            b"# 1\n# 2\n# 3\nz\n# 4\n",
        ),
    ],
)
def test_a_result_that_does_not_parse_is_a_conflict_with_its_line(
    store: pygit2.Repository, path: str, base: bytes, ours: bytes, theirs: bytes
) -> None:
    found = conflict(store, {path: base}, {path: ours}, {path: theirs})
    assert found.reason is Reason.SYNTAX
    assert "line" in found.detail
    assert b"<<<<<<<" not in trees.blob(store, found.marked)


def test_a_file_that_never_parsed_is_text(store: pygit2.Repository) -> None:
    made = clean(store, {"a.py": TEXT}, {"a.py": MINE}, {"a.py": THEIRS})
    assert made == {"a.py": BOTH}


# Moves.


def test_a_move_is_followed_with_its_edits_and_told(store: pygit2.Repository) -> None:
    for moved in (TEXT, MINE):
        outcome = evolved(store, {"a": TEXT}, {"src/a": moved}, {"a": THEIRS})
        assert isinstance(outcome, Clean)
        expected = THEIRS if moved == TEXT else BOTH
        assert tiny.contents(store, outcome.tree) == {"src/a": expected}
        assert notes(outcome) == [("a", "followed to src/a, where you moved it")]


def test_a_removal_follows_a_move(store: pygit2.Repository) -> None:
    assert clean(store, {"a": TEXT, "z": b""}, {"b": TEXT, "z": b""}, {"z": b""}) == {"z": b""}
    found = conflict(store, {"a": TEXT, "z": b""}, {"b": MINE, "z": b""}, {"z": b""})
    assert (found.path, found.reason) == ("b", Reason.DELETED_BY_US)


@pytest.mark.parametrize(
    "head",
    [
        {"b": TEXT, "c": TEXT},  # two candidates
        {"b": b"something else\n" * 20},  # not alike
        {"b": TEXT[: len(TEXT) // 2]},  # half of it
    ],
)
def test_a_move_in_doubt_is_a_deletion(store: pygit2.Repository, head: Files) -> None:
    outcome = evolved(store, {"a": TEXT}, head, {"a": THEIRS})
    assert not isinstance(outcome, Conflicted)
    tree = outcome.tree if isinstance(outcome, Clean) else tiny.tree(store, head)
    assert tiny.contents(store, tree) == head


def test_one_file_never_stands_for_two_that_went(store: pygit2.Repository) -> None:
    old, new = {"a": TEXT, "b": TEXT + b"\n"}, {"a": THEIRS, "b": THEIRS}
    outcome = evolved(store, old, {"c": TEXT}, new)
    tree = outcome.tree if isinstance(outcome, Clean) else tiny.tree(store, {"c": TEXT})
    assert tiny.contents(store, tree) == {"c": TEXT}


def test_an_empty_file_is_nobodys_copy(store: pygit2.Repository) -> None:
    old, head, new = {"a": b"", "z": b""}, {"b": b"", "z": b""}, {"a": b"x\n", "z": b"1"}
    assert clean(store, old, head, new) == {"b": b"", "z": b"1"}


def test_a_submodule_of_the_users_is_left_alone(store: pygit2.Repository) -> None:
    """Its commit is no object of ours; to look for moves must not stumble over it."""
    old, new = (tiny.tree(store, {"a": data}) for data in (TEXT, THEIRS))
    module = trees.Entry(pygit2.Oid(hex="1" * 40), 0o160000)
    head = trees.replace(store, tiny.tree(store, {"z": b""}), {"vendor/lib": module})
    outcome = evolve.evolve(store, Plan(head, old, new, None))
    assert not isinstance(outcome, Conflicted)


def test_a_file_of_ours_may_become_a_directory(store: pygit2.Repository) -> None:
    """On an unedited project every verb leads to the new pristine tree."""
    old, new = {"a": b"1\n", "z": b""}, {"a/b": b"1\n", "z": b""}
    assert clean(store, old, old, new) == new
    assert clean(store, new, new, old) == old


# Lines that both wrote.


def test_a_line_that_both_wrote_is_told(store: pygit2.Repository) -> None:
    base, both = b"1\n2\n3\n", b"1\nsame\n2\n3\n"
    outcome = evolved(store, {"a": base}, {"a": both}, {"a": both + b"4\n"})
    assert any("you had written this too" in text for _, text in notes(outcome))


def test_and_it_stays_when_the_series_leaves(store: pygit2.Repository) -> None:
    base, both = b"1\n2\n3\n4\n5\n", b"1\nsame\n2\n3\n4\n5\n"
    head, old, new = (tiny.tree(store, {"a": data}) for data in (both, both, base))
    yours = {"a": frozenset([b"same"])}
    outcome = evolve.evolve(store, Plan(head, old, new, None, yours))
    assert isinstance(outcome, Unchanged | Clean)
    tree = outcome.tree if isinstance(outcome, Clean) else head
    assert tiny.contents(store, tree) == {"a": both}
