"""Whether the user relies on a requirement, which then stays."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, replace

import pygit2
from pygit2.enums import FileMode

from aegis_patch.formats import python_names, same_meaning
from aegis_patch.history import brought_names
from aegis_patch.merge import renames
from aegis_patch.merge.renames import Moves
from aegis_patch.merge.written_twice import strings, units
from aegis_patch.objects import trees
from aegis_patch.objects.texts import is_binary
from aegis_patch.objects.trees import Entry
from aegis_patch.project import git, uv_lock
from aegis_patch.project.find import Project
from aegis_patch.stack.pristine import after, before
from aegis_patch.stack.record import RECORD
from aegis_patch.stack.release import Upstream
from aegis_patch.stack.stack import Stack
from aegis_patch.upstream.workbench import Bench


@dataclass(frozen=True, slots=True)
class _Moved:
    """What the user has of a pristine tree, by HEAD's paths, and what went where.

    `missing` are its files that are not where they were, `modules` those that have another name.
    """

    store: pygit2.Repository
    tree: pygit2.Oid
    changed: Mapping[str, tuple[Entry | None, Entry | None]]
    missing: tuple[str, ...]
    went: Moves
    modules: Mapping[str, str]

    def is_same(self, path: str, was: Entry | None, now: Entry) -> bool:
        """Whether a file is as it was, but for its layout and what it names by its place."""
        if was is None or was.mode != now.mode:
            return False
        if was == now or now.mode == FileMode.LINK:
            return was == now
        texts = [self.in_place(trees.blob(self.store, entry)) for entry in (was, now)]
        return same_meaning.is_same(path, *texts)

    def in_place(self, text: bytes) -> bytes:
        """A text in which what was moved has its new name, and paths do not say from where."""
        if is_binary(text):
            return text
        named = python_names.under(text, self.modules)
        return re.sub(rb"(?<![\w.])(?:\.{1,2}/)+(?=\w)", b"", named)


def relies(
    bench: Bench, opened: Upstream, there: Project, tree: pygit2.Oid, need: str
) -> str | None:
    """Why a requirement cannot leave by itself: its files were changed, or a change names it.

    What only moved was not changed; who deleted a file does not rely on it.
    """
    store = bench.store
    was, now = (make(store, opened, need) for make in (before, after))
    own = {path for path in trees.changed(store, was, now) if not trees.lookup(store, was, path)}
    places = {path.rpartition("/")[0] for path in own}
    places = {place for place in places if trees.subtree(store, was, place) is None}
    places = {place for place in places if _is_of(store, tree, place, need, own)}
    changed = trees.differences(store, tree, there.tree)
    missing = tuple(path for path, (_, mine) in changed.items() if mine is None)
    went = renames.follow(store, tree, there.tree, missing)
    at = _Moved(store, tree, changed, missing, went, python_names.renamed(went.files))
    brought = {word for words in brought_names.brings(store, was, now).values() for word in words}
    return _change(at, own, places) or _naming(at, there, {need, *brought})


def _change(at: _Moved, own: Set[str], places: Iterable[str]) -> str | None:
    """A file of a requirement's own that the user changed, or one of theirs beside it."""
    if torn := sorted(own & (at.went.hints.keys() | at.went.parts.keys())):
        return f"you changed {torn[0]}"
    origin = {place: path for path, place in at.went.files.items()}
    inside = tuple(f"{at.went.of_new(f'{place}/') or place}".rstrip("/") + "/" for place in places)
    for path, (_, mine) in at.changed.items():
        known = origin.get(path, path)
        if mine is None or not (known in own or path.startswith(inside)):
            continue
        if not at.is_same(path, trees.lookup(at.store, at.tree, known), mine):
            return f"you changed {path}"
    return None


def _naming(at: _Moved, there: Project, words: Set[str]) -> str | None:
    """A line of the user's that names one of some words."""
    either = "|".join(re.escape(word) for word in sorted(words))
    pattern = re.compile(rf"(?<![\w-])({either})(?![\w-])".encode())
    naming = {*git.naming(there.root, str(there.head), words)}
    for path, (pristine, now) in at.changed.items():
        if now is None or (path not in naming and now.mode != FileMode.LINK):
            continue  # git does not look at where a link leads
        mine = at.in_place(trees.blob(at.store, now))
        if path == uv_lock.LOCK or is_binary(mine) or not pattern.search(mine):
            continue
        was_there = [path] if pristine else at.missing
        texts = [at.in_place(trees.read(at.store, at.tree, each)) for each in was_there]
        if any(same_meaning.is_same(path, text, mine) for text in texts):
            continue
        known = {line.strip() for text in texts for line in text.splitlines()}
        for line in mine.splitlines():
            if line.strip() not in known and (
                found := pattern.search(_without_known(path, line, known))
            ):
                return f"{path} uses {found.group(1).decode()}"
    return None


def _is_of(
    store: pygit2.Repository, tree: pygit2.Oid, place: str, need: str, own: Iterable[str]
) -> bool:
    """Whether a directory has the name of a requirement, or nothing but its files."""
    return place.rpartition("/")[2] == need or {*trees.files(store, tree, place)} <= {*own}


def _without_known(path: str, line: bytes, known: set[bytes]) -> bytes:
    # A list in TOML says the same in whatever layout.
    if not path.endswith(".toml") or not (said := strings(line)):
        return line
    there = {piece for each in known for piece in strings(each)}
    return b" ".join(piece for piece in said if piece not in there)


def brought(bench: Bench, whole: Stack, names: frozenset[str]) -> dict[str, frozenset[bytes]]:
    """What components of a stack bring: the paths that differ without them, and their lines."""
    if not names:
        return {}
    others = {name: by for name, by in whole.present.items() if name not in names}
    less, more = bench.pristine(replace(whole, present=others)), bench.pristine(whole)
    found: dict[str, frozenset[bytes]] = {}
    for path in trees.changed(bench.store, less, more):
        before, after = (trees.read(bench.store, at, path) for at in (less, more))
        if path != RECORD:
            found[path] = frozenset(units(path, after) - units(path, before))
    return found
