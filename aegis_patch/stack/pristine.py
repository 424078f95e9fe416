"""pristine(stack) is a tree, computed from the upstream alone.

fold      base/ and each series, merged in requirement order
record    aegis.toml, which describes the stack
identity  the files with the project's name, merged in last
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from aegis_patch.errors import PatchRejected, SeriesClash, SeriesError
from aegis_patch.objects import adjacent_changes, tree_merges
from aegis_patch.objects.trees import Entry, Tree
from aegis_patch.stack import record, requirements
from aegis_patch.stack.record import RECORD
from aegis_patch.stack.release import Upstream
from aegis_patch.stack.stack import CORE, Stack

Identity = Mapping[str, bytes]
Upstreams = Mapping[str, Upstream]


def pristine(upstreams: Upstreams, wanted: Stack, identity: Identity) -> Tree:
    """The tree of a stack that nobody has edited.

    Args:
        upstreams: every release that the stack mentions, by version.
        identity: the identity files of its release, rendered with its answers.

    Raises:
        SeriesError: the upstream is at fault.
    """
    upstream = upstreams[wanted.release]
    named = upstream.base.replaced(_entries(upstream.base, identity))
    if is_whole(upstream, wanted):
        folded = fold(upstream, wanted.names)
        tree, clashes = tree_merges.merge(upstream.base, folded, named)
        if clashes:
            raise SeriesClash("identity", clashes)
    else:
        folded = _fold_loosely(upstreams, wanted)
        tree = tree_merges.merge_loosely(upstream.base, folded, named)
    return recorded(tree, wanted)


def fold(upstream: Upstream, names: Collection[str]) -> Tree:
    """Base and the series of the names, at the base's own identity.

    Raises:
        PatchRejected: a series does not apply to what it was written against.
        SeriesClash: two series touch the same lines.
    """
    if known := upstream.fold(key(names)):
        return known
    tree, joined = upstream.base, set[str]()
    for name in requirements.order(upstream.catalogue, names):
        joined.add(name)
        tree = upstream.fold(key(joined)) or _join(upstream, name, tree)
        upstream.folds[key(joined)] = tree
    return tree


def key(names: Iterable[str]) -> str:
    """The name of a set of components, which is also that of its fold."""
    return " ".join(sorted(names)) or CORE


def before(upstream: Upstream, name: str) -> Tree:
    """The tree that the series of `name` is written against: the fold of its requirements."""
    needs = requirements.required(upstream.catalogue, [name])
    requirements.order(upstream.catalogue, needs)  # which refuses a circle
    return fold(upstream, needs - {name})


def after(upstream: Upstream, name: str) -> Tree:
    """The tree after the series of `name`: the fold with `name` itself."""
    whole = key(requirements.required(upstream.catalogue, [name]))
    return upstream.fold(whole) or upstream.folds.setdefault(whole, _applied(upstream, name))


def _applied(upstream: Upstream, name: str) -> Tree:
    from aegis_patch.stack import apply_patch, patch  # slow to import; a release has its folds

    tree = before(upstream, name)
    for patch_name, mail in upstream.catalogue[name].series:
        where = f"patches/{name}/{patch_name}"
        try:
            tree = apply_patch.apply(tree, patch.parse(patch_name, mail.data))
        except PatchRejected as error:
            error.where = where + f": {error.where}".replace(f": {patch_name}", "", 1)
            raise
    return tree


def _join(upstream: Upstream, name: str, so_far: Tree) -> Tree:
    tree, clashes = join(upstream, name, so_far)
    if clashes:
        raise SeriesClash(name, clashes)
    return tree


def join(upstream: Upstream, name: str, so_far: Tree) -> tuple[Tree, tuple[str, ...]]:
    """A tree with the series of `name` merged in, and the paths that clash: then it is unchanged.

    Two series may insert above one anchor: the new lines go after those that are there.
    """
    sides = before(upstream, name), so_far, after(upstream, name)
    return tree_merges.merge(*sides, settle=at_anchors)


def at_anchors(base: bytes, ours: bytes, theirs: bytes) -> bytes | None:
    """A file in which both sides insert lines right above an anchor; None if they clash."""
    return adjacent_changes.merged(base, ours, theirs, apart=True)


def recorded(tree: Tree, wanted: Stack) -> Tree:
    """A pristine tree with the record of a stack in it."""
    there = tree.lookup(RECORD)
    if there is None:
        raise SeriesError(f"base/{RECORD} is missing", where=f"release {wanted.release}")
    return tree.replaced({RECORD: there.rewritten(record.write(there.data, wanted))})


def is_whole(upstream: Upstream, wanted: Stack) -> bool:
    """Whether a stack is all of one release and has everything that its components require."""
    return all(there.release == wanted.release for there in wanted.present.values()) and all(
        need in wanted.present
        for name in wanted.present
        for need in upstream.catalogue[name].requires
    )


def _fold_loosely(upstreams: Upstreams, wanted: Stack) -> Tree:
    # Git can merge two branches into a record of mixed releases, or of a component without its
    # requirements. Each series is then taken from the release that brought it. No such tree was
    # ever tested, and series may clash in it; but as a merge base it is close to what is there.
    catalogue = {
        name: upstreams[there.release].catalogue[name] for name, there in wanted.present.items()
    }
    tree = upstreams[wanted.release].base
    for name in requirements.order(catalogue, wanted.names):
        opened = upstreams[wanted.present[name].release]
        merged, clashes = join(opened, name, tree)
        if clashes:
            sides = before(opened, name), tree, after(opened, name)
            merged = tree_merges.merge_loosely(*sides)
        tree = merged
    return tree


def _entries(base: Tree, identity: Identity) -> dict[str, Entry]:
    entries = {}
    for path, data in identity.items():
        there = base.lookup(path)
        if there is None:
            raise SeriesError(f"base/{path} is missing")
        entries[path] = there.rewritten(data)
    return entries
