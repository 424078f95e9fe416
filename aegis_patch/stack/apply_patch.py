"""Apply a patch to a tree, exactly."""

from __future__ import annotations

from collections.abc import Mapping

import pygit2

from aegis_patch.errors import PatchRejected
from aegis_patch.objects import trees
from aegis_patch.objects.trees import Entry
from aegis_patch.stack import patch as patches
from aegis_patch.stack.patch import FilePatch, Patch


def apply(store: pygit2.Repository, tree: pygit2.Oid, patch: Patch) -> pygit2.Oid:
    """The tree after a patch, which must fit it exactly.

    Raises:
        PatchRejected: a file is missing, there already, or not what the patch says; a file
            would take a directory's place without the patch saying so; a link leads out; or two
            names would differ only in case.
    """
    try:
        edits = {file.path: _patched(store, tree, file) for file in patch.files}
        made = trees.replace(store, tree, edits)
        _check_nothing_lost(store, tree, made, edits)
        for file in patch.files:
            if file.old_mode is None and (other := trees.other_case(store, made, file.path)):
                raise PatchRejected(f"{file.path} and {other} differ only in case")
    except PatchRejected as error:
        where = f"{patch.name} at {error.where}" if error.where else patch.name
        raise PatchRejected(error.what, where=where) from error
    return made


def _patched(store: pygit2.Repository, tree: pygit2.Oid, file: FilePatch) -> Entry | None:
    before = trees.lookup(store, tree, file.path)
    if before is None and file.old_mode is not None:
        raise PatchRejected(f"{file.path} is missing")
    if before and file.old_mode is None:
        raise PatchRejected(f"{file.path} already exists")
    if before and before.mode != file.old_mode:
        raise PatchRejected(f"{file.path} has mode {before.mode:o}")
    data = patches.postimage(file, trees.blob(store, before))
    if file.mode == patches.LINK:
        patches.check_link(file.path, data)
    if file.mode:
        return Entry(store.create_blob(data), file.mode)
    if data:
        raise PatchRejected(f"{file.path} is deleted but not emptied")
    return None


def _check_nothing_lost(
    store: pygit2.Repository,
    before: pygit2.Oid,
    after: pygit2.Oid,
    edits: Mapping[str, Entry | None],
) -> None:
    """Refuse a file in a directory's place, or the other way round."""
    for path, entry in edits.items():
        if trees.lookup(store, after, path) != entry:
            raise PatchRejected(f"{path} is a file and a directory at once")
    for path in trees.changed(store, before, after):
        if path not in edits:
            raise PatchRejected(f"{path} is a file and a directory at once")
