"""The tree of every release × subset, pinned: an old pristine must never change."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pygit2

from aegis_patch.upstream import releases

FILE = Path(__file__).with_name("golden.toml")


def computed(store: pygit2.Repository) -> dict[str, dict[str, str]]:
    """release → names → the first digits of the tree's id, which tell any change."""
    from tests.promises.test_laws import stack_of, subsets, tree_of

    found: dict[str, dict[str, str]] = {}
    for version in releases.versions():
        opened = releases.open_release(store, releases.BUNDLED, version)
        found[version] = {
            " ".join(sorted(names)) or "core": str(tree_of(store, stack_of(opened, names)))[:10]
            for names in subsets(opened)
        }
    return found


def pinned() -> dict[str, dict[str, str]]:
    """What was pinned, in the same form."""
    return tomllib.loads(FILE.read_text())
