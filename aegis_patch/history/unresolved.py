"""What files name and a project no longer has, after a verb: unresolved(result) − unresolved(HEAD).

A name is asked about if HEAD or the new pristine tree has it and the result does not: what HEAD
had, in lines that are not the upstream's; what the upstream has, in lines that HEAD did not have.
"""

from __future__ import annotations

import functools
import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import pygit2

from aegis_patch.formats import compose_names, paths, python_names
from aegis_patch.formats.compose_names import Compose
from aegis_patch.history import missing_names
from aegis_patch.history.missing_names import Evolved, Missing
from aegis_patch.objects import texts, trees
from aegis_patch.project import git, uv_lock
from aegis_patch.stack.record import RECORD

_SETTINGS = ".env"  # not in git, though it is where variables are set
_DOTTED = re.compile(r"(?<![\w.])[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+")
_Lines = Mapping[int, str]
_Named = Iterator[tuple[int, str]]


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


def references(at: Evolved) -> list[Reference]:
    """The lines that name what is no longer there, or what comes in and the user has not."""
    had = missing_names.missing(at, at.head, missing_names.lost_words(at))
    wanted = missing_names.missing(at, at.new, missing_names.NO_WORDS)
    changed = trees.changed(at.store, at.head, at.result)
    found: set[Reference] = set()
    for path in {*changed, *_naming(at, had)}:
        data = at.read(path)
        if path in (uv_lock.LOCK, RECORD, *at.unsettled) or texts.is_binary(data):
            continue
        mine = _lines(data, trees.read(at.store, at.new, at.place_in(at.new, path)))
        found.update(Reference(path, *each) for each in _named(at, had, path, data, mine))
        if path in changed:
            fresh = _lines(data, trees.read(at.store, at.head, path))
            for number, name in _named(at, wanted, path, data, fresh):
                found.add(Reference(path, number, name, True, _place(path, name, changed)))
    settings = at.root / _SETTINGS
    if had.words["variable"] | had.words["service"] and settings.is_file():
        named = _in_text(had, _SETTINGS, _lines(settings.read_bytes(), b""))
        found.update(Reference(_SETTINGS, *each) for each in named)
    told = _told_once(at, had.modules | wanted.modules, found)
    return sorted(told, key=lambda one: (one.path, one.line, one.name))


def _naming(at: Evolved, had: Missing) -> set[str]:
    """The files of HEAD that may name what is missing."""
    found = set(git.naming(at.root, at.commit, had.sought()))
    for name in had.modules:
        found.update(trees.files(at.store, at.head, name.replace(".", "/")))
    return found


def _told_once(
    at: Evolved, modules: frozenset[str], found: Iterable[Reference]
) -> Iterator[Reference]:
    """Each once, without packages of what is named, and modules that Python finds elsewhere."""
    elsewhere: set[str] = set()
    if any(each.name in modules for each in found):
        elsewhere.update(missing_names.reachable(at.store, at.result))
    named: dict[tuple[str, int], list[str]] = {}
    for each in sorted(found, key=lambda one: (one.comes, -len(one.name))):
        there = named.setdefault((each.path, each.line), [])
        is_package = any(f"{name}.".startswith(f"{each.name}.") for name in there)
        if each.name not in elsewhere and not is_package:
            there.append(each.name)
            yield each


def _lines(data: bytes, known: bytes) -> dict[int, str]:
    """The lines of a text that another has not, by their number."""
    there = set(known.splitlines())
    found = {}
    for number, line in enumerate(data.splitlines(), 1):
        if line not in there:
            found[number] = line.decode("utf-8", "replace")
    return found


def _named(at: Evolved, lost: Missing, path: str, data: bytes, lines: _Lines) -> _Named:
    """What some lines of a file name and is missing."""
    if not lines:
        return
    yield from _in_text(lost, path, lines)
    if lost.gone:
        yield from _paths(at, lost, path, data, lines)
    if compose_names.NAME.search(path):
        yield from _in_compose(at, lost, path)
    if path.endswith(".py") and lost.may_be_in(path, data):
        for number, name in _in_python(lost, path, data):
            if number in lines:
                yield number, name


