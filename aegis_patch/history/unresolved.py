"""What files name and a project no longer has, after a verb: unresolved(result) − unresolved(HEAD).

A name is checked if HEAD or the new pristine tree has it and the result doesn't. Names that HEAD
had are looked for in lines that aren't the upstream's; names of the upstream in lines that are new
since HEAD.
"""

from __future__ import annotations

import functools
import posixpath
import re
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path

from aegis_patch.formats import compose_names, paths, python_names
from aegis_patch.objects import texts
from aegis_patch.objects.trees import Tree
from aegis_patch.project import git, uv_lock
from aegis_patch.stack.record import RECORD
from aegis_patch.values import dataclass, replace

_SETTINGS = ".env"  # not in git, though it is where variables are set
_COMPOSE = "compose.yaml"
_DOTTED = r"(?<![\w.])[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+"
_DEFINED = rb"(?m)^(?:(?:async )?def|class) (\w+)|^(\w+)(?:: [^=\n]+)? = "
_VARIABLE = r"(?m)^[#\s]*(?:export )?([A-Z][A-Z0-9_]+)="
_DISTRIBUTION = r"[\"']([A-Za-z0-9][\w.-]*)"
_IMPORT = rb"(?m)^\s*(?:from|import) (\w+)"
_INCLUDES = r"(?m)^include:"  # of a Compose file
_Lines = Mapping[int, str]
_Named = Iterator[tuple[int, str]]


@dataclass(frozen=True, slots=True)
class Reference:
    """A line with a broken reference; with `comes`, the line is new."""

    path: str
    line: int
    name: str
    comes: bool = False

    def __str__(self) -> str:
        if not self.comes:
            return f"{self.path}:{self.line} still uses {self.name}"
        return f"{self.path}:{self.line} uses {self.name}, which doesn't exist here"


@dataclass(frozen=True, slots=True)
class Evolved:
    """A verb's trees: HEAD, the two pristine ones, and the result.

    `moved` says where the user has files of the pristine trees, `was` is its inverse. `unsettled`
    are the paths that a person has to resolve: their content isn't known yet.
    """

    root: Path
    commit: str
    head: Tree
    old: Tree
    new: Tree
    result: Tree
    moved: Mapping[str, str]
    was: Mapping[str, str]
    unsettled: Collection[str] = ()

    def read(self, tree: Tree, path: str) -> bytes:
        """The bytes that a tree has for a file of the result."""
        return tree.read(self.place_in(tree, path))

    def place_in(self, tree: Tree, path: str) -> str:
        """The path that a tree has for a file of the result."""
        return self.was.get(path, path) if tree in (self.old, self.new) else path


@dataclass(frozen=True, slots=True)
class _Missing:
    """Names that a tree has and the result lacks, by kind.

    `edited` are the Python files that both have in different versions, by their paths in the
    result.
    """

    tree: Tree
    files: Collection[str]
    modules: Collection[str]
    edited: Collection[str]
    variables: Collection[str] = ()
    services: Collection[str] = ()
    libraries: Collection[str] = ()

    @property
    def is_any(self) -> bool:
        """Whether one of the names could be a file's."""
        words = self.variables or self.services or self.libraries
        return bool(self.files or self.edited or words)

    def module(self, dotted: str) -> str:
        """The missing module that a dotted name begins with, or ""."""
        while dotted and dotted not in self.modules:
            dotted = dotted.rpartition(".")[0]
        return dotted


def references(at: Evolved) -> list[Reference]:
    """The lines with a reference that the verb breaks, and new lines with a broken one."""
    had = _missing(at, at.head, *_lost_words(at))
    wanted = _missing(at, at.new)
    in_compose = replace(wanted, services=_not_composed(at))
    changed = at.head.changed(at.result)
    found = set(_in_settings(at, had))
    for path in {*changed, *_naming(at, had)} - {uv_lock.LOCK, RECORD, *at.unsettled}:
        comes = in_compose if re.search(compose_names.NAME, path) else wanted
        data = at.read(at.result, path) if had.is_any or comes.is_any else b""
        if not texts.is_binary(data):
            found |= _in_file(path, _named(at, had, path, data, at.new))
            if path in changed:
                found |= _in_file(path, _named(at, comes, path, data, at.head), comes=True)
    once = _once(at, {*had.modules, *wanted.modules}, found)
    return sorted(once, key=lambda one: (one.path, one.line, one.name))


def _in_file(path: str, named: _Named, *, comes: bool = False) -> set[Reference]:
    return {Reference(path, number, name, comes) for number, name in named}


def _in_settings(at: Evolved, had: _Missing) -> Iterator[Reference]:
    """Broken references in the settings outside git."""
    settings = at.root / _SETTINGS
    if (had.variables or had.services) and settings.is_file():
        lines = _lines(settings.read_bytes(), b"")
        is_set = {at: line for at, line in lines.items() if not line.lstrip().startswith("#")}
        for number, name in _in_text(had, _SETTINGS, is_set):
            yield Reference(_SETTINGS, number, name)


