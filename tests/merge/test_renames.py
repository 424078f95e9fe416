"""renames.py: what the user renamed or moved is followed, and never by mistake."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import pygit2
import pytest

from aegis_patch.formats import python_names
from aegis_patch.merge import evolve, renames
from aegis_patch.merge.outcome import Clean, Conflict, Conflicted, Outcome, Plan, Unchanged
from aegis_patch.merge.reason import Reason
from aegis_patch.objects.trees import bytes_of
from aegis_patch.terminal import as_text
from aegis_patch.values import replace
from tests import tiny
from tests.conftest import Project, Start, begun
from tests.small_forks import BASE, publish, series
from tests.tiny import Files


def text(name: str, count: int = 20) -> bytes:
    """A file that is like no other."""
    return b"".join(b"%s says %d\n" % (name.encode(), n) for n in range(count))


ONE, TWO, THREE = text("one"), text("two"), text("three")
ONE_NOW = ONE.replace(b"one says 9\n", b"theirs\n")


def less(percent: int) -> bytes:
    """`ONE`, so many per cent of it."""
    kept = ONE.splitlines(keepends=True)[: 20 * percent // 100]
    return b"".join(kept) + text("mine", 20 - len(kept))


def planned(
    store: pygit2.Repository, old: Files, head: Files, new: Files, *, ignorecase: bool = False
) -> Plan:
    before, mine, after = (tiny.tree(store, {"z": b"", **files}) for files in (old, head, new))
    return Plan(mine, before, after, None, ignorecase=ignorecase)


def evolved(store: pygit2.Repository, old: Files, head: Files, new: Files) -> Outcome:
    return evolve.evolve(planned(store, old, head, new))


def clean(store: pygit2.Repository, old: Files, head: Files, new: Files) -> dict[str, object]:
    outcome = evolved(store, old, head, new)
    assert not isinstance(outcome, Conflicted), outcome.conflicts
    made = outcome.tree if isinstance(outcome, Clean) else tiny.tree(store, head)
    return {path: data for path, data in tiny.contents(made).items() if path != "z"}


def conflict(store: pygit2.Repository, old: Files, head: Files, new: Files) -> Conflict:
    outcome = evolved(store, old, head, new)
    assert isinstance(outcome, Conflicted), outcome
    (found,) = outcome.conflicts
    return found


def told(store: pygit2.Repository, old: Files, head: Files, new: Files) -> str:
    outcome = evolved(store, old, head, new)
    return "\n".join(f"{note.path}: {note.text}" for note in outcome.notes)


def test_a_file_far_too_large_is_not_read(store: pygit2.Repository) -> None:
    old = {"x.py": ONE}
    for size, path in ((1 << 15, "y.py"), (1 << 17, None)):
        head = {"y.py": ONE + b"x" * size}
        before, after = (tiny.tree(store, files) for files in (old, head))
        assert renames.follow(before, after, ["x.py"]).files.get("x.py") == path


# A directory.

WORKER = {"w/__init__.py": b"", "w/run.py": ONE, "w/jobs/__init__.py": b"", "w/jobs/mail.py": TWO}
MOVED = {path.replace("w/", "back/ground/", 1): data for path, data in WORKER.items()}


def cache(package: str, *mine: str) -> Files:
    """A package whose modules name one another in full, one with lines of mine; a page about it."""
    store = [f"from {package}.settings import URL", "", *(f"kept_{n} = URL" for n in range(20))]
    run = [f"from {package} import settings", f'LOADED = "{package}.store:kept_1"', *mine]
    run += [f"run_{n} = settings" for n in range(20)]
    files = {"settings": ["URL = 1"] * 20, "store": store, "run": run}
    place = package.replace(".", "/")
    made = {f"{place}/{name}.py": "\n".join([*lines, ""]).encode() for name, lines in files.items()}
    return made | {"docs/cache.md": f"`{package}.store` is in `{place}/`.\n".encode()}


@pytest.mark.parametrize("now", ["app.cache", "app.parts.cache", "harbor.components.cache"])
def test_a_moved_package_whose_imports_follow_goes(store: pygit2.Repository, now: str) -> None:
    assert clean(store, cache("app.components.cache"), cache(now), {}) == {}


def test_a_line_of_mine_in_a_moved_package_is_asked_about(store: pygit2.Repository) -> None:
    old, head = cache("app.components.cache"), cache("app.cache", "MINE = 1")
    found = conflict(store, old, head, {})
    assert (found.path, found.reason) == ("app/cache/run.py", Reason.DELETED_BY_US)


def test_a_module_of_another_place_is_mine(store: pygit2.Repository) -> None:
    moved = dict(cache("app.cache"))
    old, head = cache("app.components.cache"), moved
    moved["app/cache/run.py"] = cache("app.mine")["app/mine/run.py"]
    assert conflict(store, old, head, {}).path == "app/cache/run.py"


def test_a_renamed_directory_is_followed_file_by_file(store: pygit2.Repository) -> None:
    made = clean(store, WORKER, MOVED, {**WORKER, "w/run.py": ONE_NOW, "w/__init__.py": b"1\n"})
    assert made == {**MOVED, "back/ground/run.py": ONE_NOW, "back/ground/__init__.py": b"1\n"}


def test_a_removal_takes_it_away_there_with_its_empty_files(store: pygit2.Repository) -> None:
    assert clean(store, WORKER, MOVED, {}) == {}


def test_my_own_files_in_it_stay(store: pygit2.Repository) -> None:
    mine = {"back/ground/mine.py": THREE}
    assert clean(store, WORKER, {**MOVED, **mine}, {}) == mine


@pytest.mark.parametrize("path", ["w/new.py", "w/jobs/new.py", "w/more/new.py"])
def test_a_new_file_goes_where_its_directory_went(store: pygit2.Repository, path: str) -> None:
    new = {**WORKER, path: THREE}
    there = path.replace("w/", "back/ground/", 1)
    assert clean(store, WORKER, MOVED, new) == {**MOVED, there: THREE}
    into = there.removesuffix("new.py")
    assert f"{path}: put into {into}, following your move" in told(store, WORKER, MOVED, new)
    assert clean(store, new, {**MOVED, there: THREE}, WORKER) == MOVED


@pytest.mark.parametrize(
    "head",
    [
        {**WORKER, "other/run.py": ONE},  # a copy: the directory is still there
        {**MOVED, "w/mine.py": THREE},  # part of it is still there
        {"back/run.py": ONE, "front/mail.py": TWO},  # torn apart
        {"misc/mail.py": TWO},  # most of it was deleted
    ],
)
def test_a_new_file_stays_where_its_directory_did_not_move(
    store: pygit2.Repository, head: Files
) -> None:
    made = clean(store, WORKER, head, {**WORKER, "w/new.py": THREE, "w/new.txt": b"3\n"})
    assert made == {**head, "w/new.py": THREE, "w/new.txt": b"3\n"}


def test_two_new_files_never_share_a_place(store: pygit2.Repository) -> None:
    """Found by chance, beside git: the one of a directory moved up, and the one that is there."""
    old, head = {"a/b/x": ONE}, {"a/x": ONE}
    new = {**old, "a/b/new": TWO, "a/new": THREE}
    assert clean(store, old, head, new) == {"a/x": ONE, "a/b/new": TWO, "a/new": THREE}
    old, head = {"a/x": ONE, "b/y": TWO}, {"c/x": ONE, "c/y": TWO}
    new = {**old, "a/new": b"1\n", "b/new": b"2\n"}
    assert clean(store, old, head, new) == {**head, "a/new": b"1\n", "b/new": b"2\n"}


def test_a_place_where_theirs_brings_another_file(store: pygit2.Repository) -> None:
    found = conflict(store, {"a": ONE}, {"b": ONE}, {"a": ONE_NOW, "b": TWO})
    assert (found.path, found.reason) == ("b", Reason.ADDED)
    found = conflict(store, {"a": ONE}, {"b": ONE}, {"b": TWO})
    assert (found.path, found.reason) == ("b", Reason.ADDED)


def test_what_i_wrote_anew_in_it_is_for_a_person_to_decide(store: pygit2.Repository) -> None:
    head = {**MOVED, "back/ground/run.py": THREE}
    for new in ({**WORKER, "w/run.py": ONE_NOW}, {"w/jobs/mail.py": TWO}):
        found = conflict(store, WORKER, head, new)
        assert found.path == "back/ground/run.py"


def test_what_i_deleted_of_it_stays_deleted(store: pygit2.Repository) -> None:
    head = {path: data for path, data in MOVED.items() if path != "back/ground/run.py"}
    assert clean(store, WORKER, head, {**WORKER, "w/run.py": ONE_NOW}) == head
    assert clean(store, WORKER, head, {}) == {}
    assert "w/run.py: left out: deleted by you" in told(
        store, WORKER, head, {**WORKER, "w/run.py": ONE_NOW}
    )


@pytest.mark.parametrize(
    ("head", "new", "said"),
    [
        ("src/{}", "", "app/0, app/1, app/2 and 2 more: followed your move to src/app/"),
        ("{}", "src/{}", ""),
        ("", "{}", "app/0, app/1, app/2 and 2 more: left out: deleted by you"),
    ],
)
def test_many_files_of_a_directory_are_told_in_one_line(
    store: pygit2.Repository, head: str, new: str, said: str
) -> None:
    old = {f"app/{n}": text(str(n)) for n in range(5)}
    mine = {head.format(path): data for path, data in old.items() if head}
    wanted = {new.format(path): data + b"theirs\n" for path, data in old.items() if new}
    notes = evolved(store, old, mine, wanted).notes
    assert list(as_text.grouped(notes)) == ([said] if said else [])


def test_a_file_of_mine_in_the_new_place_is_not_overwritten(store: pygit2.Repository) -> None:
    head = {**MOVED, "back/ground/new.py": b"mine = 1\n"}
    found = conflict(store, WORKER, head, {**WORKER, "w/new.py": THREE})
    assert (found.path, found.reason) == ("back/ground/new.py", Reason.ADDED)


def test_two_directories_of_like_files_each_find_their_own(store: pygit2.Repository) -> None:
    like = ONE.replace(b"one says 3\n", b"another\n")
    old = {"a/x.py": ONE, "a/y.py": TWO, "b/x.py": like, "b/y.py": THREE}
    head = {f"new/{path}": data for path, data in old.items()}
    made = clean(store, old, head, {**old, "b/x.py": like + b"theirs\n"})
    assert made == {**head, "new/b/x.py": like + b"theirs\n"}


# A module that became a package.


def test_a_module_that_became_a_package(store: pygit2.Repository) -> None:
    assert clean(store, {"x.py": ONE}, {"x/__init__.py": ONE}, {"x.py": ONE_NOW}) == {
        "x/__init__.py": ONE_NOW
    }
    assert clean(store, {"x.py": ONE}, {"x/__init__.py": ONE}, {}) == {}
    assert clean(store, {"x": ONE}, {"x/y": ONE}, {"x": ONE_NOW}) == {"x/y": ONE_NOW}


def test_a_module_that_was_split_stays_as_it_is(store: pygit2.Repository) -> None:
    """What the upstream changes in it, or takes away, is reported with its new place."""
    lines = ONE.splitlines(keepends=True)
    halves = {"x/__init__.py": b"".join(lines[:12]), "x/more.py": b"".join(lines[12:])}
    for new in ({"x.py": ONE_NOW}, {}):
        assert clean(store, {"x.py": ONE}, halves, new) == halves
        assert "x.py: no longer exists; x/__init__.py" in told(store, {"x.py": ONE}, halves, new)


def test_a_module_is_not_brought_beside_a_package_that_would_hide_it(
    store: pygit2.Repository,
) -> None:
    for mine in ("x/__init__.py", "x/mine.py"):  # a package needs no __init__.py
        found = conflict(store, {}, {mine: b"mine = 1\n"}, {"x.py": ONE})
        assert (found.path, found.reason) == ("x.py", Reason.KIND)


# Doubt.


@pytest.mark.parametrize(
    "head",
    [
        {"b": ONE, "c": ONE},  # two copies
        {"b": less(95), "c": less(90)},  # two that are alike
        {"b": less(75)},  # much of it: history would have to prove it
        {"b": text("other")},
    ],
)
def test_what_is_in_doubt_is_not_followed(store: pygit2.Repository, head: Files) -> None:
    assert clean(store, {"a": ONE}, head, {"a": ONE_NOW}) == head
    assert clean(store, {"a": ONE}, head, {}) == head


@pytest.mark.parametrize("new", [{}, {"a": ONE_NOW}])
def test_but_where_it_may_be_is_told(store: pygit2.Repository, new: Files) -> None:
    assert "a: no longer exists; b and c look similar" in told(
        store, {"a": ONE}, {"b": ONE, "c": ONE}, new
    )
    assert "a: no longer exists; b looks similar" in told(store, {"a": ONE}, {"b": less(75)}, new)
    assert "look" not in told(store, {"a": ONE}, {"b": TWO}, new)


def test_the_very_file_is_it_and_a_changed_copy_is_not(store: pygit2.Repository) -> None:
    head = {"b": ONE, "c": less(90)}
    assert clean(store, {"a": ONE}, head, {"a": ONE_NOW}) == {**head, "b": ONE_NOW}


def test_a_copy_is_no_move(store: pygit2.Repository) -> None:
    head = {"a": ONE, "b": ONE}
    assert clean(store, {"a": ONE}, head, {"a": ONE_NOW}) == {"a": ONE_NOW, "b": ONE}
    assert clean(store, {"a": ONE}, head, {}) == {"b": ONE}


def test_a_file_in_a_copy_of_its_directory_is_no_move(store: pygit2.Repository) -> None:
    """The directory was copied, and later a file of the first one deleted: the copy is mine."""
    old = {"at/one.py": ONE, "at/two.py": TWO}
    head = {"at/two.py": TWO, "copy/one.py": ONE, "copy/two.py": TWO}
    gone = {"copy/one.py": ONE, "copy/two.py": TWO}
    assert clean(store, old, head, {}) == gone
    assert clean(store, old, head, {"at/one.py": ONE_NOW, "at/two.py": TWO}) == head
    found = evolved(store, old, head, {"at/one.py": ONE_NOW, "at/two.py": TWO})
    assert any("copy/one.py looks similar" in note.text for note in found.notes)


def test_a_file_that_went_to_one_of_like_files_is_a_move(store: pygit2.Repository) -> None:
    old = {"a/one.py": ONE, "a/two.py": TWO, "b/two.py": TWO}
    head = {"a/two.py": TWO, "b/one.py": ONE, "b/two.py": TWO}
    new = {**old, "a/one.py": ONE_NOW}
    assert clean(store, old, head, new) == {**head, "b/one.py": ONE_NOW}


def test_empty_files_are_all_alike(store: pygit2.Repository) -> None:
    old = {"a/__init__.py": b"", "b/__init__.py": b"", "b/x.py": ONE}
    head = {"mine/__init__.py": b"", "mine/sub/__init__.py": b"", "b/__init__.py": b""}
    assert clean(store, old, {**head, "b/x.py": ONE}, {}) == {
        path: b"" for path in head if path.startswith("mine")
    }


def test_a_link_is_no_file(store: pygit2.Repository) -> None:
    target = b"somewhere\n"
    head: Files = {"b": (target, tiny.LINK)}
    assert clean(store, {"a": target}, head, {"a": b"1\n"}) == head


@pytest.mark.parametrize(
    ("text", "now"),
    [
        ("from app import x, y", "from shop import x, y"),
        ("import app.core.logs", "import shop.core.logs"),
        ("see app/core", "see shop/core"),
        ('QUEUE = "app"', 'QUEUE = "app"'),
        ("from apps import app_x", "from apps import app_x"),
        ("my.app.core", "my.app.core"),
    ],
)
def test_a_package_of_one_word_is_named_where_it_is_imported(text: str, now: str) -> None:
    modules = python_names.renamed({"app/core/a.py": "shop/core/a.py"})
    assert modules["app"] == "shop"
    assert python_names.under(text.encode(), modules).decode() == now


def test_a_package_that_was_put_into_another() -> None:
    modules = python_names.renamed({"app/core/a.py": "src/app/core/a.py"})
    text = b'import app.core\nX = "app.session"\nY = "app/core/x", "app/x"\n'
    assert python_names.under(text, modules) == (
        b'import src.app.core\nX = "src.app.session"\nY = "src/app/core/x", "src/app/x"\n'
    )


# What the upstream moves.


def test_an_edit_follows_a_file_that_the_upstream_moves(store: pygit2.Repository) -> None:
    mine = ONE.replace(b"one says 2\n", b"mine\n")
    both = mine.replace(b"one says 9\n", b"theirs\n")
    assert clean(store, {"a": ONE}, {"a": mine}, {"b/a": ONE_NOW}) == {"b/a": both}
    assert clean(store, {"a": ONE}, {"a": mine}, {"a/b": ONE_NOW}) == {"a/b": both}
    assert clean(store, {"a/b": ONE}, {"a/b": mine}, {"a": ONE_NOW}) == {"a": both}
    assert "b: has your changes from a, which aegis moved" in told(
        store, {"a": ONE}, {"a": mine}, {"b": ONE_NOW}
    )


def test_an_edit_does_not_follow_another_file_that_looks_like_it(store: pygit2.Repository) -> None:
    like = ONE.replace(b"one says 3\n", b"another\n")
    mine = ONE + b"mine\n"
    outcome = evolved(store, {"a": ONE, "b": like}, {"a": mine, "b": like}, {"x/b": like})
    assert isinstance(outcome, Conflicted)
    assert [(each.path, each.reason) for each in outcome.conflicts] == [("a", Reason.DELETED_BY_US)]
    assert tiny.contents(outcome.tree) == {"z": b"", "a": mine, "x/b": like}


def test_a_conflict_at_its_new_place(store: pygit2.Repository) -> None:
    mine, wanted = (ONE.replace(b"one says 2\n", word) for word in (b"mine\n", b"theirs\n"))
    outcome = evolved(store, {"a": ONE}, {"a": mine}, {"b": wanted})
    assert isinstance(outcome, Conflicted)
    (found,) = outcome.conflicts
    assert (found.path, found.reason) == ("b", Reason.TEXT)
    assert b"mine\n" in bytes_of(found.marked)
    assert tiny.contents(outcome.tree) == {"z": b"", "b": mine}


def test_a_file_of_mine_where_the_upstream_moves_it(store: pygit2.Repository) -> None:
    mine = ONE.replace(b"one says 2\n", b"mine\n")
    outcome = evolved(store, {"a": ONE}, {"a": mine, "b": TWO}, {"b": ONE_NOW})
    assert isinstance(outcome, Conflicted)
    assert [(each.path, each.reason) for each in outcome.conflicts] == [
        ("a", Reason.DELETED_BY_US),
        ("b", Reason.ADDED),
    ]


def test_both_moved_it(store: pygit2.Repository) -> None:
    """It stays where the user moved it; the next release finds it there."""
    head = {"mine": ONE.replace(b"one says 2\n", b"mine\n")}
    both = {"mine": head["mine"].replace(b"one says 9\n", b"theirs\n")}
    assert clean(store, {"a": ONE}, head, {"b": ONE_NOW}) == both
    assert "mine: stays where you moved it; aegis moved it to b" in told(
        store, {"a": ONE}, head, {"b": ONE_NOW}
    )
    assert clean(store, {"b": ONE_NOW}, both, {"b": ONE}) == head
    assert clean(store, {"a": ONE}, {"b": head["mine"]}, {"b": ONE_NOW}) == {"b": both["mine"]}


# What the user deleted.


@pytest.mark.parametrize(
    ("old", "head", "new"),
    [
        ({"a": ONE}, {}, {"b": ONE}),
        ({"a": ONE}, {}, {"b/c/a": ONE_NOW}),
        ({"a": ONE}, {}, {"b/a": less(90)}),
        (WORKER, {}, MOVED),
        (WORKER, {"w/run.py": ONE}, {**MOVED, "back/ground/run.py": ONE_NOW}),
    ],
)
def test_it_stays_deleted_where_the_upstream_moves_it(
    store: pygit2.Repository, old: Files, head: Files, new: Files
) -> None:
    there = {
        path.replace("w/", "back/ground/", 1): new[path.replace("w/", "back/ground/", 1)]
        for path in head
    }
    outcome = evolved(store, old, head, new)
    assert clean(store, old, head, new) == there
    left = [note.path for note in outcome.notes if not note.applied]
    assert sorted(left) == sorted(old.keys() - head.keys() - new.keys())


def test_what_looks_like_a_deleted_file_comes(store: pygit2.Repository) -> None:
    new = {"b": less(60)}
    assert clean(store, {"a": ONE}, {}, new) == new


def test_what_a_component_brings_comes_where_the_parts_of_others_are_gone(
    store: pygit2.Repository,
) -> None:
    old = {"app/parts/a/x.py": ONE, "app/parts/a/y.py": TWO, "tests/a/x.py": ONE, "tests/y": TWO}
    code, test = {"app/parts/b/z.py": THREE}, {"tests/b/z.py": THREE}
    there = {"app/main.py": ONE_NOW}
    old |= there
    plan = planned(store, old, there, {**old, **code, **test})
    outcome = evolve.evolve(replace(plan, less=plan.old))
    assert isinstance(outcome, Clean)
    assert tiny.contents(outcome.tree) == {"z": b"", **there, **code}


def test_it_stays_deleted_over_many_releases(store: pygit2.Repository) -> None:
    releases: list[Files] = [WORKER, MOVED, {"x/run.py": ONE_NOW, "x/mail.py": TWO}, {"x.py": TWO}]
    first, *rest = itertools.pairwise(releases)
    head = clean(store, first[0], {"w/run.py": ONE}, first[1])
    for old, new in rest:
        head = clean(store, old, head, new)  # type: ignore[arg-type]  # dicts are invariant
    assert head == {}


def test_what_looks_like_what_i_deleted_and_is_another_file_comes(
    store: pygit2.Repository,
) -> None:
    """Theirs moved both, or only the one that I kept."""
    like = ONE.replace(b"one says 3\n", b"another\n")
    old = {"a/one.py": ONE, "a/like.py": like}
    head = {"a/one.py": ONE}
    assert clean(store, old, head, {"b/one.py": ONE_NOW}) == {"b/one.py": ONE_NOW}
    both = {"b/one.py": ONE, "b/like.py": like}
    assert clean(store, old, head, both) == {"b/one.py": ONE}
    assert clean(store, {"a": ONE}, {}, {"b": TWO}) == {"b": TWO}
    mine = {"b": b"mine\n"}  # where theirs moved it, a file of mine
    assert conflict(store, {"a": ONE}, mine, {"b": ONE}).reason is Reason.ADDED


@pytest.mark.parametrize("path", ["w/new.py", "w/jobs/new.py", "w/more/new.py"])
def test_what_comes_into_a_directory_that_i_deleted_is_left_out(
    store: pygit2.Repository, path: str
) -> None:
    old, new = {**WORKER, "x": ONE_NOW}, {**WORKER, "x": ONE_NOW, path: THREE}
    (note,) = evolved(store, old, {"x": ONE_NOW}, new).notes
    assert (note.path, note.text, note.applied) == (path, "left out: you deleted w", False)
    moved = {f"src/{each}": data for each, data in new.items()}
    assert clean(store, old, {}, moved) == {}
    assert clean(store, {"w/__init__.py": b""}, {}, {"w/__init__.py": b"", path: THREE}) == {
        path: THREE
    }
    found = conflict(store, old, {"w": b"a file"}, new)
    assert (found.path, found.reason) == (path, Reason.KIND)


# Names that differ in case alone.


@pytest.mark.parametrize("head", [{"readme.md": TWO}, {"docs/A.md": TWO, "DOCS": TWO}])
def test_a_name_in_another_case(store: pygit2.Repository, head: Files) -> None:
    new = {"README.md": ONE, "docs/a.md": ONE}
    assert not isinstance(evolved(store, {}, head, new), Conflicted)
    outcome = evolve.evolve(planned(store, {}, head, new, ignorecase=True))
    assert isinstance(outcome, Conflicted)
    assert {each.reason for each in outcome.conflicts} == {Reason.KIND}
    assert set(tiny.contents(outcome.tree)) & set(new) == new.keys() - {
        each.path for each in outcome.conflicts
    }


# Through the command.


def test_a_like_file_of_mine_is_no_move(start: Start) -> None:
    """Written after the component's own, which went in another commit."""
    project = start("worker")
    path, mine = "app/components/worker/settings.py", "app/components/clock/settings.py"
    lines = project.read(path).splitlines(keepends=True)
    project.write(mine, "".join(lines[: len(lines) * 2 // 3]) + "MINE = 1\n" * 9)
    project.commit("A component of mine")
    (project.path / path).unlink()
    project.commit("I need no settings there")
    before = project.read(mine)
    ran = project.aegis("remove", "worker")
    assert project.read(mine) == before
    assert "followed" not in ran.out


def test_moved_out_of_the_project(start: Start) -> None:
    project = start("worker")
    files = [file for file in project.path.iterdir() if file.name != ".git"]
    (project.path / "api").mkdir()
    for file in files:
        file.rename(project.path / "api" / file.name)
    project.commit("A monorepo")
    (project.path / "shared").mkdir()
    project.git("mv", "api/app/components/worker/tasks.py", "shared/tasks.py")
    project.commit("Shared by all")
    before = project.read("shared/tasks.py")
    project.aegis("-C", str(project.path / "api"), "remove", "worker")
    assert project.read("shared/tasks.py") == before


def test_what_is_unchanged_may_have_something_to_tell(store: pygit2.Repository) -> None:
    outcome = evolved(store, {"a": ONE}, {}, {"a": ONE_NOW})
    assert isinstance(outcome, Unchanged)
    assert [note.text for note in outcome.notes] == ["left out: deleted by you"]


@pytest.fixture
def two_releases(tmp_path: Path) -> Project:
    """A project at a fork's first release; the second has `guide.md` elsewhere, and changed."""
    pages = {"1.0": {"base/guide.md": ONE}, "2.0": {"base/docs/guide.md": ONE_NOW}}
    for release, files in pages.items():
        publish(tmp_path / "fork.git", {**BASE, **series("some"), **files}, f"v{release}")
    words = ("--upstream", str(tmp_path / "fork.git"), "--upstream-version", "1.0")
    return begun(tmp_path / "my-api", *words)


def test_my_edit_goes_where_a_newer_release_has_the_file(two_releases: Project) -> None:
    project = two_releases
    project.edit("guide.md", "one says 2\n", "mine\n")
    project.commit()
    project.aegis("rebase-upstream")
    assert not (project.path / "guide.md").exists()
    both = ONE_NOW.replace(b"one says 2\n", b"mine\n")
    assert project.read("docs/guide.md") == both.decode()
    project.aegis("rebase-upstream", "--to", "1.0")
    assert project.read("guide.md") == ONE.replace(b"one says 2\n", b"mine\n").decode()
    assert project.is_sound()


def test_a_conflict_there_can_be_left_and_finished(two_releases: Project) -> None:
    project = two_releases
    project.edit("guide.md", "one says 9\n", "mine\n")
    mine = project.commit("Mine")
    before = project.tree
    ran = project.aegis("rebase-upstream", code=3)
    assert "docs/guide.md: both changed the same lines" in ran.out
    assert f"yours: {mine[:7]}" in ran.out
    project.git("cherry-pick", "--abort")
    assert (project.tree, project.is_sound()) == (before, True)
    project.aegis("rebase-upstream", code=3)
    assert "<<<<<<<" in project.read("docs/guide.md")
    project.write("docs/guide.md", ONE.decode().replace("one says 9\n", "mine and theirs\n"))
    project.git("add", "docs/guide.md")
    project.git("cherry-pick", "--continue")
    assert not (project.path / "guide.md").exists()
    assert project.is_sound()


def test_an_answer_is_known_where_the_file_was_moved_to_since(start: Start) -> None:
    project = start()
    project.collide()
    project.aegis("add", "ingress", code=3)
    one = '    ports: ["9001:8000"]'
    asked = project.read("compose.yaml")
    project.write("compose.yaml", re.sub(r"(?ms)^<<<<<<<.*^>>>>>>>.*?\n", f"{one}\n", asked))
    project.git("add", "compose.yaml")
    project.git("cherry-pick", "--continue")
    project.git("mv", "compose.yaml", "docs/compose.yaml")
    project.commit("Compose among the docs")
    ran = project.aegis("remove", "ingress")
    assert "docs/compose.yaml: resolved as in" in ran.out
    assert "9000:8000" in project.read("docs/compose.yaml")
    assert not (project.path / "compose.yaml").exists()


@pytest.mark.parametrize("ignorecase", ["true", "false"])
def test_a_file_of_mine_whose_name_differs_in_case(start: Start, ignorecase: str) -> None:
    project = start()
    project.git("config", "core.ignorecase", ignorecase)
    project.write("docs/components/WORKER.md", "mine\n")
    project.commit()
    if ignorecase == "false":
        project.aegis("add", "worker")
        assert (project.path / "docs/components/worker.md").exists()
        return
    ran = project.aegis("add", "worker", code=3)
    assert "docs/components/worker.md: something of yours already has that name" in ran.out
    project.git("cherry-pick", "--abort")
    assert project.read("docs/components/WORKER.md") == "mine\n"


@pytest.mark.parametrize("place", ["ap\udcff.py", "app/caf\udce9/api.py"])
def test_a_name_that_is_not_utf_8_is_followed(start: Start, place: str) -> None:
    """As Latin-1 leaves them: pygit2 builds no tree with such a name."""
    project = start("worker")
    target = project.path / place
    target.parent.mkdir(exist_ok=True)
    (project.path / "app/components/worker/api.py").rename(target)
    project.commit("Elsewhere")
    ours = target.read_bytes() + b"\nMINE = 1\n"
    target.write_bytes(ours)
    project.commit("Mine")
    assert project.aegis("remove", "worker", code=3).err.count("A bug in aegis") == 0
    assert target.read_bytes() == ours
    project.git("cherry-pick", "--abort")
    project.git("revert", "--no-edit", "HEAD")
    project.aegis("remove", "worker")
    assert not target.exists()


def test_imports_of_a_package_that_was_renamed(store: pygit2.Repository) -> None:
    """What both changed in a line is not a conflict where the user only followed the new name."""
    rest = b"".join(b"X%d = %d\n" % (n, n) for n in range(20))
    old = {"app/old/a.py": b"from app.old.b import one\n" + rest, "app/old/b.py": ONE}
    head = {"app/new/a.py": b"from app.new.b import one\n" + rest, "app/new/b.py": ONE}
    new = {**old, "app/old/a.py": b"from app.old.b import one, two\n" + rest}
    merged = {**head, "app/new/a.py": b"from app.new.b import one, two\n" + rest}
    assert clean(store, old, head, new) == merged
    head["app/new/a.py"] = head["app/new/a.py"].replace(b"one\n", b"uno\n", 1)
    found = conflict(store, old, head, new)
    assert b"app.old.b" in bytes_of(found.marked)
    assert b"app.new.b" in bytes_of(found.marked)
