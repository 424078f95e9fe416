"""Files on disk, as a tree in the scratch store."""

from __future__ import annotations

from pathlib import Path

import pygit2

from aegis_patch.objects.trees import Tree
from aegis_patch.project import git
from aegis_patch.project.find import Place


def snapshot(store: pygit2.Repository, there: Place) -> Tree:
    """The project's tracked files as they are on disk, as `git add --update` would stage them."""
    return with_added(store, there.root, "--update", "--", ".", prefix=there.prefix)


def with_added(store: pygit2.Repository, root: Path, *words: str, prefix: str = "") -> Tree:
    """The tree that git would commit after `git add`, or a directory of it."""
    copy = Path(store.path, "index-of-the-worktree")
    git.copy_index(git.git_dir(root) / "index", copy)
    env = {
        **git.settings({"core.fsmonitor": "false", "core.splitIndex": "false"}),
        **git.seeing([git.objects(root)]),
        "GIT_INDEX_FILE": str(copy),
        "GIT_OBJECT_DIRECTORY": str(Path(store.path, "objects")),
    }
    git.run(root, "add", *words, env=env)
    part = (f"--prefix={prefix}/",) if prefix else ()
    return Tree(store, pygit2.Oid(hex=git.run(root, "write-tree", *part, env=env).strip()))