def _once(at: Evolved, modules: Collection[str], found: Iterable[Reference]) -> Iterator[Reference]:
    """Each reference once, without packages around it and modules that Python finds elsewhere."""
    elsewhere = frozenset[str]()
    if any(each.name in modules for each in found):
        elsewhere = _reachable(at.result.files())
    named: dict[tuple[str, int], str] = {}
    for each in sorted(found, key=lambda one: (one.comes, -len(one.name))):
        there = named.get((each.path, each.line), "")
        if each.name not in elsewhere and f" {each.name}." not in there:
            named[each.path, each.line] = f"{there} {each.name}."
            yield each


def _reachable(files: Iterable[str]) -> frozenset[str]:
    """Every module name that Python may give the files, from any directory."""
    found = set[str]()
    for path in files:
        name = python_names.module(path) if path.endswith(".py") else ""
        while name:
            found.add(name)
            name = name.partition(".")[2]
    return frozenset(found)


def _lines(data: bytes, known: bytes) -> dict[int, str]:
    """The lines of a text that another lacks, by number."""
    there = set(known.splitlines())
    found = {}
    for number, line in enumerate(data.splitlines(), 1):
        if line not in there:
            found[number] = line.decode("utf-8", "replace")
    return found


# What is missing, and who may name it.


def _missing(at: Evolved, tree: Tree, *words: Collection[str]) -> _Missing:
    files, modules, edited = set[str](), set[str](), set[str]()
    for path, _ in tree.lacking(at.result):
        place = at.moved.get(path, path) if tree == at.new else path
        if place in at.unsettled:
            continue
        if path not in at.result:
            files.add(path)
            if path.endswith(".py"):
                modules |= {*map(python_names.module, (path, at.was.get(path, path)))}
        if path.endswith(".py") and place in at.result:
            edited.add(place)
    return _Missing(tree, files, modules, edited, *words)


def _lost_words(at: Evolved) -> Iterator[set[str]]:
    """The variables, services and libraries that are removed and that the user doesn't have too."""
    for words, path in (
        (functools.partial(re.findall, _VARIABLE), ".env.example"),
        (lambda compose: compose_names.names(compose.encode()), _COMPOSE),
        (functools.partial(_libraries, at), "pyproject.toml"),
    ):
        place = at.moved.get(path, path)
        sides = [at.read(tree, place).decode("utf-8", "replace") for tree in (at.old, at.new)]
        mine = at.read(at.result, place).decode("utf-8", "replace")
        old, new = (set(side.splitlines()) for side in sides)
        if old <= new or re.search(_INCLUDES, mine):  # nothing leaves, or it may be elsewhere
            yield set()
        else:
            yield _last_words({*words(sides[0])} - {*words(sides[1])} - {*words(mine)})


def _libraries(at: Evolved, pyproject: str) -> set[str]:
    """The names by which Python imports the distributions that a pyproject.toml lists.

    Imports in the removed code tell other names than a distribution's own: PyJWT is imported as
    jwt, opentelemetry-sdk as opentelemetry.
    """
    listed = re.findall(_DISTRIBUTION, pyproject)
    found = {re.sub(r"[-_.]+", "_", name).lower() for name in listed}
    lines = "\n".join(found)
    imported = set[str]()
    for path in at.old.changed(at.new):
        if path.endswith(".py"):
            imported.update(name.decode() for name in re.findall(_IMPORT, at.old.read(path)))
    for name in imported - sys.stdlib_module_names:
        if re.search(rf"(?m)^(py|python_)?{name.lower()}(_|$)", lines):
            found.add(name)
    return found


def _last_words(names: Iterable[str]) -> set[str]:
    return {name.rpartition(" ")[2] for name in names}


def _not_composed(at: Evolved) -> set[str]:
    """The names of the new Compose file that no Compose file of the result has."""
    wanted, mine = at.new.read(_COMPOSE), at.read(at.result, at.moved.get(_COMPOSE, _COMPOSE))
    is_left = not mine or set(wanted.splitlines()) <= set(mine.splitlines())
    if is_left or re.search(_INCLUDES, mine.decode("utf-8", "replace")):
        return set()
    missing = compose_names.names(wanted) - compose_names.names(mine)
    for path in at.result.files() if missing else ():
        if re.search(compose_names.NAME, path):
            missing -= compose_names.names(at.result.read(path))
    return _last_words(missing)


def _naming(at: Evolved, had: _Missing) -> set[str]:
    """The files of HEAD that may have broken references."""
    words = _words(had)
    for path in had.edited:
        sides = [at.read(tree, path) for tree in (at.head, at.result)]
        before, now = (set(re.findall(_DEFINED, side)) for side in sides)
        if before - now:
            words.add(python_names.module(path).rpartition(".")[2])
    found = set(git.naming(at.root, at.commit, frozenset(words)))
    for name in had.modules:
        found.update(at.head.files(name.replace(".", "/")))
    return found


