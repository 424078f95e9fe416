"""What the tree says that a project is made of, and what is off in its record.

Git merges, reverts and picks lines. That an integration is due, or that a record no longer tells
what is there, only shows when the tree is looked at beside the series.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import pygit2

from aegis_patch.errors import SeriesError
from aegis_patch.history import learnt
from aegis_patch.merge import renames
from aegis_patch.merge.written_twice import units
from aegis_patch.objects import trees
from aegis_patch.stack import component, requirements, stack
from aegis_patch.stack.component import Catalogue, Component
from aegis_patch.stack.stack import Presence, Stack
from aegis_patch.upstream import releases
from aegis_patch.upstream.workbench import Bench

NEARLY_ALL = 90  # per cent of a component's lines, to be there though no record says so
SUBJECT = "Repair the stack"
REPAIR = "aegis repair"
_NEW_FILE = re.compile(rb"^--- /dev/null\n\+\+\+ b/([^\t\n]+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is off, in a sentence, and what to type next."""

    what: str
    next: str = REPAIR


@dataclass(frozen=True, slots=True)
class Facts:
    """The stack that best tells what a tree holds, the one that it should be, and what is off.

    `there` may be of mixed releases and not closed; `due` is its closure at its own release.
    """

    there: Stack
    due: Stack
    off: tuple[Finding, ...]


def look(bench: Bench, recorded: Stack, tree: pygit2.Oid) -> Facts:
    """What a tree holds, as its record says and its lines prove."""
    there, nonsense = without_nonsense(bench, recorded)
    catalogue = bench.at(there, there.release).catalogue
    there, found = _with_found(bench, there, tree, catalogue.keys() - there.names)
    there, lost = _without_lost(bench, there, tree)
    stays = {name: by for name, by in there.present.items() if name in catalogue}
    due = stack.closed(replace(there, present=stays), catalogue)
    off = [f"the record names {name}, which its release does not have" for name in nonsense]
    off += [f"the record names {name}, and nothing of it is here" for name in lost]
    off += [f"{name} is here, and the record does not name it" for name in found]
    off += _why_mixed(there, stays)
    off += [_why_due(catalogue, name, stays) for name in sorted(due.names - stays.keys() - {*lost})]
    off += [_why_undue(catalogue, name, due.names) for name in sorted(stays.keys() - due.names)]
    stray = stranded(bench, there)
    findings = [Finding(what, stray.next if stray else REPAIR) for what in off]
    if stray:
        findings.append(stray)
    return Facts(_as_shown(bench, there, tree), due, tuple(findings))


def stranded(bench: Bench, there: Stack) -> Finding | None:
    """What came from another release, and is not in the one that the project is at."""
    lost = sorted(there.names - bench.at(there, there.release).catalogue.keys())
    if not lost:
        return None
    homes = [there.present[name].release for name in lost]
    known = [release for release in releases.versions(there.url) if release in homes]
    return Finding(
        f"release {there.release} does not have {_listed(lost)}, which the record names",
        f"aegis rebase-upstream --to {(known or homes)[-1]}, or git revert the commit that "
        "brought it here",
    )


def without_nonsense(bench: Bench, recorded: Stack) -> tuple[Stack, list[str]]:
    """The record without what its release does not have; the project's may have it."""
    present: dict[str, Presence] = {}
    nonsense = []
    for name, by in recorded.present.items():
        if name in bench.at(recorded, by.release).catalogue:
            present[name] = by
            continue
        nonsense.append(name)
        if name in bench.at(recorded, recorded.release).catalogue:
            present[name] = Presence(recorded.release, by.by)
    return replace(recorded, present=present), nonsense


def _without_lost(bench: Bench, there: Stack, tree: pygit2.Oid) -> tuple[Stack, list[str]]:
    """The stack without what the tree has nothing of."""
    lost = []
    catalogue = bench.catalogue(there)
    for name in reversed(requirements.order(catalogue, there.names)):
        if _is_any_there(bench, tree, catalogue[name]):
            continue
        own = _own(bench, there, name)
        if own and not _held(bench, tree, own) and not _is_moved(bench, there, tree, own):
            lost.append(name)
            there = _without(there, name)
    return there, lost


def _is_moved(bench: Bench, there: Stack, tree: pygit2.Oid, paths: Iterable[str]) -> bool:
    """Whether one of some files is where the user moved it to."""
    found = renames.follow(bench.store, bench.pristine(there), tree, paths)
    return bool(found.files or found.parts)


def shown(bench: Bench, there: Stack, tree: pygit2.Oid, comes: Collection[str]) -> Stack:
    """A recorded stack as a tree shows it: with what is to come, where that is there already."""
    return _as_shown(bench, _with_found(bench, there, tree, comes)[0], tree)


