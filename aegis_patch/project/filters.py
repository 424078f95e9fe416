"""Files of aegis as git would store them in a project: through the user's filters, as Git LFS."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pygit2
from pygit2.enums import FileMode

from aegis_patch.objects import trees
from aegis_patch.objects.trees import Entry, Tree
from aegis_patch.project import git, repository
from aegis_patch.project.find import Place


def stored(there: Place, tree: Tree, known: dict[tuple[str, pygit2.Oid], pygit2.Oid]) -> Tree:
    """A tree of aegis with each file as `git add` would store it in the project.

    A file that HEAD has with the same bytes stays: no filter changes it, or none did when it came.
    `known` caches the result for other files.
    """
    nothing = trees.empty(tree.store)
    root = Tree(there.repo, there.repo[there.head].peel(pygit2.Tree).id) if there.head else nothing
    head = root.subtree(there.prefix) or nothing
    files = {
        repository.within(there.prefix, path): (path, entry)
        for path, entry in tree.lacking(head)
        if entry.mode in (FileMode.BLOB, FileMode.BLOB_EXECUTABLE)
    }
    top = Path(there.repo.workdir)
    env = {
        **git.seeing([there.objects]),
        "GIT_OBJECT_DIRECTORY": str(Path(tree.store.path, "objects")),
    }
    edits = dict[str, Entry]()
    filtered = _filtered(there, top, files)
    plain = {entry for _, entry in head.lacking(nothing)} if filtered else set[Entry]()
    for whole in filtered:
        path, entry = files[whole]
        if path not in head and entry in plain:  # it was moved to where no filter applies
            continue
        key = whole, entry.id
        if key not in known:
            words = ("hash-object", "-w", "--stdin", f"--path={whole}")
            known[key] = pygit2.Oid(hex=git.run(top, *words, stdin=entry.data, env=env).strip())
        edits[path] = Entry(tree.store, known[key], entry.mode)
    return tree.replaced(edits)


def _filtered(there: Place, top: Path, paths: Iterable[str]) -> list[str]:
    """Those of some paths that have a filter; git is asked only if some attributes name one."""
    own = git.common(Path(there.repo.path)) / "info/attributes"
    texts = [own.read_bytes()] if own.is_file() else []
    for directory in {"", *(above for path in paths for above in trees.above(path))}:
        place = top / directory / ".gitattributes"
        if place.is_file() and not place.is_symlink():  # git follows no link there
            texts.append(place.read_bytes())
    if not any(b"filter" in text for text in texts):
        return []
    found = git.attributes(top, "filter", paths)
    return [path for path, name in found.items() if name not in ("set", "unset")]