def _words(had: _Missing) -> set[str]:
    """The words to search for: a line without them refers to nothing that was removed whole."""
    words = {*had.variables, *had.services, *had.libraries}
    words.update(path.rpartition("/")[2] for path in had.files if paths.may_name(path))
    for name in had.modules:
        above, _, last = name.rpartition(".")
        if not had.module(above):
            words.add(last)
    return words


# What lines name.


def _named(at: Evolved, lost: _Missing, path: str, data: bytes, known: Tree) -> _Named:
    """The missing names in the lines of a file that another tree lacks."""
    lines = _lines(data, at.read(known, path)) if data and lost.is_any else {}
    if not lines:
        return
    yield from _in_text(lost, path, lines)
    if lost.files:
        yield from _paths(at, lost, path, data, lines)
    if path.endswith(".py") and (lost.modules or lost.edited or lost.libraries):
        for number, name in _in_python(at, lost, path, data):
            if number in lines:
                yield number, name


def _in_text(lost: _Missing, path: str, lines: _Lines) -> _Named:
    """Missing modules, as in "app.clock.api:router", variables, and names of Compose."""
    patterns = list(_patterns(lost, path))
    for number, line in lines.items():
        for pattern in patterns:
            for name in re.findall(pattern, line):
                yield number, name
        for dotted in re.findall(_DOTTED, line) if lost.modules else ():
            if "." in (name := lost.module(dotted)):
                yield number, name


def _patterns(lost: _Missing, path: str) -> Iterator[str]:
    """What finds missing variables and services in a line of a file."""
    if lost.variables:
        yield rf"(?<!\w){_any(lost.variables)}(?!\w)"
    if lost.services:
        is_yaml = path.endswith((".yml", ".yaml"))
        around = (r"(?<![\w-])", r"(?![\w-])") if is_yaml else ("(?:@|//)", r"(?=[:/\s\"']|$)")
        yield _any(lost.services).join(around)


def _any(names: Collection[str]) -> str:
    longest = sorted(names, key=lambda name: (-len(name), name))
    return f"({'|'.join(map(re.escape, longest))})"


def _in_python(at: Evolved, lost: _Missing, path: str, data: bytes) -> _Named:
    """Imports of missing modules and names, and uses of the file's own missing names."""
    tree = python_names.parsed(data)
    if tree is None:
        return
    for number, module, name in python_names.imported(path, tree):
        for missing in _not_importable(at, lost, module, name):
            yield number, missing
    own = _unbound(at, lost, path)
    if own:
        for number, name in python_names.used(tree):
            if name in own:
                yield number, name


def _not_importable(at: Evolved, lost: _Missing, module: str, name: str) -> Iterator[str]:
    """The missing part of an import: the module, a name in it, or its library."""
    if gone := lost.module(f"{module}.{name}" if name else module):
        yield gone
    if name and name in _unbound(at, lost, _file_of(at, module)):
        yield f"{name} of {module}"
    top = module.partition(".")[0]
    if top in lost.libraries:
        yield top


def _file_of(at: Evolved, module: str) -> str:
    """The result's path of a module, by its name in a pristine tree or its own."""
    stem = module.replace(".", "/")
    for path in (f"{stem}.py", f"{stem}/__init__.py") if module else ():
        place = at.moved.get(path, path)
        if place in at.result:
            return place
    return ""


def _unbound(at: Evolved, lost: _Missing, path: str) -> frozenset[str]:
    """The names that a file binds in the other tree and not in the result."""
    if path not in lost.edited:
        return frozenset()
    return _no_longer_bound(at.read(lost.tree, path), at.read(at.result, path))


@functools.cache
def _no_longer_bound(there: bytes, here: bytes) -> frozenset[str]:
    """The names that one text of a module binds and the other doesn't, if that is certain."""
    before, now = python_names.parsed(there), python_names.parsed(here)
    if not before or not now:
        return frozenset()
    names, known = python_names.bound(before), python_names.bound(now)
    return frozenset() if names is None or known is None else frozenset(names - known)


def _paths(at: Evolved, lost: _Missing, path: str, data: bytes, lines: _Lines) -> _Named:
    """Paths to files that only the other tree has."""
    there = at.place_in(lost.tree, path)
    for number, name in paths.named(path, data):
        did_lead = number in lines and _leads(lost.tree, there, name)
        if did_lead and not _leads(at.result, path, name):
            yield number, posixpath.normpath(name)


def _leads(tree: Tree, path: str, name: str) -> bool:
    """Whether a tree has a path that a file names."""
    return any(place in tree or tree.subtree(place) for place in paths.places(path, name))
