"""Small worlds to try things in: a scratch store, trees, mails that git wrote, an upstream."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pygit2
from hypothesis import HealthCheck, settings

from aegis_patch.formats import acceptance, kinds
from aegis_patch.objects import trees
from aegis_patch.objects.scratch import scratch
from aegis_patch.objects.trees import Entry, Tree
from aegis_patch.stack import component
from aegis_patch.stack.component import Component
from aegis_patch.stack.release import Upstream
from aegis_patch.values import replace

FILE, EXEC, LINK = 0o100644, 0o100755, 0o120000
Files = Mapping[str, bytes | tuple[bytes, int]]

# As scripts/series exports a patch.
EXPORT = (
    "format-patch",
    *("--zero-commit", "--full-index", "--no-signature", "--no-stat", "--no-renames"),
    *("--no-attach", "--stdout", "-1"),
)


def examples(count: int) -> settings:
    """So many examples of a property, however long each takes."""
    return settings(
        max_examples=count, deadline=None, suppress_health_check=list(HealthCheck), database=None
    )


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """At most so much of the processor, ours and our programs': the clock also counts others'."""
    began = sum(os.times()[:4])
    yield
    assert sum(os.times()[:4]) - began < seconds


@contextmanager
def empty_store() -> Iterator[pygit2.Repository]:
    """A scratch store that sees nothing but itself."""
    with scratch(()) as store:
        yield store


def tree(store: pygit2.Repository, files: Files) -> Tree:
    """A tree with these files: bytes, or bytes and a mode."""
    edits: dict[str, Entry | None] = {}
    for path, content in files.items():
        data, mode = (content, FILE) if isinstance(content, bytes) else content
        edits[path] = Entry.written(store, data, mode)
    return trees.empty(store).replaced(edits)


def contents(made: Tree) -> dict[str, bytes | tuple[bytes, int]]:
    """What `tree` was given."""
    found: dict[str, bytes | tuple[bytes, int]] = {}
    for path in made.files():
        entry = made.lookup(path)
        assert entry
        found[path] = entry.data if entry.mode == FILE else (entry.data, entry.mode)
    return found


def git(store: pygit2.Repository, *args: str) -> bytes:
    """Run git itself on a store."""
    return subprocess.run(["git", *args], cwd=store.path, check=True, capture_output=True).stdout


def diff(old: Tree, new: Tree, *args: str) -> bytes:
    """What `git diff` says of two trees, as a series would hold it."""
    return git(old.store, "diff", "--full-index", "--no-renames", *args, str(old), str(new))


def mail(old: Tree, new: Tree, message: str, how: str = "--keep-subject") -> bytes:
    """What `git format-patch` makes of a commit from one tree to another."""
    store = old.store
    who = pygit2.Signature("Ada", "ada@lantern.example", 0, 0)
    first = store.create_commit(None, who, who, "Start", old.id, [])
    commit = store.create_commit(None, who, who, message, new.id, [first])
    return git(store, *EXPORT, how, str(commit))


def structured(path: str, *texts: str) -> str | None:
    """What a structured merge alone makes of three sides; None where it leaves a doubt."""
    base, ours, theirs = (text.encode() for text in texts)
    made = kinds.structured(path, base, ours, theirs)
    if made is None or len(set(made)) > 1:
        return None
    return made[1].decode() if acceptance.accepts(path, base, ours, theirs, made[1]) else None


def a_component(
    name: str,
    requires: tuple[str, ...] = (),
    kind: str = "component",
    series: tuple[tuple[str, Entry], ...] = (),
) -> Component:
    """A component of which only the algebra matters."""
    return Component(name, name.title(), f"Toy {name}.", "X", kind, "available", requires, series)


def a_catalogue(*components: Component) -> dict[str, Component]:
    """Components by name."""
    return {each.name: each for each in components}


def series(
    store: pygit2.Repository, before: Files, after: Files, subject: str
) -> tuple[tuple[str, Entry], ...]:
    """A series of one patch, which git wrote."""
    patch = mail(tree(store, before), tree(store, after), f"{subject}\n\nBecause.")
    return ((f"0-{subject.lower().replace(' ', '-')}.patch", Entry.written(store, patch)),)


def an_upstream(
    store: pygit2.Repository,
    base: Files,
    *components: tuple[Component, Files],
    release: str = "1.0",
) -> Upstream:
    """A release whose components each turn base/ into the given files."""
    made = {
        each.name: replace(each, series=series(store, base, files, f"Add {each.name}"))
        for each, files in components
    }
    return Upstream("aegis", release, "", tree(store, base), made, None, {})


def component_files(**about: object) -> dict[str, bytes]:
    """The files of a component's directory, with parts of component.toml replaced."""
    known: dict[str, object] = {
        "title": '"Cache"',
        "summary": '"Keeps things."',
        "implementation": '"cashews"',
        "kind": '"component"',
        "status": '"available"',
        "requires": "[]",
        **about,
    }
    text = "".join(f"{key} = {value}\n" for key, value in known.items() if value is not None)
    return {"component.toml": text.encode(), "series": b"# in order\nadd.patch\n", "add.patch": b""}


def parsed(name: str, **about: object) -> Component:
    """A component from such files."""
    return parsed_files(name, component_files(**about))


def parsed_files(name: str, files: Mapping[str, bytes]) -> Component:
    """A component from the files of its directory."""
    with empty_store() as store:
        written = {path: Entry.written(store, data) for path, data in files.items()}
        return component.parse(name, written)


ROOT = Path(__file__).parent.parent
