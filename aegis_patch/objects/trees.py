"""Trees in, trees out: merge whole trees, look up and replace entries."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import pygit2
from pygit2.enums import FileMode, MergeFavor, MergeFlag, ObjectType

Settle = Callable[[pygit2.Repository, bytes, bytes, bytes], bytes | None]


@dataclass(frozen=True, slots=True)
class Entry:
    """A file of a tree: its blob and its mode. To be put in, it may be a directory."""

    id: pygit2.Oid
    mode: int


def empty(store: pygit2.Repository) -> pygit2.Oid:
    """The tree without a file."""
    return store.TreeBuilder().write()


def lookup(store: pygit2.Repository, tree: pygit2.Oid, path: str) -> Entry | None:
    """The file at a path, or None; a directory is none either."""
    try:
        found = _tree(store, tree)[path]
    except KeyError:
        return None
    return None if found.filemode == FileMode.TREE else Entry(found.id, found.filemode)


def subtree(store: pygit2.Repository, tree: pygit2.Oid, path: str) -> pygit2.Oid | None:
    """The directory at a path ("" is the tree itself), or None."""
    if not path:
        return tree
    try:
        found = _tree(store, tree)[path]
    except KeyError:
        return None
    return found.id if found.filemode == FileMode.TREE else None


def other_case(store: pygit2.Repository, tree: pygit2.Oid, path: str) -> str | None:
    """A path of the tree that some file systems take for this one, or for a directory of it."""
    above, _, name = path.rpartition("/")
    if above and (found := other_case(store, tree, above)):
        return found
    inside = subtree(store, tree, above)
    for entry in _tree(store, inside) if inside else ():
        other = str(entry.name)
        if other != name and other.casefold() == name.casefold():
            return f"{above}/{other}" if above else other
    return None


def replace(
    store: pygit2.Repository, tree: pygit2.Oid | None, edits: Mapping[str, Entry | None]
) -> pygit2.Oid:
    """A tree with some entries put in, changed or (None) taken out; empty directories vanish."""
    here: dict[str, Entry | None] = {}
    below: dict[str, dict[str, Entry | None]] = {}
    for path, entry in edits.items():
        name, _, rest = path.partition("/")
        if rest:
            below.setdefault(name, {})[rest] = entry
        else:
            here[name] = entry
    for name, inner in below.items():
        inside = subtree(store, tree, name) if tree and name not in here else None
        made = replace(store, inside, inner)
        if len(_tree(store, made)):
            here[name] = Entry(made, FileMode.TREE)
        elif inside is not None:
            here[name] = None
    return _with(store, tree, here)


def _with(
    store: pygit2.Repository, tree: pygit2.Oid | None, entries: Mapping[str, Entry | None]
) -> pygit2.Oid:
    builder = store.TreeBuilder(_tree(store, tree)) if tree else store.TreeBuilder()
    odd = {name for name in entries if _raw(name) != name.encode("utf-8", "replace")}
    for name in entries.keys() - odd:
        if entry := entries[name]:
            builder.insert(name, entry.id, entry.mode)
        elif builder.get(name) is not None:
            builder.remove(name)
    made = builder.write()
    return _with_raw(store, made, {_raw(name): entries[name] for name in odd}) if odd else made


def _with_raw(
    store: pygit2.Repository, tree: pygit2.Oid, entries: Mapping[bytes, Entry | None]
) -> pygit2.Oid:
    """The same for names that are not UTF-8, which pygit2's builder does not take."""
    found = {_raw(str(each.name)): Entry(each.id, each.filemode) for each in _tree(store, tree)}
    for name, entry in entries.items():
        found.pop(name, None)
        if entry:
            found[name] = entry
    written = b""
    for name in sorted(found, key=lambda name: name + b"/" * (found[name].mode == FileMode.TREE)):
        written += b"%o %b\0%b" % (found[name].mode, name, found[name].id.raw)
    return store.write(ObjectType.TREE, written)


def _raw(name: str) -> bytes:
    return name.encode("utf-8", "surrogateescape")


def changed(store: pygit2.Repository, old: pygit2.Oid, new: pygit2.Oid) -> tuple[str, ...]:
    """The paths of all files that differ; equal subtrees are not looked into."""
    return tuple(differences(store, old, new))


def differences(
    store: pygit2.Repository, old: pygit2.Oid, new: pygit2.Oid
) -> dict[str, tuple[Entry | None, Entry | None]]:
    """All files that differ, sorted by path: as they were, and as they are now."""
    return dict(sorted(_changed(store, old, new, ""), key=lambda found: found[0]))


def lacking(
    store: pygit2.Repository, tree: pygit2.Oid, other: pygit2.Oid | None, under: str = ""
) -> Iterator[tuple[str, Entry]]:
    """The files of a tree that another has not, or not the same; only its directories are read."""
    there = _entries(store, other)
    for name, entry in _entries(store, tree).items():
        found = there.get(name)
        if entry == found:
            continue
        if entry.mode == FileMode.TREE:
            yield from lacking(store, entry.id, _told_apart(found)[0], f"{under}{name}/")
        else:
            yield under + name, entry