def _in_text(lost: Missing, path: str, lines: _Lines) -> _Named:
    """Modules, as in "app.clock.api:router", variables and services."""
    service = _any(lost.words["service"])
    is_yaml = path.endswith((".yml", ".yaml"))
    patterns = [
        rf"(?<!\w){_any(lost.words['variable'])}(?!\w)",
        rf"(?<![\w-]){service}(?![\w-])" if is_yaml else rf"(?:@|//){service}(?=[:/\s\"']|$)",
    ]
    for number, line in lines.items():
        for pattern in patterns:
            for name in re.findall(pattern, line):
                yield number, name
        for dotted in _DOTTED.findall(line) if lost.modules else ():
            if "." in (name := lost.module(dotted)):
                yield number, name


def _any(names: frozenset[str]) -> str:
    """A group that matches one of some names."""
    longest = sorted(names, key=lambda name: (-len(name), name))
    return f"({'|'.join(map(re.escape, longest)) or '(?!)'})"


def _in_python(lost: Missing, path: str, data: bytes) -> _Named:
    """What is imported from what is missing, and names of the file's own that are."""
    tree = python_names.parsed(data)
    if tree is None:
        return
    for number, module, name in python_names.imported(path, tree):
        top = module.partition(".")[0].replace("_", "-")
        if gone := lost.module(f"{module}.{name}" if name else module):
            yield number, gone
        if name in lost.names(lost.files.get(module, "")):
            yield number, f"{name} of {module}"
        elif top in lost.words["distribution"]:
            yield number, top
    names = lost.names(path)
    for number, name in python_names.used(tree) if names else ():
        if name in names:
            yield number, name


def _in_compose(at: Evolved, lost: Missing, path: str) -> _Named:
    """Services and volumes that a Compose file needs, the other tree has, and no file here has."""
    known = _compose(at, lost.tree, at.place_in(lost.tree, path))
    here, before = (_compose(at, tree, path) for tree in (at.result, at.head))
    if not known or not here or not here.whole:
        return
    missing = known.has - here.has
    old = {(by, name) for _, by, name in before.needs if name not in before.has} if before else ()
    found = [(n, name) for n, by, name in here.needs if name in missing and (by, name) not in old]
    elsewhere = _in_other_files(at) if found else frozenset()
    for number, name in found:
        if name not in elsewhere:
            yield number, name


def _compose(at: Evolved, tree: pygit2.Oid, path: str) -> Compose | None:
    return compose_names.project(functools.partial(trees.read, at.store, tree), path)


def _in_other_files(at: Evolved) -> frozenset[str]:
    """What all Compose files of the result define."""
    found = frozenset[str]()
    for path in trees.files(at.store, at.result):
        if compose_names.NAME.search(path) and (read := compose_names.read(at.read(path))):
            found |= read.has
    return found


def _paths(at: Evolved, lost: Missing, path: str, data: bytes, lines: _Lines) -> _Named:
    """Paths that lead to a file of the other tree, and to none of the result."""
    there = at.place_in(lost.tree, path)
    for number, name in paths.named(path, data):
        did_lead = number in lines and _leads(at, lost.tree, there, name)
        if did_lead and not _leads(at, at.result, path, name):
            yield number, posixpath.normpath(name)


def _leads(at: Evolved, tree: pygit2.Oid, path: str, name: str) -> bool:
    """Whether a path that a file names is there."""
    for place in paths.places(path, name):
        if trees.lookup(at.store, tree, place) or trees.subtree(at.store, tree, place):
            return True
    return False


def _place(path: str, name: str, changed: Iterable[str]) -> str:
    """Where a path is that a directory took along, if it is one file: the named or the naming."""
    found = [each for each in changed if f"/{each}".endswith(f"/{name}")]
    if len(found) != 1:
        return ""
    return posixpath.relpath(name, posixpath.dirname(path)) if found == [name] else found[0]
