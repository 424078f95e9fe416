"""`aegis diff`: the project's changes since pristine, as a patch."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence, Set
from pathlib import Path

from aegis_patch.errors import Refused
from aegis_patch.history import line_origins, presence
from aegis_patch.history.line_origins import Line
from aegis_patch.merge import renames
from aegis_patch.objects import texts
from aegis_patch.objects.trees import Differences, Tree
from aegis_patch.project import git, uv_lock, worktree
from aegis_patch.project.find import Project
from aegis_patch.stack.stack import CORE, Stack
from aegis_patch.upstream.workbench import Bench
from aegis_patch.values import dataclass, replace
from aegis_patch.verbs import naming
from aegis_patch.verbs.opening import open_project
from aegis_patch.verbs.step import FileChange, file_changes


@dataclass(frozen=True, slots=True)
class Difference:
    """The changed files, and the changes as a patch (unless git showed that itself)."""

    files: tuple[FileChange, ...]
    patch: str


def diff(where: Path, paths: Sequence[Path], names: Sequence[str], *, live: bool) -> Difference:
    """The tracked files of the work tree against the pristine tree of the project's stack.

    Args:
        paths: files and directories to which it is limited.
        names: components, or the core, to whose files and lines it is limited.
        live: let git show it on the terminal.
    """
    with open_project(where, to_write=False) as (bench, there):
        stack = presence.look(bench, there.stack, there.tree).there
        old, new = bench.pristine(stack), worktree.snapshot(bench.store, there)
        wanted = _changes(there, old, new, [inside(there, path) for path in paths])
        if present := _present(bench, stack, names):
            gone = [path for path, (was, now) in wanted.items() if was and not now]
            moved = renames.follow(old, new, gone).files
            wanted = _of_components(bench, stack, wanted, moved, present)
        new = old.replaced({path: now for path, (_, now) in wanted.items()})
        words = ("diff", str(old), str(new))
        patch = ""
        if live:
            git.show(Path(there.repo.workdir), *words, env=git.seeing(bench.objects))
        else:
            plain = ("--binary", "--full-index", "--no-ext-diff")
            patch = git.history(bench.store.path, there.objects, *words, *plain)
        return Difference(file_changes(old, new, ""), patch)


def inside(there: Project, path: Path) -> str:
    """A typed path as the project's tree has it; "" for the whole tree.

    Raises:
        Refused: it is outside.
    """
    whole = Path.cwd() / path
    is_named = whole.name not in ("", "..")  # a link's own name stays
    place = Path(os.path.realpath(whole.parent if is_named else whole))
    if is_named:
        place /= whole.name
    if not place.is_relative_to(there.root):
        raise Refused("This path is outside the project.", where=str(path), next="aegis diff")
    found = place.relative_to(there.root).as_posix()
    return "" if found == "." else found


def unknown(there: Project, path: str) -> Refused:
    """The refusal of a path that neither git nor the pristine tree has."""
    what = "git doesn't track this file, and aegis has no such file."
    return Refused(what, where=str(there.root / path), next="git status")


def _changes(there: Project, old: Tree, new: Tree, places: Sequence[str]) -> Differences:
    """The differences of two trees, in the files and directories at some places.

    uv writes uv.lock: it is left out unless it is named.
    """
    for place in places:
        if not any(place in tree or tree.subtree(place) for tree in (old, new)):
            raise unknown(there, place)
    changes = old.differences(new)
    if not places or "" in places:
        return {path: change for path, change in changes.items() if path != uv_lock.LOCK}
    found: Differences = {}
    for path, change in changes.items():
        if any(f"{path}/".startswith(f"{place}/") for place in places):
            found[path] = change
    return found


def _present(bench: Bench, stack: Stack, words: Sequence[str]) -> set[str]:
    """The named components, all of them installed."""
    known, found = bench.catalogue(stack), set[str]()
    for word in words:
        name = naming.plain(known, word)
        if name not in (CORE, *known, *stack.names):
            raise naming.unknown(known, name, "aegis status")
        if name != CORE and name not in stack.names:
            raise Refused(f'"{word}" isn\'t installed.', next="aegis status")
        found.add(name)
    return found


def _of_components(
    bench: Bench, stack: Stack, changes: Differences, moved: Mapping[str, str], names: Set[str]
) -> Differences:
    """Those of some changes that are in the files and lines of some components."""
    found: Differences = {}
    for path, (was, now) in changes.items():
        origins = line_origins.of_pristine(bench, stack, path)
        owners = {line.component for line in origins if line}
        is_whole = _owner(bench, stack, path) in names
        if was and now and owners & names and owners - names:
            part = was.rewritten(_in_lines(was.data, now.data, origins, names))
            found[path] = was, replace(part, mode=now.mode if is_whole else was.mode)
        elif is_whole:
            found[path] = was, now
        if path in found and moved.get(path) in changes:
            found[moved[path]] = changes[moved[path]]
    return found


def _owner(bench: Bench, stack: Stack, path: str) -> str:
    """The owner of a file: who brings it, or everything else in its directory; "" for the user."""
    tree = bench.pristine(stack)
    if path in tree:
        return line_origins.creator(bench, stack, path).component
    beside = tree.files(path.rpartition("/")[0]) if "/" in path else ()
    owners = {line_origins.creator(bench, stack, other).component for other in beside}
    return owners.pop() if len(owners) == 1 and CORE not in owners else ""


def _in_lines(before: bytes, after: bytes, origins: Sequence[Line], names: Set[str]) -> bytes:
    """A text with only those changes that are in, or next to, lines of some components."""
    lines, wanted = texts.lines(before), texts.lines(after)
    made = []
    for old, new in texts.hunks(before, after):
        around = old or range(max(old.start - 1, 0), old.stop + 1)
        owners = {line.component for line in origins[around.start : around.stop] if line}
        if owners & names:
            made.append((old, wanted[new.start : new.stop]))
    return b"".join(texts.spliced(lines, made))
