"""A git tree as a value: read it, compare it, derive another from it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import pygit2
from pygit2.enums import DiffOption, FileMode, ObjectType

from aegis_patch.values import dataclass

_set = object.__setattr__
Differences = dict[str, tuple["Entry | None", "Entry | None"]]


@dataclass(frozen=True, slots=True)
class Entry:
    """A file of a tree: its blob and its mode, and the store that has the blob."""

    store: pygit2.Repository
    id: pygit2.Oid
    mode: int

    def __init__(self, store: pygit2.Repository, id: pygit2.Oid, mode: int) -> None:
        _set(self, "store", store)
        _set(self, "id", id)
        _set(self, "mode", mode)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Entry) and (self.id, self.mode) == (other.id, other.mode)

    def __hash__(self) -> int:
        return hash((self.id, self.mode))

    @classmethod
    def written(cls, store: pygit2.Repository, data: bytes, mode: int = FileMode.BLOB) -> Entry:
        """A new file."""
        return cls(store, store.create_blob(data), mode)

    def rewritten(self, data: bytes) -> Entry:
        """The file with another content."""
        return Entry(self.store, self.store.create_blob(data), self.mode)

    @property
    def data(self) -> bytes:
        """The bytes of the file; empty for a submodule."""
        if self.mode == FileMode.COMMIT:
            return b""
        found = self.store[self.id]
        assert isinstance(found, pygit2.Blob)
        return found.data

    @property
    def size(self) -> int:
        """The size of the file in bytes, without reading it; a submodule's commit isn't here."""
        return 0 if self.mode == FileMode.COMMIT else int(self.store.odb.read_header(self.id)[1])


def bytes_of(entry: Entry | None) -> bytes:
    """The bytes of a file, or empty without a file."""
    return entry.data if entry else b""


@dataclass(frozen=True, slots=True)
class Tree:
    """A tree and the store that it is read from; two are equal if git gives them one id.

    A tree that is derived from it is written into the same store.
    """

    store: pygit2.Repository
    id: pygit2.Oid
    _node: pygit2.Tree
    _directories: dict[str, pygit2.Object | None]

    def __init__(self, store: pygit2.Repository, id: pygit2.Oid) -> None:
        node = store[id]
        assert isinstance(node, pygit2.Tree)
        _set(self, "store", store)
        _set(self, "id", id)
        _set(self, "_node", node)
        _set(self, "_directories", {})

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Tree) and self.id == other.id

    def __hash__(self) -> int:
        return hash(self.id)

    def within(self, store: pygit2.Repository) -> Tree:
        """The same tree in another store that sees it: trees derived from it are written there."""
        return Tree(store, self.id)

    def __str__(self) -> str:
        """The id, as git's commands take it."""
        return str(self.id)

    def __contains__(self, path: str) -> bool:
        """Whether a file is at a path; a directory doesn't count."""
        return self.lookup(path) is not None

    def lookup(self, path: str) -> Entry | None:
        """The file at a path, or None, also for a directory."""
        found = self._at(path)
        if found is None or found.filemode == FileMode.TREE:
            return None
        return Entry(self.store, found.id, found.filemode)

    def read(self, path: str) -> bytes:
        """The bytes of the file at a path; empty if there is none."""
        return bytes_of(self.lookup(path))

    def subtree(self, path: str) -> Tree | None:
        """The directory at a path ("" is the tree itself), or None."""
        found = self._at(path) if path else self._node
        return Tree(self.store, found.id) if isinstance(found, pygit2.Tree) else None

    def files(self, directory: str = "") -> Iterator[str]:
        """The paths of all files of the tree, or of a directory in it."""
        found = self._at(directory) if directory else self._node
        if isinstance(found, pygit2.Tree):
            yield from _files(found, f"{directory}/" if directory else "")

    def names(self) -> list[str]:
        """The names of the tree's own files and directories."""
        return [str(each.name) for each in self._node]

    def other_case(self, path: str) -> str | None:
        """A path of the tree that some file systems take for this one or a directory of it."""
        above, _, name = path.rpartition("/")
        if above and (found := self.other_case(above)):
            return found
        inside = self.subtree(above)
        for other in inside.names() if inside else ():
            if other != name and other.casefold() == name.casefold():
                return f"{above}/{other}" if above else other
        return None

    def is_in_the_way(self, path: str) -> bool:
        """Whether a new file would replace a directory, or need a directory in a file's place."""
        return self.subtree(path) is not None or any(each in self for each in above(path))

    def changed(self, other: Tree) -> tuple[str, ...]:
        """The paths of all files that differ in another tree, or that only one of the two has."""
        return tuple(self.differences(other))

    def differences(self, other: Tree) -> Differences:
        """All files that differ, sorted by path: as they are here, and in another tree.

        Directories that are equal are not read. (A diff of libgit2's walks through all of them.)
        """
        found: Differences = {path: (entry, None) for path, entry in self.lacking(other)}
        for path, entry in other.lacking(self):
            was, _ = found.get(path, (None, None))
            found[path] = (was, entry)
        return dict(sorted(found.items()))

    def diff(self, other: Tree, flags: DiffOption = DiffOption.NORMAL) -> pygit2.Diff:
        """What git says of the change to another tree, which is read from this one's store."""
        return self._node.diff_to_tree(other.within(self.store)._node, flags=flags)

    def lacking(self, other: Tree) -> Iterator[tuple[str, Entry]]:
        """The files that another tree lacks or has differently; only directories here are read."""
        for path, each in _lacking(self._node, other._node, ""):
            if each.filemode != FileMode.TREE:
                yield path, Entry(self.store, each.id, each.filemode)

    def objects(self, known: Tree | None = None) -> Iterator[pygit2.Oid]:
        """Every blob and tree that the tree consists of and `known` lacks; the tree itself last."""
        for _, each in _lacking(self._node, known._node if known else None, ""):
            if each.filemode != FileMode.COMMIT:
                yield each.id
        yield self.id

    def replaced(self, edits: Mapping[str, Entry | Tree | None]) -> Tree:
        """The tree with some files or directories added, replaced or (None) removed.

        Empty directories vanish.
        """
        if not edits:
            return self
        here: dict[str, Entry | Tree | None] = {}
        below: dict[str, dict[str, Entry | Tree | None]] = {}
        for path, entry in edits.items():
            name, _, rest = path.partition("/")
            if rest:
                below.setdefault(name, {})[rest] = entry
            else:
                here[name] = entry
        for name, inner in below.items():
            inside = self.subtree(name) if name not in here else None
            made = (inside or empty(self.store)).replaced(inner)
            if made.names():
                here[name] = made
            elif inside is not None:
                here[name] = None
        return self._with(here)

    def only(self, paths: Iterable[str]) -> Tree:
        """The tree with only some of its files; a path that it lacks is left out."""
        return empty(self.store).replaced({path: self.lookup(path) for path in paths})

    def _at(self, path: str) -> pygit2.Object | None:
        directory, _, name = path.rpartition("/")
        if not (directory and name):
            return _child(self._node, path)
        # Kept, because libgit2 would read a large directory anew for each of its files.
        if directory not in self._directories:
            self._directories[directory] = self._at(directory)
        found = self._directories[directory]
        return _child(found, name) if isinstance(found, pygit2.Tree) else None

    def _with(self, entries: Mapping[str, Entry | Tree | None]) -> Tree:
        builder = self.store.TreeBuilder(self._node)
        odd = {name for name in entries if _raw(name) != name.encode("utf-8", "replace")}
        for name in entries.keys() - odd:
            if (entry := entries[name]) is not None:
                builder.insert(name, entry.id, _mode(entry))
            elif builder.get(name) is not None:
                builder.remove(name)
        made = Tree(self.store, builder.write())
        return made._with_raw({_raw(name): entries[name] for name in odd}) if odd else made

    def _with_raw(self, entries: Mapping[bytes, Entry | Tree | None]) -> Tree:
        """The same for names that aren't UTF-8, which pygit2's builder refuses."""
        found = {_raw(str(each.name)): (int(each.filemode), each.id) for each in self._node}
        for name, entry in entries.items():
            found.pop(name, None)
            if entry is not None:
                found[name] = (_mode(entry), entry.id)
        written = b""
        for name in sorted(found, key=lambda name: name + b"/" * (found[name][0] == FileMode.TREE)):
            mode, oid = found[name]
            written += b"%o %b\0%b" % (mode, name, oid.raw)
        return Tree(self.store, self.store.write(ObjectType.TREE, written))


