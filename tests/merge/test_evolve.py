"""evolve.py: what becomes of each path that a series changes, whatever the user did to it."""

from __future__ import annotations

from collections.abc import Iterator

import pygit2
import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from aegis_patch.merge import evolve, file_content
from aegis_patch.merge.file_content import Three
from aegis_patch.merge.outcome import Clean, Conflict, Conflicted, Outcome, Plan, Unchanged
from aegis_patch.merge.reason import Reason
from aegis_patch.objects.trees import Entry, bytes_of
from tests import tiny
from tests.promises import oracle
from tests.tiny import EXEC, LINK, Files

TEXT = b"".join(b"line %d\n" % n for n in range(20))
MINE = TEXT.replace(b"line 2\n", b"mine\n")
THEIRS = TEXT.replace(b"line 9\n", b"theirs\n")
BOTH = MINE.replace(b"line 9\n", b"theirs\n")
OTHER = TEXT.replace(b"line 2\n", b"theirs\n")  # meets MINE


def crlf(text: bytes) -> bytes:
    return text.replace(b"\n", b"\r\n")


@pytest.fixture(name="store", scope="module")
def small_store() -> Iterator[pygit2.Repository]:
    with tiny.empty_store() as made:
        yield made


def evolved(store: pygit2.Repository, old: Files, head: Files, new: Files) -> Outcome:
    before, after = tiny.tree(store, old), tiny.tree(store, new)
    return evolve.evolve(Plan(tiny.tree(store, head), before, after, None))


def clean(store: pygit2.Repository, old: Files, head: Files, new: Files) -> dict[str, object]:
    outcome = evolved(store, old, head, new)
    assert isinstance(outcome, Clean), outcome
    return dict(tiny.contents(outcome.tree))


def conflict(store: pygit2.Repository, old: Files, head: Files, new: Files) -> Conflict:
    """The one conflict; everything else, and its own path in the tree, is as in HEAD."""
    outcome = evolved(store, old, head, new)
    assert isinstance(outcome, Conflicted), outcome
    assert outcome.tree == tiny.tree(store, head)
    (found,) = outcome.conflicts
    return found


def notes(outcome: Outcome) -> list[tuple[str, str]]:
    return [(note.path, note.text) for note in outcome.notes]


# Clean.


