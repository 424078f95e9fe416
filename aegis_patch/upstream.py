"""Releases: from a reference to a commit that holds base/ and patches/.

Our own releases travel with the package as append-only packs under `releases/`; they need no
network, no tags and no build step.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import pygit2

from aegis_patch import component
from aegis_patch.component import Component
from aegis_patch.errors import UpstreamError

BUNDLED = "aegis"
WORK = "work"
RELEASES = Path(__file__).parent / "releases"
_CHECKOUT = Path(__file__).parent.parent


@dataclass(frozen=True, slots=True)
class Upstream:
    """A release, opened: the tree of its base and its catalogue of components.

    `made` remembers, for each series, the tree that it makes in the store of this opening.
    """

    url: str
    release: str
    commit: str
    base: pygit2.Oid
    catalogue: Mapping[str, Component]
    made: dict[str, pygit2.Oid] = field(default_factory=dict, compare=False, repr=False)


@cache
def releases() -> Mapping[str, str]:
    """Our recorded releases, oldest first: version → commit id."""
    index = tomllib.loads((RELEASES / "index.toml").read_text())
    return {version: str(about["commit"]) for version, about in index["releases"].items()}


def latest() -> str:
    """The newest recorded release.

    Raises:
        UpstreamError: none was recorded.
    """
    if not releases():
        raise UpstreamError("no release is recorded", next="scripts/record VERSION")
    return list(releases())[-1]


def alternates() -> tuple[Path, ...]:
    """The object directories in which releases are found."""
    checkout = _checkout_objects()
    return (RELEASES, checkout) if checkout else (RELEASES,)


def resolve(url: str, release: str) -> str:
    """The commit of a release.

    Raises:
        UpstreamError: there is no such upstream or release.
    """
    if url != BUNDLED:
        raise UpstreamError(f"unknown upstream {url!r}", next='use url = "aegis" in aegis.toml')
    if release == WORK:
        return _work_commit()
    try:
        return releases()[release]
    except KeyError:
        known = ", ".join(releases())
        raise UpstreamError(
            f"release {release} cannot be found", next=f"use one of: {known}"
        ) from None


def open_release(store: pygit2.Repository, url: str, release: str, commit: str = "") -> Upstream:
    """Open a release in a store that has `alternates()`.

    Raises:
        UpstreamError: it cannot be found, or its commit is not in this installation.
        SeriesError: a component of it cannot be read.
    """
    commit = commit if commit and release == WORK else resolve(url, release)
    try:
        tree = store[commit].peel(pygit2.Tree)
        base = tree["base"].id
        patches = tree["patches"]
        directories = list(patches) if isinstance(patches, pygit2.Tree) else []
    except (KeyError, ValueError, pygit2.GitError) as error:
        raise UpstreamError(
            f"release {release} ({commit[:12]}) is not in this installation of aegis",
            next="install the release again" if release != WORK else "use a recorded release",
        ) from error
    catalogue = {
        str(entry.name): component.parse(str(entry.name), _files(entry))
        for entry in directories
        if isinstance(entry, pygit2.Tree)
    }
    return Upstream(url, release, commit, base, catalogue)


def _files(directory: pygit2.Tree) -> dict[str, bytes]:
    return {str(blob.name): blob.data for blob in directory if isinstance(blob, pygit2.Blob)}


def _checkout() -> pygit2.Repository | None:
    try:
        return pygit2.Repository(str(_CHECKOUT / ".git"))
    except pygit2.GitError:
        return None


def _checkout_objects() -> Path | None:
    repo = _checkout()
    return Path(repo.path) / "objects" if repo else None


def _work_commit() -> str:
    repo = _checkout()
    if repo is None or repo.head_is_unborn:
        raise UpstreamError(
            "release work means a checkout of aegis, and this is not one",
            next="leave --upstream-version out",
        )
    return str(repo.head.target)
