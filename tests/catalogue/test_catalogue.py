"""The shipped catalogue: what a series has to be, so that any git can apply it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pygit2
import pytest

from aegis_patch.objects.trees import Tree
from aegis_patch.stack import pristine, record
from aegis_patch.stack.component import Catalogue, Component, brought
from aegis_patch.stack.release import Upstream
from aegis_patch.upstream import identity_files, releases
from aegis_patch.values import replace
from tests.catalogue.series_size import picture, table
from tests.conftest import ROOT, git

NAMES = sorted(path.name for path in (ROOT / "patches").iterdir())
RECORD = ROOT / "aegis_patch/maintain/record.py"
VERSIONS = tuple(releases.versions())
IDENTITY = (
    "Harbor Light",
    "harbor-light",
    "Ada Lantern",
    "ada@lantern.example",
    "keeps its options open",
)


def test_the_newest_release_is_what_head_holds(store: pygit2.Repository, head: Upstream) -> None:
    """Work on base/, patches/ or notes/ ends with a recorded release: scripts/record VERSION."""
    newest = releases.open_release(store, releases.BUNDLED, releases.latest())
    assert newest.base == head.base
    assert whole(newest.catalogue) == whole(head.catalogue)
    assert newest.notes == head.notes


def whole(catalogue: Catalogue) -> dict[str, Component]:
    """A catalogue with what each component brings, which a recorded one knows from the start."""
    return {name: replace(each, brings=brought(each)) for name, each in catalogue.items()}


def test_no_setting_is_named_twice(head: Upstream) -> None:
    """Merges tell settings by their names: beside a user's line, a repeated one is a conflict."""
    text = pristine.fold(head, head.catalogue).read(".env.example").decode()
    names = re.findall(r"(?m)^[# ]*([A-Z][A-Z0-9_]+)=", text)
    assert sorted({*names}) == sorted(names)


def test_releases_are_a_chain_of_whole_commits(store: pygit2.Repository) -> None:
    """Oldest first, each the parent of the next."""
    before: list[pygit2.Oid] = []
    numbers = [tuple(map(int, version.split("."))) for version in releases.versions()]
    assert numbers == sorted(numbers)
    for commit_id in releases.versions().values():
        commit = store[commit_id].peel(pygit2.Commit)
        assert list(commit.parent_ids) == before
        assert commit.author.name == "aegis"
        tree = Tree(store, commit.tree.id)
        assert all(path in tree for path in tree.files())
        before = [commit.id]


NO_VERSION = "scripts/record VERSION: record base/"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ([], NO_VERSION),
        (["work"], NO_VERSION),
        (["v9.0.0"], NO_VERSION),
        (["9"], NO_VERSION),
        (["9.0"], NO_VERSION),
        (["9.0.0rc1"], NO_VERSION),
        (["9.0.0\n"], NO_VERSION),
        (["9.0.\u0660"], NO_VERSION),
        (["9.0.0", "9.0.1"], NO_VERSION),
        ([VERSIONS[0]], f"{VERSIONS[0]} is followed by another release: it is never rewritten"),
    ],
)
def test_what_cannot_be_a_release_is_not_recorded(
    tmp_path: Path, words: list[str], says: str
) -> None:
    """In a copy: a release that is recorded by mistake is in the package."""
    index = tmp_path / "aegis_patch/releases/index.toml"
    for source, copy in (
        (releases.RELEASES / index.name, index),
        (RECORD, tmp_path / "aegis_patch/maintain/x"),
    ):
        copy.parent.mkdir(parents=True)
        copy.write_bytes(source.read_bytes())
    done = subprocess.run(
        [sys.executable, tmp_path / "aegis_patch/maintain/x", *words],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(says)
    assert index.read_bytes() == (releases.RELEASES / index.name).read_bytes()


def test_exporting_every_series_again_changes_no_byte_and_none_breaks_a_rule() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "scripts/series", "check"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, "Nothing is wrong.\n"), done


@pytest.mark.parametrize("name", NAMES)
def test_git_am_applies_a_series(
    store: pygit2.Repository, head: Upstream, name: str, tmp_path: Path
) -> None:
    start = pristine.before(head, name)
    repo = tmp_path / "repo"
    git(tmp_path, "init", "--quiet", "repo")
    (repo / ".git/objects/info/alternates").write_text(
        f"{store.path}objects\n" + "".join(f"{path}\n" for path in releases.alternates())
    )
    git(repo, "read-tree", str(start))
    git(repo, "checkout-index", "--all")
    git(repo, "commit", "--quiet", "-m", "start")
    series = [ROOT / "patches" / name / each for each, _ in head.catalogue[name].series]
    git(repo, "am", "--quiet", "--keep", *(str(path) for path in series))
    assert git(repo, "rev-parse", "HEAD^{tree}") == str(pristine.after(head, name))


def test_only_the_identity_files_hold_the_identity(
    store: pygit2.Repository, head: Upstream
) -> None:
    holders = {
        path
        for path in head.base.files()
        if any(value.encode() in head.base.read(path) for value in IDENTITY)
    }
    assert holders == {*identity_files.FILES, record.RECORD}
    assert len(holders) <= 5


def test_the_page_of_the_components_is_counted_anew(
    store: pygit2.Repository, head: Upstream
) -> None:
    """Written by scripts/components."""
    page = (ROOT / "docs/components.md").read_text()
    assert picture(head) in page
    assert table(head) in page