def merge(
    store: pygit2.Repository,
    base: pygit2.Oid,
    ours: pygit2.Oid,
    theirs: pygit2.Oid,
    settle: Settle | None = None,
) -> tuple[pygit2.Oid, tuple[str, ...]]:
    """Three-way merge of whole trees by text alone: the tree, and the paths that clash.

    For pristine trees, never for a user's. Where a clash is left, the tree is `ours`.

    Args:
        settle: makes the text of a file that clashes from its three sides, or None.
    """
    if ours == base:
        return theirs, ()
    if theirs in (base, ours):
        return ours, ()
    index = store.merge_trees(base, ours, theirs, flags=MergeFlag(0))
    clashes = set[str]()
    for sides in list(index.conflicts or ()):
        if settled := _settled(store, sides, settle):
            del index.conflicts[settled.path]
            index.add(settled)
        else:
            clashes.update(side.path for side in sides if side)
    return (ours if clashes else index.write_tree(store)), tuple(sorted(clashes))


def _settled(
    store: pygit2.Repository, sides: Sequence[pygit2.IndexEntry | None], settle: Settle | None
) -> pygit2.IndexEntry | None:
    """What is made of a file that all sides have, with one mode; None for a clash."""
    there = [side for side in sides if side]
    if settle is None or len(there) < 3 or len({side.mode for side in there}) > 1:
        return None
    base, ours, theirs = (blob(store, Entry(side.id, side.mode)) for side in there)
    data = settle(store, base, ours, theirs)
    if data is None:
        return None
    return pygit2.IndexEntry(there[1].path, store.create_blob(data), there[1].mode)


def merge_towards(
    store: pygit2.Repository,
    base: pygit2.Oid,
    ours: pygit2.Oid,
    theirs: pygit2.Oid,
    wanted: pygit2.Oid,
) -> pygit2.Oid:
    """Three-way merge of whole trees; a path that clashes is as in `wanted`."""
    index = store.merge_trees(base, ours, theirs, flags=MergeFlag(0))
    clashes = {side.path for sides in index.conflicts or () for side in sides if side}
    for path in clashes:
        del index.conflicts[path]
    settled = {path: lookup(store, wanted, path) for path in clashes}
    return replace(store, index.write_tree(store), settled)


def merge_loosely(
    store: pygit2.Repository, base: pygit2.Oid, ours: pygit2.Oid, theirs: pygit2.Oid
) -> pygit2.Oid:
    """Three-way merge of whole trees in which nothing clashes: the lines of both sides stay.

    For a merge base that never was a tree of its own; never for a result.
    """
    index = store.merge_trees(base, ours, theirs, MergeFavor.UNION, MergeFlag(0))
    left = list(index.conflicts or ())  # deleted here, changed there; or binary
    for sides in left:
        path = next(side.path for side in sides if side)
        del index.conflicts[path]
        if sides[1]:
            index.add(sides[1])
    return index.write_tree(store)


def blob(store: pygit2.Repository, entry: Entry | None) -> bytes:
    """The bytes of a file; nothing where there is none, or where a submodule is."""
    if entry is None or entry.mode == FileMode.COMMIT:
        return b""
    found = store[entry.id]
    assert isinstance(found, pygit2.Blob)
    return found.data


def size(store: pygit2.Repository, entry: Entry) -> int:
    """How many bytes a file has, without reading it; a submodule's commit is not here."""
    return 0 if entry.mode == FileMode.COMMIT else int(store.odb.read_header(entry.id)[1])


def read(store: pygit2.Repository, tree: pygit2.Oid, path: str) -> bytes:
    """The bytes of the file at a path; nothing where there is none."""
    return blob(store, lookup(store, tree, path))


def files(store: pygit2.Repository, tree: pygit2.Oid, directory: str = "") -> Iterator[str]:
    """The paths of all files of a tree, or of a directory in it; none where that is not there."""
    inside = subtree(store, tree, directory)
    return _files(store, inside, f"{directory}/" if directory else "") if inside else iter(())


def _files(store: pygit2.Repository, tree: pygit2.Oid, under: str) -> Iterator[str]:
    for entry in _tree(store, tree):
        path = f"{under}{entry.name}"
        if entry.filemode == FileMode.TREE:
            yield from _files(store, entry.id, f"{path}/")
        else:
            yield path


def _changed(
    store: pygit2.Repository, old: pygit2.Oid | None, new: pygit2.Oid | None, under: str
) -> Iterator[tuple[str, tuple[Entry | None, Entry | None]]]:
    if old == new:
        return
    before, after = _entries(store, old), _entries(store, new)
    for name in before.keys() | after.keys():
        if before.get(name) == after.get(name):
            continue
        old_directory, was = _told_apart(before.get(name))
        new_directory, now = _told_apart(after.get(name))
        if was or now:
            yield under + name, (was, now)
        yield from _changed(store, old_directory, new_directory, f"{under}{name}/")


def _told_apart(entry: Entry | None) -> tuple[pygit2.Oid | None, Entry | None]:
    """A directory's tree, or a file."""
    if entry and entry.mode == FileMode.TREE:
        return entry.id, None
    return None, entry


def _entries(store: pygit2.Repository, tree: pygit2.Oid | None) -> dict[str, Entry]:
    inside = _tree(store, tree) if tree else ()
    return {str(each.name): Entry(each.id, int(each.filemode)) for each in inside}


def _tree(store: pygit2.Repository, oid: pygit2.Oid) -> pygit2.Tree:
    found = store[oid]
    assert isinstance(found, pygit2.Tree)
    return found
