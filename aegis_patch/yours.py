"""What is the user's: the requirements that they rely on, the lines that they wrote first."""

from __future__ import annotations

import re

import pygit2

from aegis_patch import lock, trees
from aegis_patch.bench import Bench
from aegis_patch.evolve import STRING, Sides, units, written_twice
from aegis_patch.pristine import after, before
from aegis_patch.project import Project
from aegis_patch.stack import RECORD
from aegis_patch.turns import Turn, turns
from aegis_patch.upstream import Upstream


def relies(
    bench: Bench, opened: Upstream, there: Project, tree: pygit2.Oid, need: str
) -> str | None:
    """Why a requirement cannot leave by itself: its files were changed, or a change names it."""
    store = bench.store
    was, now = (make(store, opened, need) for make in (before, after))
    own = {path for path in trees.changed(store, was, now) if not trees.lookup(store, was, path)}
    places = {path.rpartition("/")[0] for path in own}
    places = {f"{place}/" for place in places if trees.subtree(store, was, place) is None}
    changed = trees.changed(store, tree, there.tree)
    moved = [path for path in changed if trees.lookup(store, there.tree, path) is None]
    for path in changed:
        if path in own or path.startswith(tuple(places)):
            return f"you changed {path}"
    brought = {word for words in brings(store, was, now).values() for word in words}
    words = "|".join(re.escape(word) for word in sorted({need, *brought}))
    pattern = re.compile(rf"(?<![\w-])({words})(?![\w-])".encode())
    for path in changed:
        mine = trees.blob(store, trees.lookup(store, there.tree, path))
        if path == lock.LOCK or trees.is_binary(mine) or not pattern.search(mine):
            continue
        was_there = [path] if trees.lookup(store, tree, path) else moved
        texts = [trees.blob(store, trees.lookup(store, tree, each)) for each in was_there]
        known = {line for text in texts for line in text.splitlines()}
        for line in mine.splitlines():
            if line not in known and (found := pattern.search(_without_known(path, line, known))):
                return f"{path} names {found.group(1).decode()}"
    return None


def _without_known(path: str, line: bytes, known: set[bytes]) -> bytes:
    # A list in TOML says the same in whatever layout.
    if not path.endswith(".toml"):
        return line
    strings = {piece for each in known for piece in STRING.findall(each)}
    return STRING.sub(lambda piece: b"" if piece[0] in strings else piece[0], line)


def brings(store: pygit2.Repository, was: pygit2.Oid, now: pygit2.Oid) -> dict[str, set[str]]:
    """Names that one tree has and another has not: variables, Compose services, distributions."""
    found: dict[str, set[str]] = {}
    for kind, path, pattern in (
        ("variable", ".env.example", r"^#?\s*([A-Z][A-Z0-9_]+)="),
        ("service", "compose.yaml", r"^  ([a-z][\w-]*):(?: &\w+)?$"),
        ("distribution", "pyproject.toml", r'^    "([A-Za-z0-9][\w.-]*)'),
    ):
        files = [trees.blob(store, trees.lookup(store, at, path)) for at in (was, now)]
        texts = [data.decode("utf-8", "replace") for data in files]
        old, new = (set(re.findall(pattern, text, re.MULTILINE)) for text in texts)
        found[kind] = new - old
    return found


def lines(
    bench: Bench, there: Project, old: pygit2.Oid, new: pygit2.Oid
) -> dict[str, frozenset[bytes]]:
    """Of what an evolution takes out: what the user had written before a series wrote it too.

    Git knows: in each commit that changed the record, the parent's files are the user's of that
    day. A squash merge or a shallow clone has no such commit.
    """
    leaving = _leaving(bench.store, old, new)
    found: dict[str, frozenset[bytes]] = {}
    for turn in turns(there) if leaving else ():
        paths = [path for path in leaving if _wrote(bench, turn.mine, path, leaving[path])]
        met = _met(bench, turn) if paths else {}
        for path in met.keys() & set(paths):
            found[path] = found.get(path, frozenset()) | met[path]
    return found


def _leaving(
    store: pygit2.Repository, old: pygit2.Oid, new: pygit2.Oid
) -> dict[str, frozenset[bytes]]:
    found: dict[str, frozenset[bytes]] = {}
    for path in trees.changed(store, old, new):
        before, after = (trees.blob(store, trees.lookup(store, at, path)) for at in (old, new))
        gone = units(path, before) - units(path, after)
        if gone and path != RECORD:
            found[path] = frozenset(gone)
    return found


def _wrote(bench: Bench, tree: pygit2.Oid, path: str, leaving: frozenset[bytes]) -> bool:
    entry = trees.lookup(bench.store, tree, path)
    return not leaving.isdisjoint(units(path, trees.blob(bench.store, entry)))


def _met(bench: Bench, turn: Turn) -> dict[str, frozenset[bytes]]:
    store = bench.store
    if (pristine := turn.pristine(bench)) is None:
        return {}
    old, new = pristine
    met: dict[str, frozenset[bytes]] = {}
    for path in trees.changed(store, old, new):
        sides = Sides(path, *(trees.lookup(store, tree, path) for tree in (old, turn.mine, new)))
        if path == RECORD or (sides.base is None and sides.ours != sides.theirs):
            continue  # a file that only one of two wrote, or that the user chose in a conflict
        if twice := written_twice(store, sides, trees.lookup(store, turn.result, path)):
            met[path] = twice
    return met
