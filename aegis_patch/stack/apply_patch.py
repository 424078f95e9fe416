"""A patch onto a tree, which it must fit exactly."""

from __future__ import annotations

import pygit2

from aegis_patch.errors import PatchRejected
from aegis_patch.objects import trees
from aegis_patch.objects.trees import Entry
from aegis_patch.stack import patch as patches
from aegis_patch.stack.patch import Patch


def apply(store: pygit2.Repository, tree: pygit2.Oid, patch: Patch) -> pygit2.Oid:
    """The tree after a patch, which must fit it exactly.

    Raises:
        PatchRejected: a file is missing, there already, or not what the patch says; a file
            would take a directory's place without the patch saying so; a link leads out; or two
            names would differ only in case.
    """
    edits: dict[str, Entry | None] = {}
    for file in patch.files:
        before = trees.lookup(store, tree, file.path)
        if (before is None) != (file.old_mode is None):
            there = "already exists" if before else "is missing"
            raise PatchRejected(f"{file.path} {there}", where=patch.name)
        if before and before.mode != file.old_mode:
            raise PatchRejected(f"{file.path} has mode {before.mode:o}", where=patch.name)
        try:
            data = patches.postimage(file, trees.blob(store, before))
            if file.mode == patches.LINK:
                patches.check_link(file.path, data)
        except PatchRejected as error:
            raise PatchRejected(error.what, where=f"{patch.name} at {error.where}") from error
        if file.mode is None and data:
            raise PatchRejected(f"{file.path} is deleted but not emptied", where=patch.name)
        edits[file.path] = Entry(store.create_blob(data), file.mode) if file.mode else None
    made = trees.replace(store, tree, edits)
    lost = [path for path, entry in edits.items() if trees.lookup(store, made, path) != entry]
    lost += [path for path in trees.changed(store, tree, made) if path not in edits]
    if lost:
        raise PatchRejected(f"{lost[0]} is a file and a directory at once", where=patch.name)
    for file in patch.files:
        if file.old_mode is None and (other := trees.other_case(store, made, file.path)):
            what = f"{file.path} and {other} differ only in case"
            raise PatchRejected(what, where=patch.name)
    return made
