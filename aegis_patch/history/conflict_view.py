"""A conflict as a person sees it: in git's style of markers, labelled and explained."""

from __future__ import annotations

import itertools
from pathlib import Path

from aegis_patch.history import conflict_origins
from aegis_patch.merge.outcome import Conflict, Meeting
from aegis_patch.objects import conflict_markers, texts
from aegis_patch.objects.texts import LABELS
from aegis_patch.objects.trees import bytes_of
from aegis_patch.project import git
from aegis_patch.project.find import Project
from aegis_patch.stack.stack import Stack
from aegis_patch.upstream.workbench import Bench
from aegis_patch.values import replace

_STYLES = ("diff3", "zdiff3")


def shown(bench: Bench, there: Project, old: Stack, new: Stack, conflict: Conflict) -> Conflict:
    """The conflict with its markers in the style of `merge.conflictStyle`, and the two changes."""
    marked = conflict.marked
    data = bytes_of(marked)
    is_marked = bool(list(conflict_markers.places(texts.lines(data))))
    style = git.setting(there.root, "merge.conflictStyle") if is_marked else ""
    if marked and style in _STYLES:
        data = _in_style(Path(bench.store.path), style, bytes_of(conflict.sides.base), data)
        conflict = replace(conflict, marked=marked.rewritten(data))
    met = tuple(conflict_origins.meetings(bench, there, old, new, conflict))
    if marked and is_marked:
        data = _labelled(data, met, old.label, new.label)
        conflict = replace(conflict, marked=marked.rewritten(data))
    return replace(conflict, met=met)


def _in_style(here: Path, style: str, base: bytes, marked: bytes) -> bytes:
    """A text with markers in one of git's styles that show the base too; `here` is scratch."""
    sides = [conflict_markers.resolved(marked, mine=mine) for mine in (True, False)]
    for name, text in zip(("ours", "base", "theirs"), (sides[0], base, sides[1]), strict=True):
        (here / name).write_bytes(text)
    labels = [word for label in (LABELS[1], LABELS[0], LABELS[2]) for word in ("-L", label)]
    words = ("merge-file", "-p", f"--{style}", *labels, "ours", "base", "theirs")
    data = git.run(here, *words, fine=127).encode("utf-8", "surrogateescape")
    again = [conflict_markers.resolved(data, mine=mine) for mine in (True, False)]
    return data if again == sides else marked


def _labelled(data: bytes, met: tuple[Meeting, ...], old: str, new: str) -> bytes:
    """A text with markers whose labels name the commit and the releases."""
    lines = texts.lines(data)
    meetings = itertools.chain(met, itertools.repeat(met[0]))  # not every place is explained
    for place, meeting in zip([*conflict_markers.places(lines)], meetings, strict=False):
        yours = meeting.yours
        mine = f"yours: {yours.commit[:7]} {yours.subject}" if yours else "yours"
        theirs = meeting.theirs.label if meeting.theirs else new
        for number, label in (place.start, mine), (place.base, old), (place.stop - 1, theirs):
            if number is not None:
                line = lines[number]
                end = line[len(line.rstrip(b"\r\n")) :]
                lines[number] = line[:8] + label.encode("utf-8", "surrogateescape") + end
    return b"".join(lines)
