"""The laws that aegis keeps (docs/concepts/algebra.md): a newcomer starts here.

On an unedited project they hold by construction, HEAD being pristine(old): one test each through
the command. What can fail is tested exhaustively: that every set folds without a clash, to the
same lines in every linear extension of the requirements, and that every edge S → S ± c and
release → release takes a separated edit along. All sequences of verbs follow by induction.
"""

from __future__ import annotations

import functools
import itertools
import random
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pygit2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aegis_patch.formats import syntax
from aegis_patch.merge import evolve
from aegis_patch.merge.outcome import Clean, Conflicted, Plan, Unchanged
from aegis_patch.objects.scratch import scratch
from aegis_patch.objects.trees import Entry, Tree, bytes_of
from aegis_patch.stack import component, pristine, requirements, stack
from aegis_patch.stack.record import RECORD
from aegis_patch.stack.release import Upstream
from aegis_patch.stack.stack import Presence, Stack
from aegis_patch.upstream import releases, stored_catalogue
from aegis_patch.values import replace
from tests.conftest import FULL, NEWEST, OLDER, Project, Start, git

VERSIONS = (OLDER, NEWEST)
EXAMPLES = 1000 if FULL else 100
SMALL = 3  # names in a set: all of these are tried
SAMPLED = 100  # of larger sets
WALKS = 40 if FULL else 2  # of 54 steps each
EDGES = 300 if FULL else 30  # an edge's trees and places take some MB of memory
PAIRS = tuple(itertools.permutations(VERSIONS, 2))
Step = tuple[frozenset[str], str]
"""A set of components, and what it grows by."""
ANSWERS = {
    "project_name": "Harbor Light",
    "description": "A small service that keeps its options open.",
    "author_name": "Ada Lantern",
    "author_email": "ada@lantern.example",
}


@dataclass(frozen=True, slots=True)
class Place:
    """Between two lines that no component changes, each unique in its file."""

    path: str
    above: bytes
    below: bytes


@dataclass(frozen=True, slots=True)
class Edge:
    """S → S ± c, or release → release: the new stack, both trees, and where an edit is separate."""

    new: Stack
    before: Tree
    after: Tree
    places: list[Place]


