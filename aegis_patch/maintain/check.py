"""Finds what is wrong with an upstream, before its users do."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import pygit2

from aegis_patch.errors import AegisError, Refused, SeriesClash, SeriesError
from aegis_patch.maintain import checkout, missing_notes, patch_files, problem, rules, series
from aegis_patch.maintain.problem import Problem
from aegis_patch.objects import texts, tree_merges, trees
from aegis_patch.objects.trees import Tree
from aegis_patch.stack import component, patch, pristine, requirements, update_notes
from aegis_patch.stack.component import Catalogue, Component, is_chosen
from aegis_patch.stack.record import RECORD
from aegis_patch.stack.release import Upstream
from aegis_patch.upstream import identity_files, releases, untrusted
from aegis_patch.values import replace

MOST_SETS = 300
"""How many sets of components are tried, small ones first: each new component may double them."""
_FILES = 'Which files carry it? Write them into base/aegis.toml: [identity] and files = ["PATH"]'
_OTHER = {
    "project_name": "Quite Another",
    "description": "Another text.",
    "author_name": "Somebody Else",
    "author_email": "else@other.example",
}


def of_upstream(root: Path, ref: str = "", *, notes: bool = True) -> list[Problem]:
    """All problems of a commit, or of what is on disk, that would fail in a user's project.

    Raises:
        Refused: there is no such commit.
    """
    with checkout.store(root) as store:
        whole = checkout.tree(store, root, ref)
        found = [*_in_files(whole)] or [*_in_components(whole)]
        if found:
            return found
        upstream = checkout.upstream(store, root, ref)
        found = [*_in_identity(upstream)] or [*_in_series(upstream)]
        if not found:
            for name in upstream.catalogue:
                found += _opening(name, rules.breaches(upstream, name))
            found += [*_in_sets(upstream)] or [*rules.breaches_between(upstream)]
        return [*found, *(_in_notes(store, root, upstream, ref) if notes else ())]


def of_series(root: Path, names: Sequence[str] = ()) -> list[Problem]:
    """Problems of one series, or all: files that differ from their export, and broken rules.

    Raises:
        SeriesError: a component can't be read.
    """
    found = list[Problem]()
    with checkout.store(root) as store:
        upstream = checkout.upstream(store, root)
        for name in names or sorted(upstream.catalogue):
            found += list(series.differences(root, name, upstream)) or _of_one(upstream, name)
        if not (names or found):
            found += rules.breaches_between(upstream)
        if not names:
            found += _in_notes(store, root, upstream)
    return found


def _of_one(upstream: Upstream, name: str) -> list[Problem]:
    return _opening(name, (*rules.breaches(upstream, name), *rules.advice(upstream, name)))


def _opening(name: str, found: Iterable[Problem]) -> list[Problem]:
    """The same problems, to be solved where the series is open, unless they say otherwise."""
    next = f"aegis upstream series open {name}"
    return [replace(each, next=each.next or next) for each in found]


def sets(catalogue: Catalogue) -> list[frozenset[str]]:
    """The sets of components that projects have: the small ones first, up to a limit; then all."""
    found = [frozenset[str]()]
    for names in found:  # grows while it is walked
        for name in filter(lambda name: is_chosen(catalogue[name]), catalogue):
            grown = requirements.closure(catalogue, names | {name})
            if grown not in found and len(found) < MOST_SETS:
                found.append(grown)
    whole = requirements.closure(catalogue, catalogue)
    return found if whole in found else [*found, whole]


def _in_files(whole: Tree) -> Iterator[Problem]:
    """Files that aegis would refuse to take from this upstream."""
    pending = []
    for part in checkout.PARTS:
        if tree := whole.subtree(part):
            pending.append((part, tree.id))
        elif part != "notes":
            yield Problem(part, f"there is no {part}/", "aegis upstream new PATH")
    for fault in untrusted.faults(whole.store, pending):
        leave_out = f"rm -r -- {shlex.quote(fault.where)}"
        next = f"Make it another file, or leave it out? `{leave_out}`"
        yield Problem(fault.where, fault.what, next)  # not to raise a limit, as users may


def _in_components(whole: Tree) -> Iterator[Problem]:
    """Directories of patches/ that aren't components."""
    catalogue: dict[str, Component] = {}
    directories = whole.store[whole.id].peel(pygit2.Tree)["patches"].peel(pygit2.Tree)
    there = releases.component_files(whole.store, directories)
    for name, files in there.items():
        try:
            catalogue[name] = component.parse(name, files)
        except SeriesError as error:
            yield problem.of(error, f"git log -1 -- {shlex.quote(f':/patches/{name}')}")
    for name, each in catalogue.items():
        for need in each.requires:
            if need not in there:
                what = f"it requires {need!r}, which doesn't exist"
                yield Problem(f"patches/{name}/component.toml", what, "ls patches")
    try:
        requirements.order(catalogue, catalogue)
    except SeriesError as error:
        yield Problem("patches", error.what, "grep requires patches/*/component.toml")


def _in_identity(upstream: Upstream) -> Iterator[Problem]:
    """Answers of base/ that can't be replaced by a user's."""
    ask = f"Which answers does base/ have? {', '.join(_OTHER)}; the first has to be there"
    try:
        answers = identity_files.defaults(upstream)
        identity_files.ask(upstream, {}, {})
        for key, offered in identity_files.choices(upstream).items():
            for value in offered:
                identity_files.ask(upstream, {key: value}, {})
        identity_files.identity(upstream, _OTHER)
    except SeriesError as error:
        yield problem.of(error, ask)
        return
    except Refused as error:
        yield Problem(f"base/{RECORD}", error.what, error.next)
        return
    yield from _in_identity_files(upstream, identity_files.values(answers))


