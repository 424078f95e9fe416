"""A line of the user's beside every hunk of every series: at one line's distance all is well."""

from __future__ import annotations

import pygit2
import pytest

from aegis_patch.evolve import Clean, Plan, evolve
from tests import tiny
from tests.survival import distance
from tests.survival.distance import Change, Fate
from tests.test_laws import edited, separated_places

SAMPLE = 13
# A function of two lines that release 0.3.0 put elsewhere in its file.
MOVED = {b'    """What this process is called among workers."""'}


def test_beside_the_hunks_of_every_series(store: pygit2.Repository) -> None:
    """Each series, on what it requires, as it comes and as it goes."""
    series = [each for each in distance.series_changes(store) if each.verb != "rebase-upstream"]
    hold(store, series)


@pytest.mark.long
def test_beside_the_hunks_of_every_release(store: pygit2.Repository) -> None:
    """The table of docs/reliability.md: the series, and every release → release besides."""
    hold(store, distance.series_changes(store))


@pytest.mark.long
def test_between_unique_lines_that_both_releases_have(store: pygit2.Repository) -> None:
    """Law 5 at every place there is, also where a diff takes such a pair for changed."""
    places = 0
    for change in distance.series_changes(store):
        old, new = (tiny.tree(store, {change.path: text}) for text in (change.before, change.after))
        for place in separated_places(store, old, new):
            ours, expected = (edited(store, tree, {place.path: place}) for tree in (old, new))
            outcome = evolve(store, Plan(ours, old, new, None))
            if place.above not in MOVED:
                assert isinstance(outcome, Clean), place
                assert outcome.tree == expected
                places += 1
    assert places > 5_000


@pytest.mark.long
def test_beside_the_hunks_of_other_edges(store: pygit2.Repository) -> None:
    """The series again, on top of others: a fixed sample, for all of the edges take hours."""
    edges = [each for each in distance.all_changes(store) if each.verb != "rebase-upstream"]
    hold(store, edges[::SAMPLE])


def hold(store: pygit2.Repository, changes: list[Change]) -> None:
    table = distance.measure(store, changes)
    assert len(changes) > 50
    assert table.counts.total() > 500
    assert not table.bad
    assert not table.of(fate=Fate.LOST)
    for far in distance.DISTANCES[1:]:
        assert table.of(distance=far, unique=True) == table.of(
            distance=far, unique=True, fate=Fate.SURVIVED
        )
