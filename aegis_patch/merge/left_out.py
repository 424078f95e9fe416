"""New files of the upstream that stay out: the user deleted their old file or their directory."""

from __future__ import annotations

from collections.abc import Iterable

from aegis_patch.merge.outcome import Note, Plan
from aegis_patch.merge.renames import Moves, destination
from aegis_patch.objects.trees import above


def by_path(plan: Plan, paths: Iterable[str], mine: Moves, theirs: Moves) -> dict[str, Note]:
    """The new files that stay out, with a note on each, given both sides' moves."""
    found: dict[str, Note] = {}
    for path, now in theirs.files.items():
        if _is_deleted(plan, path, mine):
            found[now] = _stays_deleted(path, now, mine)
    for path in paths:
        if path in found or path in plan.old:
            continue
        if directory := _deleted_directory(plan, path, mine, theirs):
            found[path] = Note(path, f"left out: you deleted {directory}", applied=False)
    return {path: note for path, note in found.items() if path not in plan.head}


def _is_deleted(plan: Plan, path: str, mine: Moves) -> bool:
    """Whether the user has deleted a file of the old pristine tree, rather than moved it."""
    if path in mine.files or path in plan.head:
        return False
    return path in plan.old


def _stays_deleted(path: str, now: str, mine: Moves) -> Note:
    if others := mine.may_be(path):
        text = f"no longer exists; {others}, so it was left out; aegis moved it to {now}"
    else:
        text = f"left out: deleted by you; aegis moved it to {destination(path, now)}"
    return Note(path, text, applied=False)


def _deleted_directory(plan: Plan, path: str, mine: Moves, theirs: Moves) -> str:
    """The directory of a new file that the user deleted as a whole, or "".

    A directory of one file doesn't count: deleting an empty `__init__.py` means that file alone. A
    new component's code comes even if the code of all others was deleted; its tests stay out if
    `tests` was deleted.
    """
    was = {place: directory for directory, place in theirs.places.items()}
    for place in reversed(list(above(path))):
        directory = place if plan.old.subtree(place) else was.get(place, place)
        if directory in plan.head:
            return ""  # a file of the user's is there instead
        if not plan.head.subtree(directory) and _is_all_deleted(plan, directory, mine):
            is_brought = plan.less and plan.less.lookup(path) != plan.new.lookup(path)
            return "" if is_brought and "/" in directory else directory
    return ""


def _is_all_deleted(plan: Plan, directory: str, mine: Moves) -> bool:
    """Whether the user deleted every file of a directory that had several, and moved none."""
    inside = list(plan.old.files(directory))
    if len(inside) < 2 or not mine.hints.keys().isdisjoint(inside):
        return False
    return all(_is_deleted(plan, each, mine) for each in inside)
