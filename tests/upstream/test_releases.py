"""upstream.py: from a reference to a release, or to the reason why there is none."""

from __future__ import annotations

import re
import subprocess
import sys

import pygit2
import pytest

from aegis_patch.errors import SeriesError, UpstreamError
from aegis_patch.upstream import releases
from aegis_patch.upstream.releases import BUNDLED, WORK
from tests import tiny


def test_every_recorded_release_opens(store: pygit2.Repository) -> None:
    for version, commit in releases.versions().items():
        opened = releases.open_release(store, BUNDLED, version)
        assert (opened.release, opened.commit) == (version, commit)
        assert re.fullmatch(r"\d+\.\d+\.\d+", version)
        assert opened.catalogue


def test_releases_are_listed_oldest_first_and_each_is_the_nexts_parent(
    store: pygit2.Repository,
) -> None:
    versions = list(releases.versions())
    numbers = [tuple(int(part) for part in version.split(".")) for version in versions]
    assert numbers == sorted(numbers)
    assert releases.latest() == versions[-1]
    commits = [store[commit].peel(pygit2.Commit) for commit in releases.versions().values()]
    for parent, commit in zip([None, *commits], commits, strict=False):
        assert commit.parent_ids == ([parent.id] if parent else [])


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


@pytest.mark.parametrize(
    ("url", "release", "says"),
    [
        (BUNDLED, "9.9.9", "aegis has no release 9.9.9"),
        (BUNDLED, "", "aegis has no release"),
        ("file:///nowhere/x.git", "1.0", "Can't fetch"),
        ("ext::sh -c true", "1.0", "Can't fetch"),
        ("--upload-pack=true", "1.0", "Can't fetch"),
        ("", WORK, "names no upstream"),
    ],
)
def test_what_is_not_there_is_said_with_a_remedy(
    store: pygit2.Repository, url: str, release: str, says: str
) -> None:
    with pytest.raises(UpstreamError, match=says) as raised:
        releases.open_release(store, url, release)
    assert raised.value.next


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


@pytest.mark.parametrize(
    ("files", "fault"),
    [
        ({"base/a": b""}, UpstreamError),
        ({"patches/x/series": b""}, UpstreamError),
        ({"base/a": b"", "patches/x/series": b""}, SeriesError),
    ],
)
def test_a_commit_that_holds_no_upstream_is_said(files: tiny.Files, fault: type[Exception]) -> None:
    with tiny.empty_store() as store:
        who = pygit2.Signature("Ada", "ada@lantern.example", 0, 0)
        commit = store.create_commit(None, who, who, "x", tiny.tree(store, files).id, [])
        with pytest.raises(fault):
            releases.open_release(store, BUNDLED, WORK, str(commit))
