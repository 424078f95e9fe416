"""What a tree says that it is made of: the same as its record, unless something is off."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator

import pygit2
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from aegis_patch.history import presence
from aegis_patch.merge import evolve
from aegis_patch.merge.outcome import Conflicted, Plan, Unchanged
from aegis_patch.objects.scratch import scratch
from aegis_patch.objects.trees import Entry, Tree, bytes_of
from aegis_patch.stack import component, pristine, record, requirements, stack
from aegis_patch.stack.release import Upstream
from aegis_patch.stack.stack import Presence, Stack
from aegis_patch.upstream import releases
from aegis_patch.upstream.workbench import Bench
from aegis_patch.values import replace
from tests.conftest import FULL, NEWEST, OLDER
from tests.promises.test_laws import VERSIONS, stack_of, subsets, tree_of

MINE = b"# the user's own line\n"
PAIRS = 30 if FULL else 6  # of a record and a tree, for each release


@pytest.fixture
def bench(store: pygit2.Repository) -> Bench:
    return Bench(store)


def everything(bench: Bench) -> tuple[Upstream, Stack]:
    opened = bench.open(releases.BUNDLED, NEWEST)
    return opened, stack_of(opened, frozenset(opened.catalogue))


def said(bench: Bench, recorded: Stack, tree: Tree) -> list[str]:
    return [each.what for each in presence.look(bench, recorded, tree).inconsistencies]


@pytest.mark.parametrize("version", [pytest.param(OLDER, marks=pytest.mark.long), NEWEST])
def test_nothing_is_off_in_a_project_that_nobody_touched(bench: Bench, version: str) -> None:
    opened = bench.open(releases.BUNDLED, version)
    known = subsets(opened)
    for names in known if FULL else random.Random(5).sample(known, 40):
        there = stack_of(opened, names)
        tree = tree_of(bench.store, there)
        assert presence.look(bench, there, tree) == presence.Facts(there, there, ())


@pytest.mark.parametrize("version", VERSIONS)
def test_the_tree_tells_whatever_the_record_names(bench: Bench, version: str) -> None:
    opened = bench.open(releases.BUNDLED, version)
    known = subsets(opened)
    pairs = [(one, other) for one in known for other in known if one != other]
    for named, there in random.Random(4).sample(pairs, min(PAIRS, len(pairs))):
        tree = tree_of(bench.store, stack_of(opened, there))
        found = presence.look(bench, stack_of(opened, named), tree)
        assert found.there.names == found.closed.names == there, (sorted(named), sorted(there))
        assert found.inconsistencies


def test_nothing_is_off_where_every_file_was_edited(bench: Bench) -> None:
    _, there = everything(bench)
    tree = tree_of(bench.store, there)
    edits = {path: appended(bench, tree, path) for path in tree.files()}
    assert said(bench, there, tree.replaced(edits)) == []


def test_nothing_is_off_where_every_file_was_moved(bench: Bench) -> None:
    _, there = everything(bench)
    tree = bench.pristine(there)
    edits: dict[str, Entry | None] = {}
    for path in tree.files():
        if path != record.RECORD:
            edits |= {f"moved/{path}": tree.lookup(path), path: None}
    assert said(bench, there, tree.replaced(edits)) == []


def test_nothing_is_off_where_all_but_one_file_of_a_component_was_deleted(bench: Bench) -> None:
    opened, there = everything(bench)
    tree = tree_of(bench.store, there)
    for name in opened.catalogue:
        kept, *gone = sorted(files_of(bench, opened, name))
        left = tree.replaced(dict.fromkeys(gone))
        assert said(bench, there, left) == [], (name, kept)


@pytest.mark.parametrize("kept", ["its files", pytest.param("half of it", marks=pytest.mark.long)])
def test_nothing_is_off_where_much_of_what_was_removed_is_kept(bench: Bench, kept: str) -> None:
    """Resolved in favour of the user's own: a removal in which they had changed every file."""
    opened, there = everything(bench)
    whole = tree_of(bench.store, there)
    for name in ("cache", "database", "ingress", "kubernetes", "scheduler", "worker"):
        without = replace(there, present={})
        for other in sorted(opened.catalogue.keys() - {name, *users(opened, name)}):
            if component.is_chosen(opened.catalogue[other]):
                without = stack.add(without, opened.catalogue, other)
        files = sorted(files_of(bench, opened, name))
        left = {path: whole.lookup(path) for path in files}
        if kept == "its files":
            tree = tree_of(bench.store, without).replaced(left)
        else:
            before = tree_of(bench.store, stack.add(without, opened.catalogue, name))
            tree = before.replaced(dict.fromkeys(files[::2]))
        assert said(bench, without, tree) == []


