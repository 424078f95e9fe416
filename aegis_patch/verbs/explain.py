"""`aegis explain`: the patch of aegis or commit of the user behind a line, and its reason."""

from __future__ import annotations

import itertools
import re
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path

import pygit2
from pygit2.enums import FileMode

from aegis_patch.errors import Refused
from aegis_patch.history import blame, line_origins, presence
from aegis_patch.history.line_origins import Line, Origin
from aegis_patch.merge import renames
from aegis_patch.merge.outcome import YourCommit
from aegis_patch.objects import texts
from aegis_patch.objects.trees import Entry, Tree
from aegis_patch.project import worktree
from aegis_patch.project.find import Project
from aegis_patch.stack.stack import Stack
from aegis_patch.upstream.workbench import Bench
from aegis_patch.values import dataclass, replace
from aegis_patch.verbs import build
from aegis_patch.verbs.diff import inside, unknown
from aegis_patch.verbs.opening import open_project


@dataclass(frozen=True, slots=True)
class Part:
    """Consecutive lines of one origin or one commit of the user's (None: not committed yet).

    `start` and `stop` count from 1, both included; 0 if a file has no lines to tell apart.
    """

    start: int
    stop: int
    origin: Origin | None
    commit: YourCommit | None


@dataclass(frozen=True, slots=True)
class Explained:
    """Where a file comes from; `pristine` is its path in the pristine tree, if it is there."""

    path: str
    pristine: str | None
    release: str
    parts: tuple[Part, ...]
    text: tuple[str, ...] = ()


def explain(where: Path, target: str) -> Explained:
    """The origin of each line of a file on disk, or of the one in `PATH:LINE`.

    Raises:
        Refused: there is no such file, or it has no such line.
    """
    with open_project(where, to_write=False) as (bench, there):
        typed, word = _split(where, target)
        path = inside(there, where / typed)
        stack = presence.look(bench, there.stack, there.tree).there
        tree = worktree.snapshot(bench.store, there)
        entry = tree.lookup(path)
        if entry is None:
            raise _not_there(bench, there, stack, path, typed)
        was = _pristine_path(bench, stack, tree, path)
        data = entry.data
        lines = texts.lines(data)
        shown = _shown(typed, word, len(lines))
        file = _File(bench, there, stack, path, was, entry, _commit(bench, there, tree))
        parts = _parts(file, shown)
        text = [lines[number].decode("utf-8", "replace").rstrip("\r\n") for number in shown]
        is_text = not texts.is_binary(data)
        return Explained(path, was, stack.label, tuple(parts), tuple(text if is_text else ()))


def _split(where: Path, target: str) -> tuple[str, str]:
    """The path of a target, as it was typed, and the part after it that names a line."""
    found = re.fullmatch(r"(.+):([^:/]+):?", target, re.DOTALL)
    if found is None or (where / target).exists():
        return target, ""
    return found[1], found[2]


def _shown(path: str, word: str, count: int) -> range:
    """The lines that this part asks for, counted from 0; without it, all of them."""
    if not word:
        return range(count)
    line = int(word) if word.isdecimal() else 0
    if not 0 < line <= count:
        lines = f"it has lines 1 to {count}" if count else "it is empty"
        raise Refused(
            f"{path} has no line {word}: {lines}.", next=f"aegis explain {shlex.quote(path)}"
        )
    return range(line - 1, line)


def _pristine_path(bench: Bench, stack: Stack, tree: Tree, path: str) -> str | None:
    """The path in the pristine tree of a file of the project, wherever the user moved it."""
    pristine = bench.pristine(stack)
    if path in pristine:
        return path
    missing = []
    for other, (was, now) in pristine.differences(tree).items():
        if was and not now:
            missing.append(other)
    moved = renames.follow(pristine, tree, missing).files
    return next((other for other, place in moved.items() if place == path), None)


@dataclass(frozen=True, slots=True)
class _File:
    """A file on disk, its path in the pristine tree, and a commit that has it with these bytes."""

    bench: Bench
    there: Project
    stack: Stack
    path: str
    was: str | None
    entry: Entry
    commit: str


def _parts(file: _File, shown: Sequence[int]) -> Iterator[Part]:
    data = file.entry.data
    if file.entry.mode == FileMode.LINK or texts.is_binary(data) or not data:
        yield _whole(file)
        return
    origins: list[Line] = [None] * (max(shown) + 1)
    if file.was:
        origins = line_origins.of_text(file.bench, file.stack, file.was, data)
    commits = _authors(file, [number + 1 for number in shown if origins[number] is None])
    rows = [Part(at + 1, at + 1, origins[at], commits.get(at + 1)) for at in shown]
    for _, group in itertools.groupby(rows, key=lambda row: (row.origin, row.commit)):
        first, *rest = group
        yield replace(first, stop=[first, *rest][-1].stop)


def _authors(file: _File, lines: Sequence[int]) -> dict[int, YourCommit | None]:
    wrote = blame.lines(file.bench, file.there, file.commit, file.path, lines)
    named = blame.named(file.bench, file.there, {each for _, each in wrote.values()})
    return {at: _committed(file.there, named.get(each)) for at, (_, each) in wrote.items()}


def _whole(file: _File) -> Part:
    """A file without lines to tell apart, with whoever brought it or changed it last."""
    bench, stack, was = file.bench, file.stack, file.was
    if was and bench.pristine(stack).lookup(was) == file.entry:
        return Part(0, 0, line_origins.creator(bench, stack, was), None)
    newest = blame.newest(bench, file.there, file.commit, path=file.path)
    return Part(0, 0, None, _committed(file.there, newest))


def _committed(there: Project, found: YourCommit | None) -> YourCommit | None:
    """A commit if the project has it; None for the one that `_commit` made in the scratch store."""
    return found if found and found.commit in there.repo else None


def _commit(bench: Bench, there: Project, tree: Tree) -> str:
    """A commit with a project's tree: HEAD, or a child of it in the scratch store."""
    if tree == there.tree:
        return str(there.head)
    if there.prefix:
        tree = build.whole_tree(bench, there).replaced({there.prefix: tree})
    who = pygit2.Signature("aegis", "aegis@localhost.invalid")
    return str(bench.store.create_commit(None, who, who, "", tree.id, [there.head]))


def _not_there(bench: Bench, there: Project, stack: Stack, path: str, typed: str) -> Refused:
    """The refusal of a path at which there is no file."""
    place = there.root / path
    if path in bench.pristine(stack):
        what = "You deleted or moved this file, which aegis made."
        return Refused(what, where=str(place), next="aegis status")
    if place.is_dir():
        what = "This is a directory; explain takes a file."
        return Refused(what, where=str(place), next=f"git ls-files {shlex.quote(typed)}")
    return unknown(there, path)
