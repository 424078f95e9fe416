"""What files name and a project no longer has, after a verb: unresolved(result) − unresolved(HEAD).

A name is asked about if HEAD or the new pristine tree has it and the result does not: what HEAD
had, in lines that are not the upstream's; what the upstream has, in lines that HEAD did not have.
"""

from __future__ import annotations

import functools
import posixpath
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pygit2

from aegis_patch.formats import compose_names, paths, python_names
from aegis_patch.objects import texts, trees
from aegis_patch.project import git, uv_lock
from aegis_patch.stack.record import RECORD

_SETTINGS = ".env"  # not in git, though it is where variables are set
_DOTTED = re.compile(r"(?<![\w.])[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+")
_DEFINED = re.compile(rb"^(?:(?:async )?def|class) (\w+)|^(\w+)(?:: [^=\n]+)? = ", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Reference:
    """A line that names what the project does not have (any more), and where that is, if known."""

    path: str
    line: int
    name: str
    comes: bool = False
    place: str = ""

    def __str__(self) -> str:
        if not self.comes:
            return f"{self.path}:{self.line} still names {self.name}"
        where = f"is at {self.place}" if self.place else "does not exist here"
        return f"{self.path}:{self.line} names {self.name}, which {where}"


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


@dataclass(frozen=True, slots=True)
class _Lost:
    """What one tree has and the result has not.

    `texts` are the Python files that are in both, there and in the result, by their path in the
    result; `files` names these by module.
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

    def may_be_in(self, path: str, data: bytes) -> bool:
        """Whether a Python file holds a piece of the name of each module that is asked about."""
        known = {*re.findall(rb"\w+", data)}
        modules = (name.rpartition(".")[2].encode() for name in (*self.modules, *self.files))
        return (
            path in self.texts or bool(self.words["distribution"]) or not known.isdisjoint(modules)
        )

    def names(self, path: str) -> frozenset[str]:
        """What a file bound there, and does not bind in the result."""
        return _unbound(*self.texts[path]) if path in self.texts else frozenset()


def references(at: Evolved) -> list[Reference]:
    """The lines that name what is no longer there, or what comes in and the user has not."""
    had = _lost(at, at.head, _words(at))
    wanted = _lost(at, at.new, {})
    changed = trees.changed(at.store, at.head, at.result)
    found: set[Reference] = set()
    for path in {*changed, *_naming(at, had)}:
        data = trees.read(at.store, at.result, path)
        if path in (uv_lock.LOCK, RECORD, *at.unsettled) or texts.is_binary(data):
            continue
        mine = _lines(data, trees.read(at.store, at.new, at.was.get(path, path)))
        found |= {Reference(path, *each) for each in _named(at, had, path, data, mine)}
        if path in changed:
            fresh = _lines(data, trees.read(at.store, at.head, path))
            for number, name in _named(at, wanted, path, data, fresh):
                found.add(Reference(path, number, name, True, _place(path, name, changed)))
    settings = at.root / _SETTINGS
    if had.words["variable"] | had.words["service"] and settings.is_file():
        text = settings.read_bytes()
        named = _in_text(had, _SETTINGS, _lines(text, b""))
        found |= {Reference(_SETTINGS, *each) for each in named}
    return sorted(_really(at, had, wanted, found), key=lambda one: (one.path, one.line, one.name))


def _really(at: Evolved, had: _Lost, wanted: _Lost, found: set[Reference]) -> Iterator[Reference]:
    """Each once, without packages of what is named, and modules that Python finds elsewhere."""
    missing = had.modules | wanted.modules
    there: set[str] = set()
    if any(each.name in missing for each in found):
        there = {*_reachable(trees.files(at.store, at.result))}
    lines: dict[tuple[str, int], set[str]] = {}
    for each in sorted(found, key=lambda one: (one.comes, -len(one.name))):
        named = lines.setdefault((each.path, each.line), set())
        known = any(f"{name}.".startswith(f"{each.name}.") for name in named)
        if each.name not in there and not known:
            named.add(each.name)
            yield each


def _reachable(files: Iterable[str]) -> Iterator[str]:
    for path in files:
        name = python_names.module(path) if path.endswith(".py") else ""
        while name:
            yield name
            name = name.partition(".")[2]


def _lines(data: bytes, known: bytes) -> dict[int, str]:
    """The lines of a text that another has not, by their number."""
    there = set(known.splitlines())
    return {
        number: line.decode("utf-8", "replace")
        for number, line in enumerate(data.splitlines(), 1)
        if line not in there
    }


# What is lost.


def _lost(at: Evolved, tree: pygit2.Oid, words: Mapping[str, frozenset[str]]) -> _Lost:
    modules, gone = set[str](), set[str]()
    files: dict[str, str] = {}
    texts: dict[str, tuple[bytes, bytes]] = {}
    is_new = tree == at.new
    for path, entry in trees.lacking(at.store, tree, at.result):
        place = at.moved.get(path, path) if is_new else path
        if place in at.unsettled:
            continue
        names = {
            python_names.module(each) for each in (path, path if is_new else at.was.get(path, path))
        }
        if trees.lookup(at.store, at.result, path) is None:
            gone.add(path)
            modules |= names if path.endswith(".py") else set()
        mine = trees.lookup(at.store, at.result, place)
        if mine and path.endswith(".py"):
            texts[place] = (trees.blob(at.store, entry), trees.blob(at.store, mine))
            now = f".{python_names.module(place)}"
            files |= {name: place for name in names if now.endswith(f".{name}")}
    every = {kind: words.get(kind, frozenset()) for kind in ("variable", "service", "distribution")}
    return _Lost(tree, frozenset(gone), frozenset(modules), files, texts, every)


def _words(at: Evolved) -> dict[str, frozenset[str]]:
    """The variables, Compose services and distributions that go, and are not the user's as well."""
    found = {}
    for kind, names in _brings(at.store, at.new, at.old).items():
        found[kind] = frozenset(name for name in names if not _has(at, kind, name))
    return found


def _brings(store: pygit2.Repository, was: pygit2.Oid, now: pygit2.Oid) -> dict[str, set[str]]:
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


def _has(at: Evolved, kind: str, name: str) -> bool:
    if kind == "service":
        place = at.moved.get("compose.yaml", "compose.yaml")
        found = compose_names.project(functools.partial(trees.read, at.store, at.result), place)
        return found is not None and f"service {name}" in found.has
    path, pattern = {
        "variable": (".env.example", rf"^[#\s]*(?:export )?{re.escape(name)}="),
        "distribution": ("pyproject.toml", rf"[\"']{re.escape(name)}(?![\w.-])"),
    }[kind]
    text = trees.read(at.store, at.result, at.moved.get(path, path)).decode("utf-8", "replace")
    return re.search(pattern, text, re.MULTILINE) is not None


@functools.cache
def _unbound(there: bytes, here: bytes) -> frozenset[str]:
    """What one text of a module binds and the other does not, as far as that is sure."""
    before, now = python_names.parsed(there), python_names.parsed(here)
    if not before or not now:
        return frozenset()
    names, known = python_names.bound(before), python_names.bound(now)
    return frozenset() if names is None or known is None else frozenset(names - known)


# Where it is named.


def _naming(at: Evolved, had: _Lost) -> set[str]:
    """The files of HEAD that may name what is lost."""
    outer = {name for name in had.modules if name.rpartition(".")[0] not in had.modules}
    words = {name.rpartition(".")[2] for name in outer}.union(*had.words.values())
    words |= {path.rpartition("/")[2] for path in had.gone if paths.may_name(path)}
    for name, path in had.files.items():
        before, now = ({*_DEFINED.findall(text)} for text in had.texts[path])
        if before - now:
            words.add(name.rpartition(".")[2])
    packages = [name.replace(".", "/") for name in had.modules]
    inside = {path for place in packages for path in trees.files(at.store, at.head, place)}
    return inside.union(git.naming(at.root, at.commit, words))


def _named(
    at: Evolved, lost: _Lost, path: str, data: bytes, lines: Mapping[int, str]
) -> Iterator[tuple[int, str]]:
    """What some lines of a file name and is lost."""
    if not lines:
        return
    yield from _in_text(lost, path, lines)
    if lost.gone:
        yield from _paths(at, lost, path, data, lines)
    if compose_names.NAME.search(path):
        yield from _in_compose(at, lost, path)
    if path.endswith(".py") and lost.may_be_in(path, data):
        yield from (each for each in _in_python(lost, path, data) if each[0] in lines)


def _in_text(lost: _Lost, path: str, lines: Mapping[int, str]) -> Iterator[tuple[int, str]]:
    """Modules, as in "app.clock.api:router", variables and services."""
    words = lost.words
    patterns = [
        rf"(?<!\w)({_any(words['variable'])})(?!\w)",
        rf"(?<![\w-])({_any(words['service'])})(?![\w-])"
        if path.endswith((".yml", ".yaml"))
        else rf"(?:@|//)({_any(words['service'])})(?=[:/\s\"']|$)",
    ]
    for number, line in lines.items():
        for pattern in patterns:
            yield from ((number, name) for name in re.findall(pattern, line))
        if lost.modules:
            found = map(lost.module, _DOTTED.findall(line))
            yield from ((number, name) for name in found if "." in name)


def _any(names: frozenset[str]) -> str:
    longest = sorted(names, key=lambda name: (-len(name), name))
    return "|".join(re.escape(name) for name in longest) or "(?!)"


def _in_python(lost: _Lost, path: str, data: bytes) -> Iterator[tuple[int, str]]:
    """What is imported from what is lost, and names of the file's own that are."""
    if (tree := python_names.parsed(data)) is None:
        return
    for number, module, name in python_names.imported(path, tree):
        top = module.partition(".")[0].replace("_", "-")
        if missing := lost.module(f"{module}.{name}" if name else module):
            yield number, missing
        if name in lost.names(lost.files.get(module, "")):
            yield number, f"{name} of {module}"
        elif top in lost.words["distribution"]:
            yield number, top
    if names := lost.names(path):
        yield from (each for each in python_names.used(tree) if each[1] in names)


def _in_compose(at: Evolved, lost: _Lost, path: str) -> Iterator[tuple[int, str]]:
    """Services and volumes that a Compose file needs, the other tree has, and no file here has."""
    there = at.was.get(path, path) if lost.tree == at.new else path
    known, here, before = (
        compose_names.project(functools.partial(trees.read, at.store, tree), each)
        for tree, each in ((lost.tree, there), (at.result, path), (at.head, path))
    )
    if not known or not here or not here.whole or known.has <= here.has:
        return
    missing = known.has - here.has
    old = {each[1:] for each in before.needs if each[2] not in before.has} if before else set()
    found = [
        (number, name)
        for number, by, name in here.needs
        if name in missing and (by, name) not in old
    ]
    if found:
        others = [
            each for each in trees.files(at.store, at.result) if compose_names.NAME.search(each)
        ]
        read = (compose_names.read(trees.read(at.store, at.result, each)) for each in others)
        elsewhere = frozenset[str]().union(*(each.has for each in read if each))
        yield from (each for each in found if each[1] not in elsewhere)


def _paths(
    at: Evolved, lost: _Lost, path: str, data: bytes, lines: Mapping[int, str]
) -> Iterator[tuple[int, str]]:
    """Paths that lead to a file of the other tree, and to none of the result."""
    there = at.was.get(path, path) if lost.tree == at.new else path
    for number, name in paths.named(path, data):
        if number not in lines:
            continue
        was, now = (paths.places(each, name) for each in (there, path))
        if _leads(at, lost.tree, was) and not _leads(at, at.result, now):
            yield number, posixpath.normpath(name)


def _leads(at: Evolved, tree: pygit2.Oid, places: Iterable[str]) -> bool:
    return any(
        trees.lookup(at.store, tree, place) or trees.subtree(at.store, tree, place)
        for place in places
    )


def _place(path: str, name: str, changed: Iterable[str]) -> str:
    """Where a path is that a directory took along, if it is one file: the named or the naming."""
    found = [each for each in changed if f"/{each}".endswith(f"/{name}")]
    if len(found) != 1:
        return ""
    return posixpath.relpath(name, posixpath.dirname(path)) if found == [name] else found[0]