@dataclass(frozen=True, slots=True, repr=False)
class World:
    """A scratch store, and edges of the shipped catalogue."""

    store: pygit2.Repository
    stacks: list[tuple[Stack, Stack]]
    made: dict[int, Edge]

    def draw(self, data: st.DataObject) -> Edge:
        """One of the edges, which is made when it is first drawn."""
        at = data.draw(st.integers(0, len(self.stacks) - 1), label="edge")
        if at not in self.made:
            before, after = (tree_of(self.store, each) for each in self.stacks[at])
            places = separated_places(before, after)
            self.made[at] = Edge(self.stacks[at][1], before, after, places)
        return self.made[at]


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with scratch(releases.alternates()) as store:
        every = list(all_edges(store))
        yield World(store, every[:: len(every) // EDGES], {})


def test_1_identity(start: Start) -> None:
    """S → S makes no commit."""
    project = start("worker", "ingress")
    before = project.head
    for verb in (["add", "worker"], ["remove", "nothing-here-yet"], ["rebase-upstream"]):
        project.aegis(*verb, code=1 if "nothing-here-yet" in verb else 0)
    project.aegis("answers", "project_name=my-api")
    assert project.head == before


@pytest.mark.parametrize("version", [NEWEST, pytest.param(OLDER, marks=pytest.mark.long)])
def test_2_confluence_of_the_fold(store: pygit2.Repository, version: str) -> None:
    """Every set there can be folds without a clash, and the last of it may be any that can.

    Byte for byte a tree is that of one order, which is part of the contract: requirements first,
    then by the alphabet. What is joined last gives the same lines, above an anchor in another
    order. (More than one out of turn may clash there; nobody folds like that.) Small sets are all
    tried, with all ways into each; of a hundred thousand others those on random ways to everything.
    """
    opened = releases.open_release(store, releases.BUNDLED, version)
    known = {frozenset[str](): opened.base}

    def fold(names: frozenset[str]) -> Tree:
        if names not in known:
            last = requirements.order(opened.catalogue, names)[-1]
            known[names] = joined(opened, fold(names - {last}), last)
        return known[names]

    for names, name in itertools.chain(small_steps(opened), random_steps(opened)):
        tree, expected = joined(opened, fold(names), name), fold(names | {name})
        for path, sides in tree.differences(expected).items():
            one, other = (sorted(bytes_of(side).splitlines()) for side in sides)
            assert one == other, (sorted(names), name, path)


@pytest.mark.parametrize("version", VERSIONS)
def test_2_the_fold_has_one_order(store: pygit2.Repository, version: str) -> None:
    """However the names of a stack are written, and in whatever order they came."""
    opened = releases.open_release(store, releases.BUNDLED, version)
    names = sorted(opened.catalogue)
    expected = pristine.fold(opened, names)
    assert pristine.fold(opened, names[::-1]) == expected
    assert pristine.fold(opened, frozenset(names)) == expected


def test_2_confluence_of_the_command(start: Start) -> None:
    """Every order of adding, and init with the whole set, give one tree but for `by`."""
    names = ("cache", "ingress", "worker")
    made = start(*names, name="at-once")
    made.aegis("answers", "project_name=One")
    expected = without_by(made)
    for order in itertools.permutations(names):
        project = start(name="-".join(order))
        for name in order:
            project.aegis("add", name)
        project.aegis("answers", "project_name=One")
        assert without_by(project) == expected, order


@pytest.mark.parametrize("name", ["cache", "ingress", "worker"])
def test_3_inverse(start: Start, name: str) -> None:
    """Add then remove gives the very tree that was there before."""
    for others in ((), ("ingress",), ("cache",), ("worker",)):
        if name in others or (name == "cache" and "worker" in others):
            continue
        project = start(*others, name="-".join(("with", *others)))
        before = project.tree
        project.aegis("add", name)
        assert project.tree != before
        project.aegis("remove", name)
        assert project.tree == before
        assert project.is_sound()


@pytest.mark.parametrize(("old", "new"), PAIRS)
def test_4_rebase_square(start: Start, old: str, new: str) -> None:
    """add ∘ rebase = rebase ∘ add, upwards and downwards."""
    trees_ = set()
    for verbs in itertools.permutations((["add", "worker"], ["rebase-upstream", "--to", new])):
        project = start("ingress", version=old, name="-".join(verb[0] for verb in verbs))
        for verb in verbs:
            project.aegis(*verb)
        project.aegis("answers", "project_name=One")
        trees_.add(project.tree)
    assert len(trees_) == 1


@settings(deadline=None, max_examples=EXAMPLES)
@given(data=st.data())
def test_5_separation_on_every_edge(world: World, data: st.DataObject) -> None:
    """An edit one unchanged, unique line away from a component's lines survives every edge."""
    edge = world.draw(data)
    chosen = data.draw(
        st.lists(st.sampled_from(edge.places), min_size=1, max_size=6, unique_by=lambda p: p.path)
    )
    edits = {place.path: place for place in chosen}
    ours = edited(edge.before, edits)
    expected = edited(edge.after, edits)
    outcome = evolve.evolve(Plan(ours, edge.before, edge.after, edge.new))
    assert isinstance(outcome, Clean), outcome
    assert outcome.tree == expected


@settings(deadline=None, max_examples=EXAMPLES)
@given(data=st.data())
def test_6_no_silent_loss(world: World, data: st.DataObject) -> None:
    """Every line a user wrote anywhere is in the result, or in a conflict that is reported."""
    store = world.store
    edge = world.draw(data)
    touched = [p for p in edge.before.changed(edge.after) if p != RECORD]
    there = [path for path in touched if edge.before.lookup(path)]
    there = there or [path for path in edge.before.files() if path != RECORD]  # it only adds files
    path = data.draw(st.sampled_from(there), label="path")
    entry = edge.before.lookup(path)
    assert entry
    lines = entry.data.splitlines(keepends=True)
    at = data.draw(st.integers(0, len(lines)), label="line")
    gone = data.draw(st.integers(0, 3), label="deleted")
    written = b"# the user's own line\n"
    text = b"".join([*lines[:at], written, *lines[at + gone :]])
    ours = edge.before.replaced({path: Entry.written(store, text, entry.mode)})
    outcome = evolve.evolve(Plan(ours, edge.before, edge.after, edge.new))
    assert not isinstance(outcome, Unchanged)
    if isinstance(outcome, Conflicted):
        (conflict,) = outcome.conflicts
        result = bytes_of(conflict.marked)
    else:
        if not outcome.tree.lookup(path):  # a release moved it
            changed = ours.changed(outcome.tree)
            path = next(p for p in changed if written in outcome.tree.read(p))
        result, theirs = outcome.tree.read(path), edge.after.read(path)
        sides = (b"".join(lines), text, theirs)
        broken_before = any(syntax.syntax_error(path, side) for side in sides)
        assert broken_before or syntax.syntax_error(path, result) is None
    assert written in result


def test_6_a_line_that_both_wrote_stays(start: Start) -> None:
    """Written by the user before a series wrote it: told when it is added, kept by remove."""
    project = start("ingress")
    project.aegis("add", "worker")
    both = project.read(".env.example")
    project.git("reset", "--quiet", "--hard", "HEAD~")
    project.write(".env.example", both)
    project.commit("Settings that the worker brings as well")
    ran = project.aegis("add", "worker", code=0)
    assert "you already had this" in ran.out + ran.err
    project.aegis("remove", "worker")
    assert project.read(".env.example") == both


def test_8_cost_follows_the_change() -> None:
    """What is built does not depend on how large the repository is."""
    written = []
    for files in (50, 50_000):
        with scratch(releases.alternates()) as store:
            old, new = next(all_edges(store))
            before, after = tree_of(store, old), tree_of(store, new)
            head = with_many_files(store, before, files)
            known = count(store)
            outcome = evolve.evolve(Plan(head, before, after, new))
            assert isinstance(outcome, Clean)
            written.append(count(store) - known)
    assert written[0] == written[1] > 0


def test_golden_trees(store: pygit2.Repository) -> None:
    """Every release × subset has the tree that it had when it was recorded."""
    from tests.promises.golden import computed, pinned

    assert computed(store) == pinned()


@pytest.mark.parametrize("version", releases.versions())
def test_recorded_folds_are_what_a_fresh_fold_makes(store: pygit2.Repository, version: str) -> None:
    opened = releases.open_release(store, releases.BUNDLED, version)
    fresh = replace(opened, folds={}, recorded=None)
    assert opened.recorded
    names = {*opened.recorded.names()} - {stored_catalogue.FILE}
    for name in opened.catalogue:
        needed = requirements.required(opened.catalogue, [name])
        assert {pristine.key(needed), pristine.key(needed - {name})} <= names
    for key in names:
        assert pristine.fold(fresh, key.replace("core", "").split()) == opened.fold(key), key


# What the laws are tested with.


def addable(opened: Upstream, names: frozenset[str]) -> list[str]:
    """What a set can grow by: what it lacks, and all of whose requirements it has."""
    left = opened.catalogue.keys() - names
    return sorted(name for name in left if names.issuperset(opened.catalogue[name].requires))


def small_steps(opened: Upstream) -> Iterator[Step]:
    """Every step from a set of fewer than so many names."""
    pending = [frozenset[str]()]
    for names in pending:  # grows while it is walked
        for name in addable(opened, names):
            yield names, name
            if len(names) + 1 < SMALL and names | {name} not in pending:
                pending.append(names | {name})


def random_steps(opened: Upstream) -> Iterator[Step]:
    """From nothing to everything, on so many ways."""
    for seed in range(WALKS):
        chance, names = random.Random(seed), frozenset[str]()
        while left := addable(opened, names):
            name = chance.choice(left)
            yield names, name
            names |= {name}


def joined(opened: Upstream, tree: Tree, name: str) -> Tree:
    """A tree and one more series, without a clash."""
    result, clashes = pristine.join(opened, name, tree)
    assert not clashes, (name, clashes)
    return result


def subsets(opened: Upstream) -> list[frozenset[str]]:
    """Every closed set of up to three components that one can name, some others, and the whole."""
    named = [name for name, each in opened.catalogue.items() if component.is_chosen(each)]
    chosen = [tuple(named)]
    for count in range(4):
        chosen += itertools.combinations(named, count)
    chance = random.Random(0)
    for _ in range(SAMPLED if len(named) > 4 else 0):
        chosen.append(tuple(chance.sample(named, chance.randint(4, len(named)))))
    closed = {requirements.closure(opened.catalogue, names) for names in chosen}
    return sorted(closed, key=lambda names: (len(names), sorted(names)))


def stack_of(opened: Upstream, names: frozenset[str]) -> Stack:
    present = {name: Presence(opened.release, "you") for name in sorted(names)}
    return Stack(opened.url, opened.release, opened.commit, ANSWERS, present)


def tree_of(store: pygit2.Repository, wanted: Stack) -> Tree:
    """pristine(stack) at the base's own identity, where rendering changes nothing."""
    opened = opened_once(store, wanted.url, wanted.release)
    return pristine.pristine({wanted.release: opened}, wanted, {})


@functools.lru_cache(maxsize=len(releases.versions()))
def opened_once(store: pygit2.Repository, url: str, release: str) -> Upstream:
    """A release that knows what was folded of it, as a verb has it."""
    return releases.open_release(store, url, release)


def all_edges(store: pygit2.Repository) -> Iterator[tuple[Stack, Stack]]:
    """Every S → S ± c, and every release → release of every subset."""
    opened = {v: releases.open_release(store, releases.BUNDLED, v) for v in VERSIONS}
    for release in opened.values():
        for names in subsets(release):
            for name in sorted(release.catalogue.keys() - names):
                if not component.is_chosen(release.catalogue[name]):
                    continue
                here = stack_of(release, names)
                there = stack.add(here, release.catalogue, name)
                there = stack_of(release, there.names)
                yield here, there
                yield there, here
    for old, new in PAIRS:
        for names in subsets(opened[old]):
            if names <= opened[new].catalogue.keys():
                yield stack_of(opened[old], names), stack_of(opened[new], names)


def separated_places(before: Tree, after: Tree) -> list[Place]:
    """Where a line can be put so that an unchanged, unique line stands on either side."""
    places = []
    for path in before.files():
        sides = [tree.lookup(path) for tree in (before, after)]
        if path == RECORD or not all(sides):
            continue
        texts = [bytes_of(side).splitlines() for side in sides]
        unique = [{line for line, n in Counter(text).items() if n == 1} for text in texts]
        gaps = [set(itertools.pairwise(text)) for text in texts]
        for above, below in sorted(gaps[0] & gaps[1]):
            if not {above, below} <= unique[0] & unique[1]:
                continue
            # In YAML a line belongs to its block, wherever a release puts its neighbours.
            if path.endswith(".yaml") and len({block_of(text, above) for text in texts}) > 1:
                continue
            places.append(Place(path, above, below))
    return places


def block_of(lines: list[bytes], line: bytes) -> bytes:
    """The line above that is indented less than a line, which is there once."""
    deep = len(line) - len(line.lstrip())
    for above in reversed(lines[: lines.index(line)]):
        if above.strip() and len(above) - len(above.lstrip()) < deep:
            return above
    return b""


def edited(tree: Tree, places: Mapping[str, Place]) -> Tree:
    """A tree with a comment put in at each place."""
    edits: dict[str, Entry | None] = {}
    for path, place in places.items():
        entry = tree.lookup(path)
        assert entry
        lines = entry.data.splitlines(keepends=True)
        at = lines.index(place.above + b"\n") + 1
        indent = place.below[: len(place.below) - len(place.below.lstrip())]
        text = b"".join([*lines[:at], indent + b"# the user's own line\n", *lines[at:]])
        edits[path] = entry.rewritten(text)
    return tree.replaced(edits)


def without_by(project: Project) -> tuple[str, str]:
    """A project's tree, apart from who asked for each component."""
    record = project.read(RECORD).replace('by = "need"', 'by = "you"')
    others = git(project.path, "ls-tree", "-r", "HEAD").splitlines()
    return record, "\n".join(line for line in others if not line.endswith(f"\t{RECORD}"))


def with_many_files(store: pygit2.Repository, tree: Tree, files: int) -> Tree:
    """The tree beside a directory of so many files of the user's."""
    entry = Entry.written(store, b"the user's\n")
    mine = {f"mine/{n // 100:04}/{n % 100:02}.txt": entry for n in range(files)}
    return tree.replaced(mine)


def count(store: pygit2.Repository) -> int:
    """How many objects the scratch store holds of its own."""
    from pathlib import Path

    return sum(1 for _ in Path(store.path, "objects").glob("??/*"))
