"""Where the user moved files, as the commits tell."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePosixPath

import pygit2

from aegis_patch.merge import renames, similarity
from aegis_patch.merge.renames import Moves
from aegis_patch.objects import trees
from aegis_patch.project import git, repository
from aegis_patch.project.find import Project
from aegis_patch.upstream.workbench import Bench


def moved(
    bench: Bench, there: Project, tree: pygit2.Oid, old: pygit2.Oid, new: pygit2.Oid
) -> Moves:
    """Where the user moved what an evolution changes; "../" leads out of the project.

    History is read only for what is missing and cannot be told from the trees alone.
    """
    paths = trees.changed(bench.store, old, new)
    found = renames.follow(bench.store, old, tree, paths)
    known = {}
    left = {
        path: repository.within(there.prefix, path)
        for path in paths
        if path not in found.files
        and path not in found.parts
        and trees.lookup(bench.store, old, path)
        and not trees.lookup(bench.store, tree, path)
    }
    while left:
        left = _moved_on(bench, there, left)
        for path, where in left.items():
            if trees.lookup(bench.store, there.repo[there.head].peel(pygit2.Tree).id, where):
                known[path] = _from_inside(there, where)
        left = {path: where for path, where in left.items() if path not in known}
    return renames.follow(bench.store, old, tree, paths, known) if known else found


def _moved_on(bench: Bench, there: Project, at: dict[str, str]) -> dict[str, str]:
    """Where the commits that took some files away put them; those that only took are left out."""
    found: dict[str, str] = {}
    taken = _taken_away(bench, there, at.values())
    for path, where in at.items():
        commit = there.repo.get(taken[where]) if where in taken else None
        if not isinstance(commit, pygit2.Commit) or not commit.parents:
            continue
        sides = (commit.parents[0].tree.id, commit.tree.id)
        followed = renames.follow(bench.store, *sides, [where], least=similarity.RELATED)
        if now := followed.files.get(where):
            found[path] = now
    return found


def _taken_away(bench: Bench, there: Project, paths: Iterable[str]) -> dict[str, str]:
    """The newest commit that took a file away, by its path from the repository's top."""
    said = git.history(
        bench.store.path,
        there.root,
        *("log", "--no-renames", "--diff-filter=D", "--name-only", "-z"),
        *("--format=%x00%H", str(there.head), "--", *paths),
    )
    found: dict[str, str] = {}
    for told in f"\0{said}".split("\0\0")[1:]:
        commit, _, names = told.partition("\0\n")
        for name in names.removesuffix("\0").split("\0"):
            found.setdefault(name, commit)
    return found


def _from_inside(there: Project, path: str) -> str:
    inside = PurePosixPath(path)
    prefix = PurePosixPath(there.prefix)
    up = 0
    while not inside.is_relative_to(prefix):
        prefix, up = prefix.parent, up + 1
    return "../" * up + inside.relative_to(prefix).as_posix()
