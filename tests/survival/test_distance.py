"""A line of the user's beside every hunk of every series: at one line's distance all is well."""

from __future__ import annotations

import pygit2
import pytest

from tests.survival import distance
from tests.survival.distance import Change, Fate

SAMPLE = 13


def test_beside_the_hunks_of_every_series(store: pygit2.Repository) -> None:
    """Each series, on what it requires, as it comes and as it goes."""
    series = [each for each in distance.series_changes(store) if each.verb != "rebase-upstream"]
    hold(store, series)


@pytest.mark.long
def test_beside_the_hunks_of_every_release(store: pygit2.Repository) -> None:
    """The table of docs/reliability.md: the series, and every release → release besides."""
    hold(store, distance.series_changes(store))


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
