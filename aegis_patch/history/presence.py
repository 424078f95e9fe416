"""What the tree says that a project is made of, and what is off in its record.

Git merges, reverts and picks lines. That an integration is due, or that a record no longer tells
what is there, only shows when the tree is looked at beside the series.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import pygit2

from aegis_patch.history import evidence
from aegis_patch.stack import requirements, stack
from aegis_patch.stack.component import Catalogue
from aegis_patch.stack.stack import Presence, Stack
from aegis_patch.upstream import releases
from aegis_patch.upstream.workbench import Bench

SUBJECT = "Repair the stack"
REPAIR = "aegis repair"


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
    there, found = evidence.with_found(bench, there, tree, catalogue.keys() - there.names)
    there, lost = evidence.without_lost(bench, there, tree)
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
    return Facts(evidence.at_nearest_release(bench, there, tree), due, tuple(findings))


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
