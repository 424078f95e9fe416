"""Which components a tree has, and where its record is inconsistent.

Git merges, reverts and picks lines, so an integration can be missing or the record wrong. That only
shows when the tree is compared with the series.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence

from aegis_patch.errors import in_words
from aegis_patch.history import evidence
from aegis_patch.objects.trees import Tree
from aegis_patch.stack import requirements, stack
from aegis_patch.stack.component import Catalogue
from aegis_patch.stack.stack import Presence, Stack
from aegis_patch.upstream import releases
from aegis_patch.upstream.workbench import Bench
from aegis_patch.values import dataclass, replace

SUBJECT = "Repair the stack"
REPAIR = "aegis repair"


@dataclass(frozen=True, slots=True)
class Finding:
    """An inconsistency in a sentence, and what to type next."""

    what: str
    next: str = REPAIR


@dataclass(frozen=True, slots=True)
class Facts:
    """The stack in a tree, the stack that it should be, and the inconsistencies.

    `there` may mix releases and lack requirements; `closed` has them all, at its own release.
    """

    there: Stack
    closed: Stack
    inconsistencies: tuple[Finding, ...]


def look(bench: Bench, recorded: Stack, tree: Tree) -> Facts:
    """The components of a tree, from its record and its lines."""
    there, nonsense = without_nonsense(bench, recorded)
    catalogue = bench.at(there, there.release).catalogue
    there, found = evidence.with_found(bench, there, tree, catalogue.keys() - there.names)
    there, lost = evidence.without_lost(bench, there, tree)
    stays = {name: by for name, by in there.present.items() if name in catalogue}
    closed = stack.closed(replace(there, present=stays), catalogue)
    stray = stranded(bench, there)
    findings: list[Finding] = []
    for why in (
        *_why_not_as_recorded(nonsense, lost, found),
        *_why_mixed(there, stays),
        *_why_not_closed(catalogue, closed.names - {*lost}, stays),
    ):
        findings.append(Finding(why, stray.next if stray else REPAIR))
    if stray:
        findings.append(stray)
    return Facts(evidence.at_nearest_release(bench, there, tree), closed, tuple(findings))


def stranded(bench: Bench, there: Stack) -> Finding | None:
    """An inconsistency if the project's release lacks some of the components."""
    lost = sorted(there.names - bench.at(there, there.release).catalogue.keys())
    if not lost:
        return None
    homes = [there.present[name].release for name in lost]
    known = [release for release in releases.versions(there.url) if release in homes]
    return Finding(
        f"Release {there.release} doesn't have {in_words(lost)}, which aegis.toml lists",
        f"aegis rebase-upstream --to {(known or homes)[-1]}",
    )


def without_nonsense(bench: Bench, recorded: Stack) -> tuple[Stack, list[str]]:
    """The record without names that their release lacks, or at the project's if that has them."""
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


def _why_not_as_recorded(
    nonsense: Sequence[str], lost: Sequence[str], found: Sequence[str]
) -> Iterator[str]:
    for name in nonsense:
        yield f"aegis.toml lists {name}, which its release doesn't have"
    for name in lost:
        yield f"aegis.toml lists {name}, but none of its files are here"
    for name in found:
        yield f"{name} is here, but aegis.toml doesn't list it"


def _why_mixed(there: Stack, names: Iterable[str]) -> Iterator[str]:
    by_release: dict[str, list[str]] = {}
    for name in sorted(names):
        by_release.setdefault(there.present[name].release, []).append(name)
    for release in sorted(by_release.keys() - {there.release}):
        verb = "is" if len(by_release[release]) == 1 else "are"
        components = in_words(by_release[release])
        yield f"{components} {verb} from release {release}, but the project is at {there.release}"


def _why_not_closed(
    catalogue: Catalogue, closed: Collection[str], present: Collection[str]
) -> Iterator[str]:
    for name in sorted({*closed} - {*present}):
        if catalogue[name].kind == "integration":
            yield f"{name} is missing: it joins {in_words(catalogue[name].requires)}"
        else:
            users = sorted(
                user for user in present if name in requirements.required(catalogue, [user])
            )
            yield f"{name} is missing: required by {in_words(users)}"
    for name in sorted({*present} - {*closed}):
        absent = [need for need in catalogue[name].requires if need not in closed]
        yield f"{name} is installed without {in_words(absent)}"
