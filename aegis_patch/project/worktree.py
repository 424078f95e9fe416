"""The work tree of a project, as a tree in the scratch store."""

from __future__ import annotations

import shutil
from pathlib import Path

import pygit2

from aegis_patch.objects.trees import Tree
from aegis_patch.project import git
from aegis_patch.project.find import Place


def snapshot(store: pygit2.Repository, there: Place) -> Tree:
    """The project's tracked files as they are on disk, as `git add --update` would take them."""
    index = Path(there.repo.path, "index")
    copy = Path(store.path, "index-of-the-worktree")
    if index.exists():
        shutil.copyfile(index, copy)
    env = {
        **git.settings({"core.fsmonitor": "false", "core.splitIndex": "false"}),
        **git.seeing([there.objects]),
        "GIT_INDEX_FILE": str(copy),
        "GIT_OBJECT_DIRECTORY": str(Path(store.path, "objects")),
    }
    git.run(there.root, "add", "--update", "--", ".", env=env)
    words = ("write-tree", f"--prefix={there.prefix}/") if there.prefix else ("write-tree",)
    return Tree(store, pygit2.Oid(hex=git.run(there.root, *words, env=env).strip()))
