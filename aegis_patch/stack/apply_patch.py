"""Apply a patch to a tree, exactly."""

from __future__ import annotations

from collections.abc import Mapping

from aegis_patch.errors import PatchRejected
from aegis_patch.objects.trees import Entry, Tree, bytes_of
from aegis_patch.stack import patch as patches
from aegis_patch.stack.patch import FilePatch, Patch


def apply(tree: Tree, patch: Patch) -> Tree:
    """The tree after a patch, which has to fit exactly.

    Raises:
        PatchRejected: a file is missing, there already, or not what the patch says; a file
            would take a directory's place without the patch saying so; a link leads out; or two
            names would differ only in case.
    """
    try:
        edits = {file.path: _patched(tree, file) for file in patch.files}
        made = tree.replaced(edits)
        _check_nothing_lost(tree, made, edits)
        for file in patch.files:
            if file.old_mode is None and (other := made.other_case(file.path)):
                raise PatchRejected(f"{file.path} and {other} differ only in case")
    except PatchRejected as error:
        where = f"{patch.name} at {error.where}" if error.where else patch.name
        raise PatchRejected(error.what, where=where) from error
    return made


def _patched(tree: Tree, file: FilePatch) -> Entry | None:
    before = tree.lookup(file.path)
    _check_mode(before, file)
    data = patches.postimage(file, bytes_of(before))
    if file.mode == patches.LINK:
        patches.check_link(file.path, data)
    if file.mode:
        return Entry.written(tree.store, data, file.mode)
    if data:
        raise PatchRejected(f"{file.path} is deleted but not emptied")
    return None


def _check_mode(before: Entry | None, file: FilePatch) -> None:
    """Refuse a patch of a file that is missing, already there, or of another mode."""
    if before is None and file.old_mode is not None:
        raise PatchRejected(f"{file.path} is missing")
    if before and file.old_mode is None:
        raise PatchRejected(f"{file.path} already exists")
    if before and before.mode != file.old_mode:
        raise PatchRejected(f"{file.path} has mode {before.mode:o}")


def _check_nothing_lost(before: Tree, after: Tree, edits: Mapping[str, Entry | None]) -> None:
    """Refuse a file in a directory's place, or a directory in a file's."""
    for path, entry in edits.items():
        if after.lookup(path) != entry:
            raise PatchRejected(f"{path} is a file and a directory at once")
    for path in before.changed(after):
        if path not in edits:
            raise PatchRejected(f"{path} is a file and a directory at once")
