"""What a tree has and the result of a verb has not: files, modules, names of these, words."""

from __future__ import annotations

import functools
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pygit2

from aegis_patch.formats import compose_names, paths, python_names
from aegis_patch.objects import trees

_WORDS = (
    ("variable", ".env.example", r"(?m)^[#\s]*(?:export )?([A-Z][A-Z0-9_]+)="),
    ("distribution", "pyproject.toml", r"[\"']([A-Za-z0-9][\w.-]*)"),
)
_DEFINED = re.compile(rb"^(?:(?:async )?def|class) (\w+)|^(\w+)(?:: [^=\n]+)? = ", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Evolved:
    """What a verb makes of a project: HEAD's tree, the two pristine ones, and the result.

    `moved` says where the user has files of the pristine trees, `was` the same the other way;
    `unsettled` are the paths that await a person: what these will hold nobody knows yet.
    """

    store: pygit2.Repository
    root: Path
    commit: str
    head: pygit2.Oid
    old: pygit2.Oid
    new: pygit2.Oid
    result: pygit2.Oid
    moved: Mapping[str, str]
    was: Mapping[str, str]
    unsettled: Collection[str] = ()

    def read(self, path: str) -> bytes:
        """A file of the result."""
        return trees.read(self.store, self.result, path)

    def place_in(self, tree: pygit2.Oid, path: str) -> str:
        """Where a tree has what the result has at a path."""
        return self.was.get(path, path) if tree == self.new else path


@dataclass(frozen=True, slots=True)
class Missing:
    """What one tree has and the result has not.

    `texts` are the Python files that are in both, there and in the result, by their path in the
    result; `files` names these by module. `words` are variables, services and distributions.
    """

    tree: pygit2.Oid
    gone: frozenset[str]
    modules: frozenset[str]
    files: Mapping[str, str]
    texts: Mapping[str, tuple[bytes, bytes]]
    words: Mapping[str, frozenset[str]]

    def module(self, dotted: str) -> str:
        """The missing module with which a dotted name begins, or nothing."""
        while dotted and dotted not in self.modules:
            dotted = dotted.rpartition(".")[0]
        return dotted

    def names(self, path: str) -> frozenset[str]:
        """What a file bound there, and does not bind in the result."""
        return _unbound(*self.texts[path]) if path in self.texts else frozenset()

    def may_be_in(self, path: str, data: bytes) -> bool:
        """Whether a Python file holds a piece of the name of each module that is asked about."""
        if path in self.texts or self.words["distribution"]:
            return True
        known = set(re.findall(rb"\w+", data))
        modules = (*self.modules, *self.files)
        return any(name.rpartition(".")[2].encode() in known for name in modules)

    def sought(self) -> set[str]:
        """The words that a file must hold to name something of it."""
        words = set[str]().union(*self.words.values())
        for name in self.modules:
            if name.rpartition(".")[0] not in self.modules:
                words.add(name.rpartition(".")[2])
        for path in self.gone:
            if paths.may_name(path):
                words.add(path.rpartition("/")[2])
        for name, path in self.files.items():
            before, now = (set(_DEFINED.findall(text)) for text in self.texts[path])
            if before - now:
                words.add(name.rpartition(".")[2])
        return words


def missing(at: Evolved, tree: pygit2.Oid, words: Mapping[str, frozenset[str]]) -> Missing:
    """What a tree has and the result has not, but for what awaits a person."""
    gone, modules = set[str](), set[str]()
    files: dict[str, str] = {}
    texts: dict[str, tuple[bytes, bytes]] = {}
    is_new = tree == at.new
    for path, entry in trees.lacking(at.store, tree, at.result):
        place = at.moved.get(path, path) if is_new else path
        if place in at.unsettled:
            continue
        names = {python_names.module(path)}
        if not is_new:
            names.add(python_names.module(at.was.get(path, path)))
        if trees.lookup(at.store, at.result, path) is None:
            gone.add(path)
            modules |= names if path.endswith(".py") else set()
        if path.endswith(".py") and trees.lookup(at.store, at.result, place):
            texts[place] = (trees.blob(at.store, entry), at.read(place))
            now = f".{python_names.module(place)}"
            files |= {name: place for name in names if now.endswith(f".{name}")}
    return Missing(tree, frozenset(gone), frozenset(modules), files, texts, words)


NO_WORDS: Mapping[str, frozenset[str]] = dict.fromkeys(
    ("variable", "service", "distribution"), frozenset()
)


def lost_words(at: Evolved) -> dict[str, frozenset[str]]:
    """The variables, services and distributions that go, and are not the user's as well."""
    every = (at.old, at.new, at.result)
    found: dict[str, frozenset[str]] = {}
    for kind, path, pattern in _WORDS:
        place = at.moved.get(path, path)
        texts = (trees.read(at.store, at.old, path), trees.read(at.store, at.new, path))
        old, new, mine = (
            set(re.findall(pattern, text.decode("utf-8", "replace")))
            for text in (*texts, at.read(place))
        )
        found[kind] = frozenset(old - new - mine)
    old, new, mine = (_services(at, tree) for tree in every)
    return {**found, "service": frozenset(old - new - mine)}


def _services(at: Evolved, tree: pygit2.Oid) -> set[str]:
    path = "compose.yaml"
    place = at.moved.get(path, path) if tree == at.result else path
    found = compose_names.project(functools.partial(trees.read, at.store, tree), place)
    return {name.removeprefix("service ") for name in (found.has if found else ())}


@functools.cache
def _unbound(there: bytes, here: bytes) -> frozenset[str]:
    """What one text of a module binds and the other does not, as far as that is sure."""
    before, now = python_names.parsed(there), python_names.parsed(here)
    if not before or not now:
        return frozenset()
    names, known = python_names.bound(before), python_names.bound(now)
    return frozenset() if names is None or known is None else frozenset(names - known)


def reachable(store: pygit2.Repository, tree: pygit2.Oid) -> Iterator[str]:
    """Every name under which Python may find a file of a tree, from whatever directory."""
    for path in trees.files(store, tree):
        name = python_names.module(path) if path.endswith(".py") else ""
        while name:
            yield name
            name = name.partition(".")[2]
