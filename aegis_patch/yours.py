"""What is the user's: the requirements that they rely on, the lines that they wrote first."""

from __future__ import annotations

import re
from collections.abc import Iterable

import pygit2

from aegis_patch import lock, project, stack, trees
from aegis_patch.bench import Bench
from aegis_patch.errors import Refused, UpstreamError
from aegis_patch.evolve import written_twice
from aegis_patch.pristine import after, before
from aegis_patch.project import Project
from aegis_patch.stack import RECORD
from aegis_patch.upstream import Upstream


def relies(
    bench: Bench, opened: Upstream, there: Project, tree: pygit2.Oid, need: str
) -> str | None:
    """Why a requirement cannot leave by itself: its files were changed, or a change names it."""
    store = bench.store
    was, now = (make(store, opened, need) for make in (before, after))
    own = {path for path in trees.changed(store, was, now) if not trees.lookup(store, was, path)}
    changed = trees.changed(store, tree, there.tree)
    touched = sorted(own.intersection(changed))
    if touched:
        return f"you changed {touched[0]}"
    brought = _brings(store, was, now)
    words = "|".join(re.escape(word) for word in sorted({need, *brought}))
    pattern = re.compile(rf"(?<![\w-])({words})(?![\w-])".encode())
    for path in changed:
        if path == lock.LOCK:
            continue
        texts = [trees.blob(store, trees.lookup(store, at, path)) for at in (tree, there.tree)]
        known = set(texts[0].splitlines())
        for line in texts[1].splitlines():
            if line not in known and (found := pattern.search(line)):
                return f"{path} names {found.group(1).decode()}"
    return None


def _brings(store: pygit2.Repository, was: pygit2.Oid, now: pygit2.Oid) -> set[str]:
    """Names that a series introduces: its environment variables and Compose services."""
    found: set[str] = set()
    for path, pattern in (
        (".env.example", r"^#?\s*([A-Z][A-Z0-9_]+)="),
        ("compose.yaml", r"^  ([a-z][\w-]*):(?: &\w+)?$"),
    ):
        texts = [trees.blob(store, trees.lookup(store, at, path)).decode() for at in (was, now)]
        old, new = (set(re.findall(pattern, text, re.MULTILINE)) for text in texts)
        found |= new - old
    return found


def lines(bench: Bench, there: Project, gone: Iterable[str]) -> dict[str, frozenset[bytes]]:
    """Lines that the user had written when a series that now leaves wrote them as well."""
    found: dict[str, frozenset[bytes]] = {}
    for name in gone:
        commit = project.gained(there, name)
        if commit is None or not commit.parents:
            continue
        try:
            met = _lines_met(bench, there, commit)
        except (Refused, UpstreamError):
            continue  # its record or release is gone: nothing can be known of that day
        for path, more in met.items():
            found[path] = found.get(path, frozenset()) | more
    return found


def _lines_met(bench: Bench, there: Project, commit: pygit2.Commit) -> dict[str, frozenset[bytes]]:
    store = bench.store
    sides = [trees.subtree(store, at.tree.id, there.prefix) for at in (commit.parents[0], commit)]
    records = [trees.lookup(store, side, RECORD) if side else None for side in sides]
    if sides[0] is None or sides[1] is None or records[0] is None:
        return {}
    old, new = (bench.pristine(stack.parse(trees.blob(store, record))) for record in records)
    met: dict[str, frozenset[bytes]] = {}
    for path in trees.changed(store, old, new):
        at = [trees.lookup(store, tree, path) for tree in (old, sides[0], new, sides[1])]
        if path != RECORD and (twice := written_twice(store, *at)):
            met[path] = twice
    return met