def above(path: str) -> Iterator[str]:
    """The parent directories of a path, the innermost first."""
    while path := path.rpartition("/")[0]:
        yield path


def empty(store: pygit2.Repository) -> Tree:
    """The tree without a file."""
    return Tree(store, store.TreeBuilder().write())


def _child(node: pygit2.Tree, path: str) -> pygit2.Object | None:
    try:
        return node[path]
    except KeyError:
        return None


def _files(node: pygit2.Tree, under: str) -> Iterator[str]:
    for each in node:
        if isinstance(each, pygit2.Tree):
            yield from _files(each, f"{under}{each.name}/")
        else:
            yield f"{under}{each.name}"


def _lacking(
    node: pygit2.Tree, other: pygit2.Tree | None, under: str
) -> Iterator[tuple[str, pygit2.Object]]:
    there = {each.name: each for each in other or ()}
    for each in node:
        found = there.get(each.name)
        # not `if found`: its truth is its length, for which it would be read
        if found is not None and (found.id, found.filemode) == (each.id, each.filemode):
            continue
        if isinstance(each, pygit2.Tree):
            inside = found if isinstance(found, pygit2.Tree) else None
            yield from _lacking(each, inside, f"{under}{each.name}/")
        yield f"{under}{each.name}", each


def _mode(entry: Entry | Tree) -> int:
    return FileMode.TREE if isinstance(entry, Tree) else entry.mode


def _raw(name: str) -> bytes:
    return name.encode("utf-8", "surrogateescape")
