"""upstream.py: from a reference to a release, or to the reason why there is none."""

from __future__ import annotations

import re
import subprocess
import sys

import pygit2
import pytest

from aegis_patch.errors import UpstreamError
from aegis_patch.objects.scratch import scratch
from aegis_patch.stack.component import Catalogue, brought
from aegis_patch.upstream import releases, stored_catalogue
from aegis_patch.upstream.releases import BUNDLED, WORK
from aegis_patch.values import replace
from tests import tiny
from tests.conftest import Start


def test_every_recorded_release_opens(store: pygit2.Repository) -> None:
    for version, commit in releases.versions().items():
        opened = releases.open_release(store, BUNDLED, version)
        assert (opened.release, opened.commit) == (version, commit)
        assert re.fullmatch(r"\d+\.\d+\.\d+", version)
        assert opened.catalogue


def test_packs_hold_all_that_releases_and_their_folds_consist_of() -> None:
    with scratch([releases.RELEASES]) as store:
        for version in releases.versions():
            opened = releases.open_release(store, BUNDLED, version)
            assert opened.recorded
            for tree in (opened.base, opened.recorded):
                assert all(oid in store for oid in tree.objects())


def test_a_stored_catalogue_is_what_the_components_say(store: pygit2.Repository) -> None:
    opened = releases.open_release(store, BUNDLED, WORK)
    anew = stored_catalogue.read(store, stored_catalogue.written(opened.catalogue))
    for version in releases.versions():
        known = releases.open_release(store, BUNDLED, version)
        patches = store[known.commit].peel(pygit2.Tree)["patches"].peel(pygit2.Tree)
        fresh = releases.parsed(store, patches)
        _assert_same(known.catalogue, fresh)
    _assert_same(anew, opened.catalogue)


def _assert_same(stored: Catalogue, fresh: Catalogue) -> None:
    assert stored.keys() == fresh.keys()
    for name, each in stored.items():
        assert replace(each, brings=None) == fresh[name]
        assert brought(each) == brought(fresh[name])


def test_releases_are_found_without_git_or_network() -> None:
    """In a process that has neither on its path."""
    code = (
        "from aegis_patch.objects import scratch; from aegis_patch.upstream import releases\n"
        "with scratch.scratch([releases.RELEASES]) as store:\n"
        "    print(releases.open_release(store, 'aegis', releases.latest()).release)"
    )
    env = {"PATH": "", "PYTHONPATH": str(tiny.ROOT)}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, check=False)
    assert done.stdout.decode().strip() == releases.latest(), done.stderr


@pytest.mark.parametrize("commit", ["0" * 40, "nonsense", "a", "HEAD", "é"])
def test_a_commit_that_is_not_there_is_said(store: pygit2.Repository, commit: str) -> None:
    with pytest.raises(UpstreamError, match="in this installation"):
        releases.open_release(store, BUNDLED, WORK, commit)


def test_work_is_the_checkouts_head(store: pygit2.Repository) -> None:
    opened = releases.open_release(store, BUNDLED, WORK)
    head = subprocess.check_output(["git", "rev-parse", "HEAD"], cwd=tiny.ROOT, text=True)
    assert opened.commit == head.strip()
    again = releases.open_release(store, BUNDLED, WORK, opened.commit)
    assert again == opened


def test_the_work_on_a_release_is_newer_than_all(start: Start) -> None:
    assert "already at aegis work" in start(version=WORK).aegis("rebase-upstream").out
