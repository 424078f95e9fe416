"""Updates uv.lock after a verb, so that it follows pyproject.toml."""

from __future__ import annotations

import posixpath
import re
from typing import Any

from pygit2.enums import FileMode

from aegis_patch.merge.outcome import Note
from aegis_patch.objects.trees import Entry, Tree
from aegis_patch.project import uv_lock
from aegis_patch.project.repository import within
from aegis_patch.project.uv_lock import LOCK, PYPROJECT, NotLocked

_PACKAGE = b"[[package]]"
_MEMBER = rb'(?m)^source = \{ (?:editable|virtual) = "([^"]+)" \}'


def follow(
    before: Tree, after: Tree, prefix: str, *, unsettled: bool = False, why_not: str = ""
) -> tuple[dict[str, Entry], list[Note]]:
    """The lock of the project at `prefix`, given two trees of its repository.

    The new uv.lock by its path in the repository, or a note on what to run. `unsettled` says that a
    person has to resolve pyproject.toml, `why_not` why uv may not run.
    """
    top = _place(after, prefix)
    place = within(top, LOCK)
    there = after.lookup(place)
    if there is None:
        return {}, []
    is_current = _locked(before, prefix) == _locked(after, prefix) and not unsettled
    is_read = _PACKAGE in there.data
    if is_current or (is_read and _is_of_others(before, top, prefix, there.data)):
        return {}, []
    try:
        if not is_read:
            raise NotLocked("it isn't readable here")
        if why_not:
            raise NotLocked(why_not)
        return {place: _locked_anew(after, top, prefix, there)}, []
    except NotLocked as error:
        shown = posixpath.relpath(place, prefix or ".")
        return {}, [Note(shown, f"not updated ({error}). Run: uv lock")]


def _locked_anew(tree: Tree, top: str, prefix: str, there: Entry) -> Entry:
    if there.mode == FileMode.LINK:
        raise NotLocked("it's a link")
    data = uv_lock.lock(_members(tree, top, prefix, there.data), there.data)
    return there.rewritten(data)


def _pyproject(tree: Tree, place: str) -> dict[str, Any]:
    return uv_lock.document(tree.read(within(place, PYPROJECT)))


def _locked(tree: Tree, place: str) -> object:
    """The part of a pyproject.toml that a lock depends on."""
    document = _pyproject(tree, place)
    uv = uv_lock.settings(document)
    return [document.get("project"), document.get("dependency-groups"), uv]


def _place(tree: Tree, prefix: str) -> str:
    """The directory of the nearest lock: the project's, or that of a workspace it may be in."""
    place = prefix
    while place and within(place, LOCK) not in tree:
        place = posixpath.dirname(place)
    return place


def _named(lock: bytes) -> list[str]:
    """The directories that a lock covers, relative to its own."""
    return [path.decode("utf-8", "replace") for path in re.findall(_MEMBER, lock)]


def _is_of_others(before: Tree, top: str, prefix: str, lock: bytes) -> bool:
    """Whether a lock beside a project that isn't new doesn't cover it."""
    is_new = not _pyproject(before, prefix)
    return not is_new and posixpath.relpath(prefix or ".", top or ".") not in _named(lock)


def _members(tree: Tree, top: str, prefix: str, lock: bytes) -> dict[str, bytes]:
    """The pyproject.toml files that a lock covers, by their paths beside it, and the project's.

    uv decides whether a new project is a member: if not, it makes the same lock again.
    """
    found = {}
    for path in (".", *_named(lock), posixpath.relpath(prefix or ".", top or ".")):
        member = posixpath.normpath(posixpath.join(path, PYPROJECT))
        if within(top, member) in tree:
            found[member] = tree.read(within(top, member))
    return found
