"""The upstream in its maintainer's repository: its base/ and patches/ as a release."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pygit2

from aegis_patch.errors import Refused
from aegis_patch.objects.scratch import scratch
from aegis_patch.objects.trees import Tree
from aegis_patch.project import git, repository, worktree
from aegis_patch.project.find import is_in_git
from aegis_patch.stack.release import Upstream
from aegis_patch.upstream import fork, releases
from aegis_patch.values import replace

PARTS = ("base", "patches", "notes")
_OURS = releases.RELEASES.parent.parent


def find(where: Path, ref: str = "") -> Path:
    """The top of the upstream's repository that a directory, or an open series, is in.

    Raises:
        Refused: it is in none, or one that can't be used, or base/ and patches/ are not on disk; a
            `ref` has its own.
    """
    root = Path(os.path.realpath(where))
    found = root.is_dir() and is_in_git(root)  # no link to itself
    if found:
        repo = repository.open_repository(root)
        root = Path(repo.workdir or repo.path)
    if root.parent.name == ".series":
        root = root.parent.parent
    is_one = ref or ((root / "base").is_dir() and (root / "patches").is_dir())
    if not (found and is_one):
        raise Refused(
            "Not an upstream (no base/ and patches/ at the top of a git repository).",
            where=str(root),
            next="aegis upstream new PATH",
        )
    return root


@contextmanager
def store(root: Path) -> Iterator[pygit2.Repository]:
    """A scratch store that sees the objects of an upstream, and those of our releases."""
    with scratch([git.objects(root), releases.RELEASES]) as made:
        yield made


def tree(store: pygit2.Repository, root: Path, ref: str = "") -> Tree:
    """A commit's whole tree; without one, base/, patches/ and notes/ on disk without ignored files.

    Raises:
        Refused: there is no such commit.
    """
    if not ref:
        there = [part for part in PARTS if (root / part).exists()]
        return worktree.with_added(store, root, "--all", "--", *there)
    asked = ("rev-parse", "--quiet", "--verify", "--end-of-options", f"{ref}^{{tree}}")
    said = git.run(root, *asked, fine=1).strip()
    if not said:
        raise Refused(f"No commit {ref!r}.", where=str(root), next="git log -1")
    return Tree(store, pygit2.Oid(hex=said))


def upstream(store: pygit2.Repository, root: Path, ref: str = "") -> Upstream:
    """The upstream as a release: that of a commit, or of what is on disk.

    Raises:
        Refused: a commit has no base/ and patches/.
        SeriesError: a component can't be read.
    """
    whole = tree(store, root, ref)
    base, patches, notes = (whole.subtree(part) for part in PARTS)
    if base is None or patches is None:
        raise Refused(f"{ref} has no base/ and patches/.", where=str(root), next="git log -1")
    found = store[patches.id].peel(pygit2.Tree)
    catalogue = releases.parsed(store, found)
    return Upstream(str(root), releases.WORK, "", base, catalogue, notes, {})


def newest_release(store: pygit2.Repository, root: Path, ref: str = "") -> Upstream | None:
    """The release before a commit, or before what is on disk; None for the first.

    The releases of an upstream are its tags. A clone of aegis has releases of its own as soon as it
    has a tag that isn't ours.
    """
    reached = ["--merged", ref] if ref else []
    tags = {fork.version(tag): tag for tag in git.run(root, "tag", *reached).split()}
    if root == _OURS and tags.keys() <= releases.versions().keys():
        return releases.open_release(store, releases.BUNDLED, releases.latest())
    here = git.run(root, "rev-parse", f"{ref}^{{commit}}") if ref else ""
    for version in sorted(tags, key=fork.age, reverse=True):
        commit = git.run(root, "rev-parse", f"{tags[version]}^{{commit}}")
        there = tree(store, root, commit.strip())
        if commit != here and there.subtree("base") and there.subtree("patches"):
            return replace(upstream(store, root, commit.strip()), release=version)
    return None
