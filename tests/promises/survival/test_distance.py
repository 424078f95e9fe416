"""A line of the user's beside every hunk of every series: at one line's distance all is well."""

from __future__ import annotations

import pygit2
import pytest

from aegis_patch.merge.evolve import evolve
from aegis_patch.merge.outcome import Clean, Plan
from tests import tiny
from tests.promises.survival import distance
from tests.promises.survival.distance import Change
from tests.promises.test_laws import edited, separated_places

SAMPLE = 187


@pytest.mark.parametrize(
    "part", [0, *(pytest.param(n, marks=pytest.mark.long) for n in range(1, 6))]
)
def test_beside_the_hunks_of_every_series(store: pygit2.Repository, part: int) -> None:
    """Each series, on what it requires, as it comes and as it goes."""
    series = [each for each in distance.series_changes(store) if each.verb != "rebase-upstream"]
    hold(store, series[part::6])


@pytest.mark.long
def test_beside_the_hunks_of_every_release(store: pygit2.Repository) -> None:
    """Every release → release: a fixed sample of the files, for scripts/survival tries all."""
    series = [each for each in distance.series_changes(store) if each.verb == "rebase-upstream"]
    hold(store, series[::40])


@pytest.mark.long
def test_between_unique_lines_that_both_releases_have(store: pygit2.Repository) -> None:
    """Law 5 at every place of some files, also where a diff takes such a pair for changed."""
    places = 0
    for change in distance.series_changes(store)[::16]:
        old, new = (tiny.tree(store, {change.path: text}) for text in (change.before, change.after))
        for place in separated_places(old, new):
            ours, expected = (edited(tree, {place.path: place}) for tree in (old, new))
            outcome = evolve(Plan(ours, old, new, None))
            places += 1
            assert isinstance(outcome, Clean), place
            assert outcome.tree == expected, place
    assert places > 1_500


@pytest.mark.long
def test_beside_the_hunks_of_other_edges(store: pygit2.Repository) -> None:
    """The series again, on top of others: a fixed sample, for all of the edges take hours."""
    hold(store, distance.edge_changes(store, SAMPLE))


def hold(store: pygit2.Repository, changes: list[Change]) -> None:
    table = distance.measure(store, changes)
    assert len(changes) > 25
    assert table.counts.total() > 300
    assert not table.bad
