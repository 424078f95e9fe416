"""What becomes of the uv.lock that follows pyproject.toml, after a verb."""

from __future__ import annotations

import posixpath
from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import Any

from pygit2.enums import FileMode

from aegis_patch.merge.sides import Note
from aegis_patch.objects.trees import Entry, Tree
from aegis_patch.project import uv_lock
from aegis_patch.project.repository import within
from aegis_patch.project.uv_lock import LOCK, PYPROJECT, NotLocked


def follow(
    before: Tree, after: Tree, prefix: str, *, unsettled: bool = False, why_not: str = ""
) -> tuple[dict[str, Entry], list[Note]]:
    """What becomes of the lock of the project at `prefix`, between two trees of its repository.

    The new uv.lock by its path in the repository, or a note on what to run. `unsettled` says that
    pyproject.toml awaits a person, `why_not` why uv may not run.
    """
    top = _workspace(after, prefix)
    place = within(top, LOCK)
    there = after.lookup(place)
    is_current = _locked(before, prefix) == _locked(after, prefix) and not unsettled
    if there is None or is_current:
        return {}, []
    try:
        if why_not:
            raise NotLocked(why_not)
        return {place: _locked_anew(after, top, there)}, []
    except NotLocked as error:
        shown = posixpath.relpath(place, prefix or ".")
        return {}, [Note(shown, f"not updated ({error}). Run: uv lock")]


def _locked_anew(tree: Tree, top: str, there: Entry) -> Entry:
    if there.mode == FileMode.LINK:
        raise NotLocked("it's a link")
    data = uv_lock.lock(_members(tree, top), there.data)
    return there.rewritten(data)


def _pyproject(tree: Tree, place: str) -> dict[str, Any]:
    return uv_lock.document(tree.read(within(place, PYPROJECT)))


def _locked(tree: Tree, place: str) -> object:
    """What a lock depends on."""
    document = _pyproject(tree, place)
    uv = uv_lock.table(document, "tool").get("uv")
    return [document.get("project"), document.get("dependency-groups"), uv]


def _workspace(tree: Tree, prefix: str) -> str:
    """The directory of the uv workspace that a project is a member of, or its own."""
    above = prefix
    while above and not _workspace_of(tree, prefix):
        above = posixpath.dirname(above)
        below = posixpath.relpath(prefix, above or ".")
        if _is_member(below, _workspace_of(tree, above)):
            return above
    return prefix


def _workspace_of(tree: Tree, place: str) -> dict[str, Any]:
    return uv_lock.table(_pyproject(tree, place), "tool", "uv", "workspace")


def _is_member(path: str, workspace: dict[str, Any]) -> bool:
    return _is_listed(path, workspace, "members") and not _is_listed(path, workspace, "exclude")


def _is_listed(path: str, workspace: dict[str, Any], key: str) -> bool:
    for pattern in uv_lock.listed(workspace, key):
        if _fits(path.split("/"), posixpath.normpath(str(pattern)).split("/")):
            return True
    return False


def _fits(parts: Sequence[str], pattern: Sequence[str]) -> bool:
    if not pattern:
        return not parts
    if pattern[0] == "**":
        return any(_fits(parts[at:], pattern[1:]) for at in range(len(parts) + 1))
    return bool(parts) and fnmatchcase(parts[0], pattern[0]) and _fits(parts[1:], pattern[1:])


def _members(tree: Tree, top: str) -> dict[str, bytes]:
    """The pyproject.toml of a workspace and of its members, by their paths in it."""
    workspace = _workspace_of(tree, top)
    inside = tree.subtree(top)
    assert inside is not None
    found = {PYPROJECT: inside.read(PYPROJECT)}
    for path in inside.files() if workspace else ():
        directory, _, name = path.rpartition("/")
        if name == PYPROJECT and directory and _is_member(directory, workspace):
            found[path] = inside.read(path)
    return found
