"""Our merge of files against git's own, on the forks and pull requests of a real template.

    python -m tests.measurements.template PATH [KIND]

PATH is a local copy of a repository with `refs/pull/*`, as of fastapi/full-stack-fastapi-template.
Each of these is a fork: what it made of a file since it left the main line is merged with what each
later tag, and the end of the main line, made of it. With a KIND, its cases are shown as well.
"""

from __future__ import annotations

import itertools
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import pygit2

from aegis_patch.formats import syntax
from aegis_patch.merge import file_content
from aegis_patch.objects import trees
from aegis_patch.objects.scratch import scratch
from tests import tiny
from tests.promises import oracle

BATCH = 200
LARGEST = 150_000  # bytes of a file: lock files are longer


class Case(NamedTuple):
    """Three texts of one file."""

    path: str
    base: bytes
    ours: bytes
    theirs: bytes


def cases(repo: pygit2.Repository, store: pygit2.Repository) -> Iterator[Case]:
    """Each file that a fork and the main line both changed, once."""
    seen = set[Case]()
    for base, ours, theirs in triples(repo):
        changed = trees.differences(store, base, ours)
        for path in set(trees.changed(store, base, theirs)) & changed.keys():
            sides = [trees.lookup(store, tree, path) for tree in (base, ours, theirs)]
            case = Case(path, *(trees.blob(store, side) for side in sides))
            is_text = not any(b"\0" in text or len(text) > LARGEST for text in case[1:])
            if all(sides) and len(set(sides)) == len(sides) and is_text and case not in seen:
                seen.add(case)
                yield case


def triples(repo: pygit2.Repository) -> Iterator[tuple[pygit2.Oid, pygit2.Oid, pygit2.Oid]]:
    """The trees where a fork left the main line, of the fork, and of the main line later."""
    ends = [ref for ref in repo.references if ref.startswith("refs/tags/")]
    later = [repo.references[ref].peel(pygit2.Commit) for ref in ends]
    later.append(repo.head.peel(pygit2.Commit))
    for ref in repo.references:
        if ref.startswith("refs/pull/"):
            fork = repo.references[ref].peel(pygit2.Commit)
            at = repo.merge_base(later[-1].id, fork.id)
            for end in later if at else ():
                if at != end.id and repo.descendant_of(end.id, at):
                    yield repo[at].peel(pygit2.Tree).id, fork.tree.id, end.tree.id


def judged(found: Iterable[Case]) -> Iterator[tuple[Case, str, str]]:
    """Each case, what git and we make of it in a word, and our detail."""
    pending = iter(found)
    while batch := list(itertools.islice(pending, BATCH)):
        with tiny.empty_store() as store:
            sides = [[tiny.tree(store, {"file": text}) for text in case[1:]] for case in batch]
            by_git = oracle.merges(store, [(base, ours, theirs) for base, ours, theirs in sides])
            for case, git in zip(batch, by_git, strict=True):
                made = file_content.merge(store, *case)
                its = trees.read(store, git.tree, "file")
                yield case, _kind(case.path, git.clean, its, made), made.detail


def _kind(path: str, clean: bool, its: bytes, made: file_content.Text) -> str:
    if not clean:
        return "both conflict" if made.reason else "git conflicts, we are clean"
    parses = syntax.syntax_error(path, its) is None
    if made.reason:
        return f"git is clean{'' if parses else ' and broken'}, we say {made.reason.name}"
    return "same" if its == made.data else "both clean, another text"


def main(where: str, wanted: str = "") -> None:
    """Measure, and print."""
    repo = pygit2.Repository(where)
    seen = Counter[str]()
    with scratch([Path(repo.path, "objects")]) as store:
        for case, kind, detail in judged(cases(repo, store)):
            seen[kind] += 1
            if kind == wanted:
                print(f"==== {case.path} {detail}")
                base, *sides = (tiny.tree(store, {"file": text}) for text in case[1:])
                for side in sides:
                    print(tiny.diff(store, base, side).decode("utf-8", "replace"))
    for kind, count in sorted(seen.items()):
        print(f"{count:7,} {kind}")


if __name__ == "__main__":
    main(*sys.argv[1:])
