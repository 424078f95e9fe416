"""What is the user's: requirements that they rely on, lines that they wrote first, their moves."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

import pygit2
from pygit2.enums import FileMode

from aegis_patch import alike, git, imports, moves, project, trees, uvlock
from aegis_patch.bench import Bench
from aegis_patch.evolve import strings, units, written_twice
from aegis_patch.merges import layout
from aegis_patch.moves import Moves
from aegis_patch.pristine import after, before
from aegis_patch.project import Project
from aegis_patch.record import RECORD
from aegis_patch.sides import Sides
from aegis_patch.stack import Stack
from aegis_patch.trees import Entry
from aegis_patch.turns import Turn, turns
from aegis_patch.upstream import Upstream


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
        return layout.is_same(path, *texts)

    def in_place(self, text: bytes) -> bytes:
        """A text in which what was moved has its new name, and paths do not say from where."""
        if trees.is_binary(text):
            return text
        named = imports.under(text, self.modules)
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
    went = moves.follow(store, tree, there.tree, missing)
    at = _Moved(store, tree, changed, missing, went, imports.renamed(went.files))
    brought = {word for words in brings(store, was, now).values() for word in words}
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
        if path == uvlock.LOCK or trees.is_binary(mine) or not pattern.search(mine):
            continue
        was_there = [path] if pristine else at.missing
        texts = [at.in_place(trees.read(at.store, at.tree, each)) for each in was_there]
        if any(layout.is_same(path, text, mine) for text in texts):
            continue
        known = {line.strip() for text in texts for line in text.splitlines()}
        for line in mine.splitlines():
            if line.strip() not in known and (
                found := pattern.search(_without_known(path, line, known))
            ):
                return f"{path} names {found.group(1).decode()}"
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


def brings(store: pygit2.Repository, was: pygit2.Oid, now: pygit2.Oid) -> dict[str, set[str]]:
    """Names that one tree has and another has not: variables, Compose services, distributions."""
    found: dict[str, set[str]] = {}
    for kind, path, pattern in (
        ("variable", ".env.example", r"^#?\s*([A-Z][A-Z0-9_]+)="),
        ("service", "compose.yaml", r"^  ([a-z][\w-]*):(?: &\w+)?$"),
        ("distribution", "pyproject.toml", r'^    "([A-Za-z0-9][\w.-]*)'),
    ):
        files = [trees.read(store, at, path) for at in (was, now)]
        texts = [data.decode("utf-8", "replace") for data in files]
        old, new = (set(re.findall(pattern, text, re.MULTILINE)) for text in texts)
        found[kind] = new - old
    return found


def lines(bench: Bench, there: Project, old: Stack, new: Stack) -> dict[str, frozenset[bytes]]:
    """Of what goes with components: what the user had written before these came.

    Git knows: in each commit whose record gained one, the parent's files are the user's of that
    day. What they took out since, and was brought again, is not theirs any more. A squash merge
    or a shallow clone has no such commit.
    """
    going = old.names - new.names
    leaving = {path: gone for path, gone in brought(bench, old, going).items() if gone}
    base = bench.at(there.stack, there.stack.release).base
    may_move = {
        path
        for path in leaving
        if trees.lookup(bench.store, base, path) or not trees.lookup(bench.store, there.tree, path)
    }
    found: dict[str, frozenset[bytes]] = {}
    later: list[Turn] = []
    for turn in turns(there) if leaving else ():
        came = going & turn.gained(bench)
        for path, met in _met(bench, turn, leaving, may_move).items() if came else ():
            if fresh := met - found.get(path, frozenset()):
                mine = fresh - _came_anew(bench, there, turn, later, path)
                found[path] = found.get(path, frozenset()) | mine
        later.append(turn)
    return {path: mine for path, mine in found.items() if mine}


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


def _wrote(bench: Bench, tree: pygit2.Oid, path: str, leaving: frozenset[bytes]) -> bool:
    return not leaving.isdisjoint(units(path, trees.read(bench.store, tree, path)))


def _met(
    bench: Bench, turn: Turn, leaving: Mapping[str, frozenset[bytes]], may_move: Iterable[str]
) -> dict[str, frozenset[bytes]]:
    """Of what leaves, what a turn found written already, at its path or where it was moved to."""
    store = bench.store
    here = [path for path in leaving if _wrote(bench, turn.mine, path, leaving[path])]
    away = [path for path in may_move if not trees.lookup(store, turn.mine, path)]
    if not (here or away) or (pristine := turn.pristine(bench)) is None:
        return {}
    old, new = pristine
    moved = moves.follow(store, old, turn.mine, away)
    places = {path: (path,) for path in here} | {
        path: moved.parts.get(path) or (moved.files[path],)
        for path in away
        if path in moved.parts or path in moved.files
    }
    met: dict[str, frozenset[bytes]] = {}
    for path, where in places.items():
        base, theirs = (trees.lookup(store, tree, path) for tree in (old, new))
        for place in where:
            ours = trees.lookup(store, turn.mine, place)
            if base is None and ours != theirs:
                continue  # a file that only one of two wrote, or that the user chose in a conflict
            result = trees.lookup(store, turn.result, place)
            if twice := written_twice(store, Sides(path, base, ours, theirs), result):
                met[path] = met.get(path, frozenset()) | (twice & leaving[path])
    return met


def _came_anew(
    bench: Bench, there: Project, turn: Turn, later: Iterable[Turn], path: str
) -> frozenset[bytes]:
    """What later turns brought to a file that no longer held it: someone had taken it out."""
    came = set[bytes]()
    for since in later:
        sides = [trees.lookup(bench.store, at, path) for at in (since.mine, since.result)]
        follows = there.repo.descendant_of(since.commit.id, turn.commit.id)
        if sides[0] and follows and len(since.commit.parent_ids) == 1:
            # of a merge, another parent may have held it
            before, after = (units(path, trees.blob(bench.store, side)) for side in sides)
            came |= after.keys() - before.keys()
    return frozenset(came)


def moved(
    bench: Bench, there: Project, tree: pygit2.Oid, old: pygit2.Oid, new: pygit2.Oid
) -> Moves:
    """Where the user moved what an evolution changes; "../" leads out of the project.

    History is read only for what is missing and cannot be told from the trees alone.
    """
    paths = trees.changed(bench.store, old, new)
    found = moves.follow(bench.store, old, tree, paths)
    known = {}
    left = {
        path: project.within(there.prefix, path)
        for path in paths
        if path not in found.files
        and path not in found.parts
        and trees.lookup(bench.store, old, path)
        and not trees.lookup(bench.store, tree, path)
    }
    while left:
        left = _moved_on(bench, there, left)
        for path, where in left.items():
            if trees.lookup(bench.store, there.repo[there.head].peel(pygit2.Tree).id, where):
                known[path] = _from_inside(there, where)
        left = {path: where for path, where in left.items() if path not in known}
    return moves.follow(bench.store, old, tree, paths, known) if known else found


def _moved_on(bench: Bench, there: Project, at: dict[str, str]) -> dict[str, str]:
    """Where the commits that took some files away put them; those that only took are left out."""
    found: dict[str, str] = {}
    taken = _taken_away(bench, there, at.values())
    for path, where in at.items():
        commit = there.repo.get(taken[where]) if where in taken else None
        if not isinstance(commit, pygit2.Commit) or not commit.parents:
            continue
        sides = (commit.parents[0].tree.id, commit.tree.id)
        followed = moves.follow(bench.store, *sides, [where], least=alike.RELATED)
        if now := followed.files.get(where):
            found[path] = now
    return found


def _taken_away(bench: Bench, there: Project, paths: Iterable[str]) -> dict[str, str]:
    """The newest commit that took a file away, by its path from the repository's top."""
    said = git.history(
        bench.store.path,
        there.root,
        *("log", "--no-renames", "--diff-filter=D", "--name-only", "-z"),
        *("--format=%x00%H", str(there.head), "--", *paths),
    )
    found: dict[str, str] = {}
    for told in f"\0{said}".split("\0\0")[1:]:
        commit, _, names = told.partition("\0\n")
        for name in names.removesuffix("\0").split("\0"):
            found.setdefault(name, commit)
    return found


def _from_inside(there: Project, path: str) -> str:
    inside = PurePosixPath(path)
    prefix = PurePosixPath(there.prefix)
    up = 0
    while not inside.is_relative_to(prefix):
        prefix, up = prefix.parent, up + 1
    return "../" * up + inside.relative_to(prefix).as_posix()