@pytest.mark.parametrize(
    ("old", "head", "new", "result"),
    [
        ({"a": TEXT}, {"a": TEXT}, {"a": THEIRS}, {"a": THEIRS}),
        ({"a": TEXT}, {"a": MINE}, {"a": THEIRS}, {"a": BOTH}),
        ({"a": TEXT}, {"a": crlf(MINE)}, {"a": THEIRS}, {"a": crlf(BOTH)}),
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
    assert tiny.contents(tree) == (result or {**head, **new})


def test_nothing_to_do_is_unchanged(store: pygit2.Repository) -> None:
    assert evolved(store, {"a": TEXT}, {"a": MINE}, {"a": TEXT}) == Unchanged()
    outcome = evolved(store, {"a": TEXT}, {"a": THEIRS}, {"a": THEIRS})
    assert isinstance(outcome, Unchanged)


def test_what_the_user_deleted_stays_deleted_and_is_told(store: pygit2.Repository) -> None:
    outcome = evolved(store, {"a": TEXT, "b": b"1\n"}, {"b": b"1\n"}, {"a": THEIRS, "b": b"2\n"})
    assert isinstance(outcome, Clean)
    assert tiny.contents(outcome.tree) == {"b": b"2\n"}
    assert notes(outcome) == [("a", "left out: deleted by you")]


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
    marked = bytes_of(found.marked)
    assert found.marked is not None
    assert found.marked.mode == EXEC
    for line in (b"<<<<<<< HEAD (yours)\n", b"mine\n", b"theirs\n"):
        assert line in marked


def test_other_paths_go_on_beside_a_conflict(store: pygit2.Repository) -> None:
    old, head, new = {"a": TEXT, "b": b"1\n"}, {"a": MINE, "b": b"1\n"}, {"a": OTHER, "b": b"2\n"}
    outcome = evolved(store, old, head, new)
    assert isinstance(outcome, Conflicted)
    assert tiny.contents(outcome.tree) == {"a": MINE, "b": b"2\n"}


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
    assert b"<<<<<<<" not in bytes_of(found.marked)


def test_a_file_that_never_parsed_is_text(store: pygit2.Repository) -> None:
    made = clean(store, {"a.py": TEXT}, {"a.py": MINE}, {"a.py": THEIRS})
    assert made == {"a.py": BOTH}


# Moves.


def test_a_move_is_followed_with_its_edits_and_told(store: pygit2.Repository) -> None:
    for moved in (TEXT, MINE):
        outcome = evolved(store, {"a": TEXT}, {"src/a": moved}, {"a": THEIRS})
        assert isinstance(outcome, Clean)
        expected = THEIRS if moved == TEXT else BOTH
        assert tiny.contents(outcome.tree) == {"src/a": expected}
        assert notes(outcome) == [("a", "followed your move to src/")]


@pytest.mark.parametrize(
    ("mine", "theirs", "result"),
    [(TEXT, TEXT, TEXT), (MINE, TEXT, MINE), (TEXT, THEIRS, THEIRS), (MINE, THEIRS, BOTH)],
)
def test_a_move_that_both_made(
    store: pygit2.Repository, mine: bytes, theirs: bytes, result: bytes
) -> None:
    """Found by hand: the file was gone, though each of the two had it."""
    outcome = evolved(store, {"a": TEXT, "z": b""}, {"b": mine}, {"b": theirs, "z": b""})
    tree = outcome.tree if isinstance(outcome, Clean) else tiny.tree(store, {"b": mine})
    assert not isinstance(outcome, Conflicted)
    assert tiny.contents(tree) == {"b": result}


@pytest.mark.parametrize("path", ["a.toml", "a.md", ".env", "a.yaml"])
def test_two_files_of_one_name_are_not_made_one(store: pygit2.Repository, path: str) -> None:
    """Not even where every name in them is another: what either left out cannot be told."""
    texts = {"a.toml": "{} = 1\n", "a.md": "# {}\n", ".env": "{}=1\n", "a.yaml": "{}: 1\n"}
    mine, theirs = (texts[path].format(name).encode() for name in ("MINE", "THEIRS"))
    found = conflict(store, {}, {path: mine}, {path: theirs})
    assert found.reason is Reason.ADDED
    assert mine in bytes_of(found.marked)


def test_a_removal_follows_a_move(store: pygit2.Repository) -> None:
    assert clean(store, {"a": TEXT, "z": b""}, {"b": TEXT, "z": b""}, {"z": b""}) == {"z": b""}
    found = conflict(store, {"a": TEXT, "z": b""}, {"b": MINE, "z": b""}, {"z": b""})
    assert (found.path, found.reason) == ("b", Reason.DELETED_BY_US)


def test_one_file_never_stands_for_two_that_went(store: pygit2.Repository) -> None:
    old, new = {"a": TEXT, "b": TEXT + b"\n"}, {"a": THEIRS, "b": THEIRS}
    outcome = evolved(store, old, {"c": MINE}, new)
    tree = outcome.tree if isinstance(outcome, Clean) else tiny.tree(store, {"c": MINE})
    assert tiny.contents(tree) == {"c": MINE}


def test_an_empty_file_is_nobodys_copy(store: pygit2.Repository) -> None:
    old, head, new = {"a": b"", "z": b""}, {"b": b"", "z": b""}, {"a": b"x\n", "z": b"1"}
    assert clean(store, old, head, new) == {"b": b"", "z": b"1"}


def test_a_submodule_of_the_users_is_left_alone(store: pygit2.Repository) -> None:
    """Its commit is no object of ours; to look for moves must not stumble over it."""
    old, new = (tiny.tree(store, {"a": data}) for data in (TEXT, THEIRS))
    module = Entry(store, pygit2.Oid(hex="1" * 40), 0o160000)
    head = tiny.tree(store, {"z": b""}).replaced({"vendor/lib": module})
    outcome = evolve.evolve(Plan(head, old, new, None))
    assert not isinstance(outcome, Conflicted)


def test_a_file_of_ours_may_become_a_directory(store: pygit2.Repository) -> None:
    """On an unedited project every verb leads to the new pristine tree."""
    old, new = {"a": b"1\n", "z": b""}, {"a/b": b"1\n", "z": b""}
    assert clean(store, old, old, new) == new
    assert clean(store, new, new, old) == old


# Lines that both wrote.


def test_a_line_that_both_wrote_stays_when_the_series_leaves(store: pygit2.Repository) -> None:
    base, both = b"1\n2\n3\n4\n5\n", b"1\nsame\n2\n3\n4\n5\n"
    head, old, new = (tiny.tree(store, {"a": data}) for data in (both, both, base))
    yours = {"a": frozenset([b"same"])}
    outcome = evolve.evolve(Plan(head, old, new, None, yours))
    assert isinstance(outcome, Unchanged | Clean)
    tree = outcome.tree if isinstance(outcome, Clean) else head
    assert tiny.contents(tree) == {"a": both}


# No wrong place.

SHAPE = (
    "class {0}:\n    def run(self):\n        return 1\n\n    def stop(self):\n        pass\n\n\n"
)


def test_the_right_one_of_two_like_shaped_classes(store: pygit2.Repository) -> None:
    """Ours swapped the classes; theirs changed a method of the first. Git takes the second."""
    one, two = SHAPE.format("One"), SHAPE.format("Two")
    stop = "\n    def stop(self):\n        pass\n"
    for wanted in (one.replace("return 1", "return 'theirs'"), one.replace(stop, "")):
        sides = [text.encode() for text in (one + two, two + one, wanted + two)]
        found = conflict(store, *({"a.txt": text} for text in sides))
        assert (found.reason, found.detail[:4]) == (Reason.DOUBT, "line")
        made = clean(store, *({"a.py": text} for text in sides))["a.py"]
        assert isinstance(made, bytes)
        assert made.decode().rstrip() == (two + wanted).rstrip()


UNAMBIGUOUS = {
    "a line between two that are there once, whatever moved": (
        b"show\nnext\n  show\n  leave\n",
        b"show\nnext\n  show\n  mine\n  leave\n",
        b"  show\n  leave\nnext\n",
        b"  show\n  mine\n  leave\nnext\n",
    ),
    "an import, and a block behind the blank line below": (
        b"import N\n\nexport R\nuse N\n",
        b"import N\nimport A\n\nexport R\nuse N\n",
        b"import N\n\nconst s = 1\n\nexport R\nuse N\n",
        b"import N\nimport A\n\nconst s = 1\n\nexport R\nuse N\n",
    ),
    "an import that moved, and a block behind two blank lines": (
        b"a\nb\nc\n\n\nf\n",
        b"a\nc\nd\n\n\nf\n",
        b"a\nb\nc\n\nnew\n\n\nf\n",
        b"a\nc\nd\n\nnew\n\n\nf\n",
    ),
    "a blank line more, below a line of theirs": (
        b"a\n\nb\nc\n",
        b"a\n\n\nb\nc\n",
        b"a\nnew\n\nb\nc\n",
        b"a\nnew\n\n\nb\nc\n",
    ),
    "a block between lines that theirs changes, brace and all": (
        b"A = {\n  a\n}\n\nB = {\n  b\n}\n\nC = {\n  c\n}\n",
        b"A = {\n  a\n}\n\nM = {\n  m\n}\n\nB = {\n  b\n}\n\nC = {\n  c\n}\n",
        b"A = {\n  a;\n};\n\nB = {\n  b;\n};\n\nC = {\n  c;\n};\n",
        b"A = {\n  a;\n};\n\nM = {\n  m\n}\n\nB = {\n  b;\n};\n\nC = {\n  c;\n};\n",
    ),
    "a change that theirs made as well, among others": (
        b"FROM 1\n\nRUN a\n\nRUN b\n",
        b"FROM 2\n\nRUN a\n\nRUN b\n",
        b"FROM 2\n\nWORKDIR x\n\nRUN c\n\nRUN b\n",
        b"FROM 2\n\nWORKDIR x\n\nRUN c\n\nRUN b\n",
    ),
    "a change that theirs made as well, below a line that it moved": (
        b"a\nb\nc\n\nUserOut\nd\n",
        b"a\nb\nc\n\nUserPublic\nd\n",
        b"c\na\nb\n\nUserPublic\nd\n",
        b"c\na\nb\n\nUserPublic\nd\n",
    ),
}


@pytest.mark.parametrize("path", ["a.txt", "a.tsx"])
@pytest.mark.parametrize("what", UNAMBIGUOUS)
def test_where_git_is_clean_and_right_so_are_we(
    store: pygit2.Repository, what: str, path: str
) -> None:
    """Whichever of the two is the user; and git has to agree."""
    base, *changed, expected = UNAMBIGUOUS[what]
    for ours, theirs in (changed, changed[::-1]):
        outcome = evolved(store, {path: base}, {path: ours}, {path: theirs})
        assert isinstance(outcome, Clean) or (isinstance(outcome, Unchanged) and ours == expected)
        if isinstance(outcome, Clean):
            assert tiny.contents(outcome.tree) == {path: expected}
        sides = [tiny.tree(store, {path: text}) for text in (base, ours, theirs)]
        (by_git,) = oracle.merges(store, [(sides[0], sides[1], sides[2])])
        assert by_git.clean
        assert by_git.tree == tiny.tree(store, {path: expected})


def test_a_line_stays_between_unique_lines_that_theirs_moved(store: pygit2.Repository) -> None:
    """Found on our own releases, where a test's first lines became a function of their own."""
    block = (
        "    with socket() as free:\n        free.bind(0)\n        port = free.name()\n"
        "    log = open('log')\n    running = start(port, log)\n"
    )
    mine = block.replace("free.bind(0)\n", "free.bind(0)\n        # mine\n")
    answers = "def answers(url):\n    return get(url)\n\n\ndef test():\n    said = 'said'\n"
    old = f"import app\n\n\n{answers}\n{block}\n    until(said)\n"
    new = (
        f"import app\n\n\ndef begin():\n{block}    return running\n\n\n{answers}\n    until(said)\n"
    )
    texts = (old, old.replace(block, mine), new)
    made = clean(store, *({"a.txt": text.encode()} for text in texts))
    assert made == {"a.txt": new.replace(block, mine).encode()}


def test_a_like_shaped_class_put_above_takes_no_change_away(store: pygit2.Repository) -> None:
    one, new = SHAPE.format("One"), SHAPE.format("New")
    wanted = one.replace("return 1", "return 'theirs'")
    made = clean(
        store, {"a.py": one.encode()}, {"a.py": f"{new}{one}".encode()}, {"a.py": wanted.encode()}
    )
    assert made == {"a.py": f"{new}{wanted}".encode()}


def test_where_more_than_one_place_would_do_a_person_looks(store: pygit2.Repository) -> None:
    base = b"x\nblock\nx\nx\n"
    ours, theirs = b"x\nblock\nx\nmine\nx\n", b"x\n"
    found = conflict(store, {"a.txt": base}, {"a.txt": ours}, {"a.txt": theirs})
    assert found.reason in (Reason.DOUBT, Reason.TEXT)


def test_a_comment_between_repeated_blank_lines(store: pygit2.Repository) -> None:
    """Found on our own releases: it landed behind another function, without a word."""
    f, g, h = (f"def {name}():\n    return 1\n\n\n" for name in "fgh")
    old, new = f + g + h, f + h
    mine = f.rstrip("\n") + "\n\n# mine\n\n" + g + h
    found = evolved(store, *({"a.txt": text.encode()} for text in (old, mine, new)))
    assert isinstance(found, Conflicted)
    found = evolved(store, *({"a.py": text.encode()} for text in (old, mine, new)))
    assert isinstance(found, Conflicted)  # the comment was above what went


def test_a_copied_service_under_another_name(store: pygit2.Repository) -> None:
    """A copy repeats every line but one; the component's change finds the one that it means."""
    web = "  web:\n    image: app\n    restart: always\n    labels:\n      role: web\n\n"
    copy = web.replace("  web:", "  admin:")
    base = f"services:\n{web}  # slot: cache\n  # yours below\n"
    wanted = base.replace("restart: always", "restart: no").replace(
        "# slot: cache\n", "# slot: cache\n  redis: {}\n"
    )
    for ours in (base.replace(web, copy + web), base.replace(web, web + copy)):
        made = clean(store, *({"compose.yaml": text.encode()} for text in (base, ours, wanted)))
        text = ours.replace(web, web.replace("always", "no")).replace(
            "# slot: cache\n", "# slot: cache\n  redis: {}\n"
        )
        assert made == {"compose.yaml": text.encode()}


@tiny.examples(300)
@given(
    st.lists(
        st.lists(st.sampled_from([b"a\n", b"b\n", b"\n", b"c\n"]), max_size=8),
        min_size=3,
        max_size=3,
    )
)
@example([[b"a\n", b"b\n"], [b"b\n"], [b"a\n", b"b\n", b"b\n"]])  # a conflict from the end
@example([[b"\n", b"b\n"] * 2, [b"\n", b"\n", b"b\n"], [b"\n", b"b\n"] * 3])
def test_what_merges_is_never_merged_otherwise_from_the_end(
    store: pygit2.Repository, sides: list[list[bytes]]
) -> None:
    forward, backward = (
        evolved(store, *({"a.txt": b"".join(side[::way]), "z": b""} for side in sides))
        for way in (1, -1)
    )
    if isinstance(forward, Clean) and isinstance(backward, Clean):
        one, other = (tiny.contents(made.tree)["a.txt"] for made in (forward, backward))
        assert isinstance(one, bytes)
        assert isinstance(other, bytes)
        assert one.splitlines() == other.splitlines()[::-1]


def test_a_port_conflicts_and_what_stands_beside_it_does_not(store: pygit2.Repository) -> None:
    """`add ingress` replaces the port that the user changed; the rest of the file is settled."""
    base = "services:\n  web:\n    ports: ['8000']\n    image: app\n\n  # slot: ingress\n\nx: {}\n"
    ours = base.replace("8000", "9000").replace(
        "  # slot: ingress\n", "  # slot: ingress\n  mine: {}\n"
    )
    theirs = base.replace("ports: ['8000']", "extends: x").replace(
        "  # slot: ingress\n", "  # slot: ingress\n  ingress: {}\n"
    )
    found = conflict(store, *({"compose.yaml": text.encode()} for text in (base, ours, theirs)))
    marked = bytes_of(found.marked)
    assert marked.count(b"<<<<<<<") == 1
    lines = [line for line in marked.splitlines() if line.strip()]
    at = lines.index(b"  # slot: ingress")
    assert lines[at + 1 : at + 3] == [b"  ingress: {}", b"  mine: {}"]


FORMER = b"""
class Cron:
    # each wall
    def after(self, wall):
        first, second = (
            wall.timestamp() for fold in (0, 1)
        )
        return first


def parse(text):
    return Cron()
"""
WALL, AFTER = FORMER.splitlines(keepends=True)[2:4]
FORMATTED = FORMER.replace(b"(\n            wall", b"(wall").replace(b"1)\n        )", b"1))")
NEWER = b"def parse(text):\n    return cron(text)\n"


def test_what_the_user_only_formatted_comes_as_the_release_has_it(store: pygit2.Repository) -> None:
    assert clean(store, {"a.py": FORMER}, {"a.py": FORMATTED}, {"a.py": NEWER}) == {"a.py": NEWER}
    for mine in (
        FORMATTED.replace(b"first\n", b"second\n"),
        FORMATTED.replace(b"# each wall", b"# mine"),
        FORMATTED.replace(WALL + AFTER, AFTER + b"    " + WALL),
        FORMATTED.replace(b"    # each wall\n", b"    # each wall\n    # mine\n"),
        FORMATTED.replace(b"return first", b"mine()\n        return first"),
    ):
        conflict(store, {"a.py": FORMER}, {"a.py": mine}, {"a.py": NEWER})


def test_no_key_of_yaml_comes_to_another_level(store: pygit2.Repository) -> None:
    """The user's formatter indents keys further, and items less: a service was made of a key."""
    base = "services:\n  db:\n    volumes:\n        - v\nvolumes:\n  v: {}\nend:\n  a: 1\n"
    deep = "services:\n    db:\n        volumes:\n        - v\nvolumes:\n    v: {}\n"
    deep += "end:\n    a: 1\n    b: 2\n"
    theirs = base.replace("- v\n", "- v\n    restart: always\n", 1)
    sides = [text.encode() for text in (base, deep, theirs)]
    data, reason, _ = file_content.merge(Three(store, "compose.yaml", *sides))
    assert reason is None
    assert yaml.safe_load(data)["services"] == {"db": {"volumes": ["v"], "restart": "always"}}


@pytest.mark.parametrize("path", ["f.txt", "f.py", ".env"])
def test_what_one_side_took_out_does_not_come_with_what_the_other_moved(
    store: pygit2.Repository, path: str
) -> None:
    parts = [f"{name} = {name}{at}\n" for name in "abcd" for at in range(3)]
    first, second, *rest = ["".join(parts[at : at + 3]) for at in range(0, 12, 3)]
    base, without, moved = (
        "".join(each) for each in ([first, second, *rest], [second, *rest], [second, first, *rest])
    )
    for ours, theirs in ((without, moved), (moved, without)):
        three = Three(store, path, base.encode(), ours.encode(), theirs.encode())
        data, reason, _ = file_content.merge(three)
        assert reason is not None or first.encode() not in data
