"""What git itself makes of three trees: `git merge-tree`, many merges in one process."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable
from dataclasses import dataclass

import pygit2

from aegis_patch.objects.trees import Tree

WHO = pygit2.Signature("Ada", "ada@lantern.example", 0, 0)


@dataclass(frozen=True, slots=True)
class Merge:
    """git's answer: whether it is clean, the tree (with markers where not), what conflicts."""

    clean: bool
    tree: Tree
    paths: tuple[str, ...]


Triple = tuple[Tree, Tree, Tree]


def merges(store: pygit2.Repository, triples: Iterable[Triple], *config: str) -> list[Merge]:
    """Base, ours and theirs, merged by git; `config` holds settings such as merge.renames=false."""
    lines = []
    for base, *sides in triples:
        root = store.create_commit(None, WHO, WHO, "base", base.id, [])
        # The message keeps two equal trees from becoming one commit.
        tips = [
            store.create_commit(None, WHO, WHO, f"side {number}", tree.id, [root])
            for number, tree in enumerate(sides)
        ]
        lines.append(" ".join(map(str, tips)) + "\n")
    if not lines:
        return []
    settings = [word for each in config for word in ("-c", each)]
    command = ["git", *settings, "merge-tree", "--write-tree", "--no-messages", "--stdin"]
    done = subprocess.run(
        command, cwd=store.path, input="".join(lines).encode(), capture_output=True, check=True
    )
    return list(_read(store, done.stdout, len(lines)))


def _read(store: pygit2.Repository, answer: bytes, count: int) -> Iterable[Merge]:
    # status, tree, each conflicted "mode id stage<TAB>path", and an empty piece to end it
    pieces = iter(answer.split(b"\0"))
    for _ in range(count):
        clean, tree = next(pieces) == b"1", next(pieces)
        found = iter(lambda: next(pieces), b"")
        paths = {line.partition(b"\t")[2].decode("utf-8", "replace") for line in found}
        yield Merge(clean, Tree(store, pygit2.Oid(hex=tree.decode())), tuple(sorted(paths)))