def _in_identity_files(upstream: Upstream, values: Mapping[str, str]) -> Iterator[Problem]:
    """Values that occur nowhere, or also inside another word."""
    files = identity_files.files(upstream.base.read(RECORD))
    for path in files:
        if files != identity_files.FILES and path not in upstream.base:
            yield Problem(f"base/{RECORD}", f"[identity] lists {path}, which isn't there", _FILES)
    all_text = b"".join(map(upstream.base.read, files)).decode()
    if values["project_name"] not in all_text and values["slug"] not in all_text:
        what = f"project_name {values['project_name']!r} stands in none of {', '.join(files)}: "
        what += "a project's own name would change nothing"
        yield Problem(f"base/{RECORD}", what, _FILES)
    keys = {value: key for key, value in values.items()}
    yield from _twice(values)
    for value, key in keys.items():
        if key not in (*_OTHER, "slug") and value not in all_text:
            what = f"{key} {value!r} stands in none of {', '.join(files)}"
            yield Problem(f"base/{RECORD}", what, _FILES)
        within = re.compile(rf"\w{re.escape(value)}|{re.escape(value)}\w")
        for path in files:
            for number, line in enumerate(upstream.base.read(path).decode().split("\n"), 1):
                if found := within.search(line):
                    what = f"{key} {value!r} stays where it is part of another word, {found[0]!r}"
                    yield Problem(f"base/{path}:{number}", what, f"Which other {key}?")


def _twice(values: Mapping[str, str]) -> Iterator[Problem]:
    """Two answers with one value, which only one of them can replace."""
    keys = {value: key for key, value in values.items()}
    for key, value in values.items():
        if keys[value] != key and (key, keys[value]) != ("project_name", "slug"):
            what = f"{key} and {keys[value]} are both {value!r}: a project's own could differ"
            yield Problem(f"base/{RECORD}", what, f"Which other {key}?")


def _in_series(upstream: Upstream) -> Iterator[Problem]:
    """Patches that don't apply."""
    for name in requirements.order(upstream.catalogue, upstream.catalogue):
        try:
            pristine.after(upstream, name)
        except SeriesClash:
            continue  # what it requires clashes
        except SeriesError as error:
            if error.where.startswith(f"patches/{name}/"):
                refresh = f"aegis upstream series refresh {name}"
                if isinstance(error, patch.Malformed):
                    error.next = patch_files.corrected(error.where)
                if isinstance(error, patch.TooLarge):
                    error.next = (
                        f"Split it, or leave files out? `aegis upstream series open {name}`"
                    )
                yield problem.of(error, refresh)


def _in_sets(upstream: Upstream) -> Iterator[Problem]:
    """Components that can't be combined, with each other or with a user's answers."""
    identity = identity_files.identity(upstream, _OTHER)
    files = {path: upstream.base.lookup(path) for path in identity}
    named = upstream.base.replaced(
        {path: file.rewritten(identity[path]) for path, file in files.items() if file}
    )
    clashing = list[frozenset[str]]()
    for names in sets(upstream.catalogue):
        if any(other <= names for other in clashing):
            continue
        found = [*_clashes(upstream, names)] or [*_clashes_with_answers(upstream, names, named)]
        clashing += [names] if found else []
        yield from found


def _clashes(upstream: Upstream, names: frozenset[str]) -> Iterator[Problem]:
    try:
        pristine.fold(upstream, names)
    except SeriesClash as clash:
        name = clash.component
        order = requirements.order(upstream.catalogue, names)
        so_far = pristine.fold(upstream, order[: order.index(name)])
        sides = pristine.before(upstream, name), so_far, pristine.after(upstream, name)
        for path in clash.paths:
            where = f"patches/{name}: {path}:{_meeting(path, *sides)}"
            what = f"with {', '.join(sorted(names - {name}))}: both components change these lines"
            yield Problem(where, what, f"aegis upstream series open {name}")


def _clashes_with_answers(
    upstream: Upstream, names: frozenset[str], named: Tree
) -> Iterator[Problem]:
    sides = upstream.base, pristine.fold(upstream, names), named
    for path in tree_merges.merge(*sides)[1]:
        where = f"base/{path}:{_meeting(path, *sides)}"
        what = f"an answer stands here, and {', '.join(sorted(names))} changes the line beside it"
        refresh = f"aegis upstream series refresh {max(names)}"
        next = f"Which line stands between them? Write it into base/{path}, then `{refresh}`"
        yield Problem(where, what, next)


def _meeting(path: str, base: Tree, ours: Tree, theirs: Tree) -> int:
    """The first line of `theirs` at which two changes of a file meet."""
    before, mine, wanted = (tree.read(path) for tree in (base, ours, theirs))
    return next((to.start + 1 for _, to in texts.touching(before, wanted, mine)), 1)


def _in_notes(
    store: pygit2.Repository, root: Path, upstream: Upstream, ref: str = ""
) -> Iterator[Problem]:
    """Notes that can't be read, and removed settings and files without a note."""
    try:
        old = checkout.newest_release(store, root, ref)
        if old:
            yield from [*missing_notes.breaches(old, upstream)]
            return
    except AegisError:  # an older release is broken; this one need not be
        pass
    notes = upstream.notes or trees.empty(store)
    for name in notes.names():
        if name.endswith(".toml"):
            try:
                update_notes.parse(name.removesuffix(".toml"), notes.read(name))
            except ValueError as error:
                yield Problem(f"notes/{name}", str(error), f"cat -n notes/{name}")