def _with_found(
    bench: Bench, there: Stack, tree: pygit2.Oid, absent: Collection[str]
) -> tuple[Stack, list[str]]:
    """The stack with what is there, nearly all of it, though the record does not name it."""
    catalogue = bench.at(there, there.release).catalogue
    present = dict(there.present)
    for name in requirements.order(catalogue, absent):
        joins = not component.is_chosen(catalogue[name])
        if joins and not {*catalogue[name].requires} <= present.keys():
            continue
        if _is_any_there(bench, tree, catalogue[name]):
            so_far = replace(there, present=present)
            among = dict.fromkeys([there.release, *releases.versions(there.url)])
            share, release = _nearest(bench, so_far, name, among, tree)
            if share >= NEARLY_ALL:
                present[name] = Presence(release, "you")
    found = [name for name in present if name not in there.present]
    every = bench.catalogue(there)
    chosen = {name for name in present if component.is_chosen(every[name])}
    needed = {need for name in chosen for need in every[name].requires}
    for name in found:
        if name in needed or name not in chosen:
            present[name] = Presence(present[name].release, "need")
    return replace(there, present=present), found


def _as_shown(bench: Bench, there: Stack, tree: pygit2.Oid) -> Stack:
    """The stack with each name at its own release, or the record's if the tree has more of that.

    Where git asked about the record, a person may have chosen the older line of it.
    """
    catalogue = bench.at(there, there.release).catalogue
    present = dict(there.present)
    for name, by in there.present.items():
        if by.release != there.release and name in catalogue:
            _, release = _nearest(bench, there, name, (by.release, there.release), tree)
            present[name] = Presence(release, by.by)
    return replace(there, present=present)


def _nearest(
    bench: Bench, there: Stack, name: str, among: Iterable[str], tree: pygit2.Oid
) -> tuple[float, str]:
    """The release whose series of a name a tree has most of, the first if several, and how much."""
    best, nearest = 0.0, ""
    for release in among:
        nearest = nearest or release
        if name in bench.at(there, release).catalogue:
            present = {**there.present, name: Presence(release, "you")}
            share = _share(bench, replace(there, present=present), name, tree)
            if share > best:
                best, nearest = share, release
    return best, nearest


def _share(bench: Bench, wider: Stack, name: str, tree: pygit2.Oid) -> float:
    """How much a tree has of what a component of a stack brings, per cent.

    Nothing where it is not plugged in: who removes a component may keep the files that they
    changed; few keep what names it elsewhere.
    """
    try:
        own, shared = _own(bench, wider, name), bench.pristine(_without(wider, name))
    except SeriesError:  # what does not apply is not here
        return 0
    plugs = {path: own[path] for path in own if trees.lookup(bench.store, shared, path)}
    if not own or 2 * _held(bench, tree, plugs) < _size(plugs):
        return 0
    return 100 * _held(bench, tree, own) / _size(own)


def _own(bench: Bench, wider: Stack, name: str) -> dict[str, frozenset[bytes]]:
    """The lines that a component of a stack brings, and nothing else of the stack has."""
    shared = bench.pristine(_without(wider, name))
    own = {}
    for path, lines in learnt.brought(bench, wider, frozenset({name})).items():
        left = lines.difference(units(path, trees.read(bench.store, shared, path)))
        if left:
            own[path] = left
    return own


def _without(wider: Stack, name: str) -> Stack:
    left = {other: by for other, by in wider.present.items() if other != name}
    return replace(wider, present=left)


def _size(lines: Mapping[str, frozenset[bytes]]) -> int:
    return sum(len(each) for each in lines.values())


def _held(bench: Bench, tree: pygit2.Oid, lines: Mapping[str, frozenset[bytes]]) -> int:
    """How many of the lines a tree has, each in its file."""
    count = 0
    for path, wanted in lines.items():
        count += len(wanted & units(path, trees.read(bench.store, tree, path)).keys())
    return count


def _is_any_there(bench: Bench, tree: pygit2.Oid, series: Component) -> bool:
    """Whether a tree has any of the files that a series brings, as its mails name them.

    No tree has to be made for that, which would take longer than all else that `status` does.
    """
    return any(
        trees.lookup(bench.store, tree, path.decode("utf-8", "replace"))
        for _, mail in series.series
        for path in _NEW_FILE.findall(mail)
    )


def _why_mixed(there: Stack, names: Iterable[str]) -> Iterator[str]:
    by_release: dict[str, list[str]] = {}
    for name in sorted(names):
        by_release.setdefault(there.present[name].release, []).append(name)
    for release in sorted(by_release.keys() - {there.release}):
        verb = "is" if len(by_release[release]) == 1 else "are"
        told = _listed(by_release[release])
        yield f"{told} {verb} from release {release}, and the project is at {there.release}"


def _listed(names: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))


def _why_due(catalogue: Catalogue, name: str, present: Iterable[str]) -> str:
    if catalogue[name].kind == "integration":
        return f"{name} is due: {_listed(catalogue[name].requires)} are there"
    users = [other for other in present if name in requirements.required(catalogue, [other])]
    return f"{name} is missing: {_listed(sorted(users))} cannot do without"


def _why_undue(catalogue: Catalogue, name: str, present: Iterable[str]) -> str:
    absent = [need for need in catalogue[name].requires if need not in present]
    return f"{name} is there without {_listed(absent)}"