def test_each_thing_that_is_off_is_said_in_a_sentence(bench: Bench) -> None:
    opened, _ = everything(bench)
    there = stack_of(opened, frozenset({"cache", "cache+ingress", "ingress", "worker"}))
    tree = tree_of(bench.store, there)

    def with_record(**changes: Presence | None) -> Stack:
        present = {**there.present, **changes}
        return replace(there, present={name: by for name, by in present.items() if by})

    need = Presence(NEWEST, "need")
    assert said(bench, with_record(database=Presence(NEWEST, "you")), tree) == [
        "aegis.toml lists database, but none of its files are here"
    ]
    assert said(bench, with_record(worker=None), tree) == [
        "worker is here, but aegis.toml doesn't list it"
    ]
    assert said(bench, with_record(nonsense=need), tree) == [
        "aegis.toml lists nonsense, which its release doesn't have"
    ]
    due = stack_of(opened, frozenset({"cache", "ingress"}))
    assert said(bench, due, tree_of(bench.store, due)) == [
        "cache+ingress is missing: it joins cache and ingress"
    ]
    undue = stack_of(opened, frozenset({"cache+ingress", "ingress"}))
    assert said(bench, undue, tree_of(bench.store, undue)) == [
        "cache+ingress is installed without cache"
    ]
    alone = stack_of(opened, frozenset({"worker"}))
    assert said(bench, alone, tree_of(bench.store, alone)) == [
        "cache is missing: required by worker"
    ]


@settings(deadline=None, max_examples=200 if FULL else 30)
@given(data=st.data())
def test_no_line_of_the_user_is_lost_where_releases_are_mixed(data: st.DataObject) -> None:
    """Not one that they wrote while they resolved what git asked, whatever else they took out."""
    with scratch(releases.alternates()) as store:
        bench = Bench(store)
        at, other = data.draw(st.sampled_from(list(itertools.permutations(VERSIONS, 2))))
        known = [bench.open(releases.BUNDLED, version).catalogue for version in (at, other)]
        name = data.draw(st.sampled_from(sorted(known[0].keys() & known[1].keys())))
        names = requirements.required(known[1], [name])
        there = stack_of(bench.open(releases.BUNDLED, at), frozenset())
        there = replace(there, present=dict.fromkeys(names, Presence(other, "you")))
        old = mixed(bench, there)
        new = tree_of(store, stack.closed(there, known[0]))
        touched = [each for each in old.changed(new) if each != record.RECORD]
        paths = [each for each in touched if old.lookup(each)]
        assume(paths)  # a component may be the same in two releases
        path = data.draw(st.sampled_from(paths))
        entry = old.lookup(path)
        assert entry
        lines = bytes_of(entry).splitlines(keepends=True)
        start = data.draw(st.integers(0, len(lines)))
        text = b"".join([*lines[:start], MINE, *lines[start + data.draw(st.integers(0, 3)) :]])
        head = old.replaced({path: Entry.written(store, text, entry.mode)})
        outcome = evolve.evolve(Plan(head, old, new, None))
        assert not isinstance(outcome, Unchanged)
        asked = outcome.conflicts if isinstance(outcome, Conflicted) else ()
        marked = next((each.marked for each in asked if each.path == path), None)
        assert MINE in bytes_of(marked or outcome.tree.lookup(path))


def mixed(bench: Bench, there: Stack) -> Tree:
    """pristine(stack) at the base's own identity, of whatever releases."""
    opened = {version: bench.at(there, version) for version in VERSIONS}
    return pristine.pristine(opened, there, {})


def appended(bench: Bench, tree: Tree, path: str) -> Entry:
    entry = tree.lookup(path)
    assert entry
    return entry.rewritten(entry.data + b"the user's own line\n")


def files_of(bench: Bench, opened: Upstream, name: str) -> Iterator[str]:
    """The files that a series brings, those that are empty left out."""
    was, now = (make(opened, name) for make in (pristine.before, pristine.after))
    for path in was.changed(now):
        brought = now.read(path)
        if path not in was and brought:
            yield path


def users(opened: Upstream, name: str) -> set[str]:
    """What cannot be there without a name."""
    known = opened.catalogue
    return {other for other in known if name in requirements.required(known, [other])}
