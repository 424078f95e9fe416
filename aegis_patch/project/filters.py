"""Files of aegis as git would store them in a project: by the user's filters, as Git LFS."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import pygit2
from pygit2.enums import FileMode

from aegis_patch.objects import trees
from aegis_patch.objects.trees import Entry, Tree
from aegis_patch.project import git, repository
from aegis_patch.project.find import Place


def stored(there: Place, tree: Tree, known: dict[tuple[str, pygit2.Oid], pygit2.Oid]) -> Tree:
    """A tree of aegis with each file as `git add` would store it in the project.

    A file that HEAD has to the byte stays: no filter changes it, or none did when it came.
    `known` is what came of others before.
    """
    root = there.repo[there.head].peel(pygit2.Tree) if there.head else None
    head = Tree(there.repo, root.id).subtree(there.prefix) if root else None
    files = {
        repository.within(there.prefix, path): (path, entry)
        for path, entry in tree.lacking(head or trees.empty(tree.store))
        if entry.mode in (FileMode.BLOB, FileMode.BLOB_EXECUTABLE)
    }
    top = Path(there.repo.workdir)
    env = {
        **git.seeing([there.objects]),
        "GIT_OBJECT_DIRECTORY": str(Path(tree.store.path, "objects")),
    }
    edits = dict[str, Entry]()
    for whole in _filtered(there, top, files):
        path, entry = files[whole]
        key = whole, entry.id
        if key not in known:
            words = ("hash-object", "-w", "--stdin", f"--path={whole}")
            known[key] = pygit2.Oid(hex=git.run(top, *words, stdin=entry.data, env=env).strip())
        edits[path] = Entry(tree.store, known[key], entry.mode)
    return tree.replaced(edits)


def _filtered(there: Place, top: Path, paths: Iterable[str]) -> list[str]:
    """Those of some paths that have a filter; git is asked only where attributes name one."""
    directories = {"", *(above for path in paths for above in trees.above(path))}
    own = git.common(Path(there.repo.path)) / "info/attributes"
    for place in (own, *(top / each / ".gitattributes" for each in directories)):
        with suppress(OSError):
            if b"filter" in place.read_bytes():
                found = git.attributes(top, "filter", paths)
                return [path for path, name in found.items() if name not in ("set", "unset")]
    return []
