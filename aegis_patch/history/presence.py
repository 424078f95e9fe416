"""What the tree says that a project is made of, and what is off in its record.

Git merges, reverts and picks lines. That an integration is due, or that a record no longer tells
what is there, only shows when the tree is looked at beside the series.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import pygit2

from aegis_patch.errors import SeriesError
from aegis_patch.merge.evolve import evolve
from aegis_patch.merge.outcome import Plan, Unchanged
from aegis_patch.merge.written_twice import units
from aegis_patch.objects import trees
from aegis_patch.stack import component, requirements, stack
from aegis_patch.stack.component import Catalogue, Component
from aegis_patch.stack.pristine import after, before
from aegis_patch.stack.stack import Presence, Stack
from aegis_patch.upstream import releases
from aegis_patch.upstream.workbench import Bench

NEARLY_ALL = 90  # per cent of a component's lines, to be there though no record says so
SUBJECT = "Repair the stack"
REPAIR = "aegis repair"
_NEW_FILE = re.compile(rb"^--- /dev/null\n\+\+\+ b/([^\t\n]+)", re.MULTILINE)
_Lines = dict[str, frozenset[bytes]]  # of each file: see evolve.units


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
    there, found = with_found(bench, there, tree)
    there, lost = _without_lost(bench, there, tree)
    off = [
        *(f"aegis.toml lists {name}, which its release doesn't have" for name in nonsense),
        *(f"aegis.toml lists {name}, but none of its files are here" for name in lost),
        *(f"{name} is here, but aegis.toml doesn't list it" for name in found),
    ]
    catalogue = bench.at(there, there.release).catalogue
    stays = {name: by for name, by in there.present.items() if name in catalogue}
    off += _why_mixed(there, stays)
    due = stack.closed(replace(there, present=stays), catalogue)
    off += [_why_due(catalogue, name, stays) for name in sorted(due.names - stays.keys() - {*lost})]
    off += [_why_undue(catalogue, name, due.names) for name in sorted(stays.keys() - due.names)]
    stray = stranded(bench, there)
    there = as_shown(bench, there, tree)
    if stray is None:
        return Facts(there, due, tuple(map(Finding, off)))
    return Facts(there, due, (*(Finding(what, stray.next) for what in off), stray))


def stranded(bench: Bench, there: Stack) -> Finding | None:
    """What came from another release, and is not in the one that the project is at."""
    lost = sorted(there.names - bench.at(there, there.release).catalogue.keys())
    if not lost:
        return None
    homes = [there.present[name].release for name in lost]
    known = [release for release in releases.versions(there.url) if release in homes]
    return Finding(
        f"release {there.release} doesn't have {_listed(lost)}, which aegis.toml lists",
        f"aegis rebase-upstream --to {(known or homes)[-1]}",
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
        own = _own(bench, there, name, there.present[name].release)
        if own and not _held(bench, tree, own) and not _is_moved(bench, there, tree, own):
            lost.append(name)
            left = {other: by for other, by in there.present.items() if other != name}
            there = replace(there, present=left)
    return there, lost


def _is_moved(bench: Bench, there: Stack, tree: pygit2.Oid, own: _Lines) -> bool:
    """Whether a file of some is where the user moved it to: to take it away changes something."""
    old = bench.pristine(there)
    missing = [path for path in own if trees.lookup(bench.store, tree, path) is None]
    new = trees.replace(bench.store, old, dict.fromkeys(missing))
    return not isinstance(evolve(bench.store, Plan(tree, old, new, None)), Unchanged)


def with_found(bench: Bench, there: Stack, tree: pygit2.Oid) -> tuple[Stack, list[str]]:
    """The stack with what is there, nearly all of it, though the record does not name it."""
    catalogue = bench.at(there, there.release).catalogue
    found: dict[str, str] = {}
    for name in requirements.order(catalogue, catalogue.keys() - there.names):
        joins = not component.is_chosen(catalogue[name])
        if joins and not {*catalogue[name].requires} <= there.names | found.keys():
            continue
        if not _is_any_there(bench, tree, catalogue[name]):
            continue
        if release := _release_of(bench, there, name, tree):
            found[name] = release
    present = dict(there.present)
    every = bench.catalogue(there)
    chosen = [name for name in [*present, *found] if component.is_chosen(every[name])]
    needed = {need for name in chosen for need in every[name].requires}
    for name, release in found.items():
        by_need = name in needed or name not in chosen
        present[name] = Presence(release, "need" if by_need else "you")
    return replace(there, present=present), list(found)


def as_shown(bench: Bench, there: Stack, tree: pygit2.Oid) -> Stack:
    """The stack with each name at its own release, or the record's if the tree has more of that.

    Where git asked about the record, a person may have chosen the older line of it.
    """
    catalogue = bench.at(there, there.release).catalogue
    present = dict(there.present)
    for name, by in there.present.items():
        releases = {by.release, there.release} if name in catalogue else {by.release}
        if len(releases) > 1:
            score = {each: _score(bench, there, name, each, tree) for each in releases}
            if score[there.release] > score[by.release]:
                present[name] = Presence(there.release, by.by)
    return replace(there, present=present)


def _release_of(bench: Bench, there: Stack, name: str, tree: pygit2.Oid) -> str | None:
    """The release whose series of a name the tree has nearly all of; its own, if several."""
    scores = {
        release: _score(bench, there, name, release, tree)
        for release in dict.fromkeys([there.release, *releases.versions(there.url)])
        if name in bench.at(there, release).catalogue
    }
    best = max(scores, key=lambda release: scores[release])
    return best if scores[best] >= NEARLY_ALL else None


def _score(bench: Bench, there: Stack, name: str, release: str, tree: pygit2.Oid) -> float:
    """How much of a series a tree has, per cent; nothing where it is not plugged in.

    Who removes a component may keep the files that they changed; few keep what names it elsewhere.
    """
    try:
        own = _own(bench, there, name, release)
    except SeriesError:  # what does not apply is not here
        return 0
    old = bench.pristine(there)
    plugs = {path: own[path] for path in own if trees.lookup(bench.store, old, path)}
    if 2 * _held(bench, tree, plugs) < _size(plugs):
        return 0
    return 100 * _held(bench, tree, own) / _size(own) if own else 0


def _size(own: _Lines) -> int:
    return sum(map(len, own.values()))


def _own(bench: Bench, there: Stack, name: str, release: str) -> _Lines:
    """What a series adds, and nothing else of the stack does."""
    base = bench.at(there, there.release).base
    others = [
        _adds(bench, there, other, by.release)
        for other, by in there.present.items()
        if other != name
    ]
    found = {}
    for path, added in _adds(bench, there, name, release).items():
        known = [other.get(path, frozenset()) for other in others]
        if left := added.difference(_lines(bench, base, path), *known):
            found[path] = left
    return found


def _adds(bench: Bench, there: Stack, name: str, release: str) -> _Lines:
    opened = bench.at(there, release)
    was, now = (make(bench.store, opened, name) for make in (before, after))
    return {
        path: _lines(bench, now, path) - _lines(bench, was, path)
        for path in trees.changed(bench.store, was, now)
    }


def _held(bench: Bench, tree: pygit2.Oid, own: _Lines) -> int:
    """How many of the lines a tree has, each in its file."""
    return sum(len(lines & _lines(bench, tree, path)) for path, lines in own.items())


def _lines(bench: Bench, tree: pygit2.Oid, path: str) -> frozenset[bytes]:
    return frozenset(units(path, trees.read(bench.store, tree, path)))


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
        yield f"{told} {verb} from release {release}, but the project is at {there.release}"


def _listed(names: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))


def _why_due(catalogue: Catalogue, name: str, present: Iterable[str]) -> str:
    if catalogue[name].kind == "integration":
        return f"{name} is missing: it joins {_listed(catalogue[name].requires)}"
    users = [other for other in present if name in requirements.required(catalogue, [other])]
    return f"{name} is missing: required by {_listed(sorted(users))}"


def _why_undue(catalogue: Catalogue, name: str, present: Iterable[str]) -> str:
    absent = [need for need in catalogue[name].requires if need not in present]
    return f"{name} is installed without {_listed(absent)}"
