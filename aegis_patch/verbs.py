"""The verbs: each is a list of steps from one stack to the next, built first and landed once."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pygit2

from aegis_patch import (
    component,
    facts,
    fork,
    history,
    project,
    render,
    stack,
    trees,
    upstream,
    yours,
)
from aegis_patch.bench import Bench, open_bench, open_project
from aegis_patch.component import Catalogue
from aegis_patch.errors import Refused
from aegis_patch.explain import perform
from aegis_patch.facts import Finding
from aegis_patch.project import Project
from aegis_patch.record import RECORD
from aegis_patch.stack import CORE, Stack
from aegis_patch.steps import Result, Step
from aegis_patch.upstream import Upstream


@dataclass(frozen=True, slots=True)
class Naming:
    """What to type in place of a name that a verb refuses.

    `newer` is for one that only a newer release has, `parts` for an integration: of what.
    """

    newer: str
    parts: Callable[[Sequence[str]], str]


INIT = Naming(
    "leave out --upstream-version", lambda names: f"aegis init PATH --components {','.join(names)}"
)
_ADD = Naming("aegis rebase-upstream", lambda names: f"aegis add {' '.join(names)}")
_REMOVE = Naming("aegis status", lambda names: f"aegis remove {', or aegis remove '.join(names)}")


@dataclass(frozen=True, slots=True)
class Drift:
    """A pristine file that the user "modified" or "deleted"."""

    path: str
    change: str


@dataclass(frozen=True, slots=True)
class Status:
    """A project beside its upstream; `drift` lists pristine files that the user changed."""

    stack: Stack
    integrations: tuple[str, ...]
    latest: str
    behind: int
    drift: tuple[Drift, ...]
    under_way: str
    off: tuple[Finding, ...] = ()


def names(words: Sequence[str]) -> tuple[str, ...]:
    """Names from a command line: commas, spaces and repeats."""
    return tuple(dict.fromkeys(word for word in re.split(r"[,\s]+", " ".join(words)) if word))


def add(
    where: Path, wanted: Sequence[str], *, dry: bool, relock: bool, strict: bool = False
) -> Result:
    """Add components, a commit for each that is named."""
    _refuse_none(wanted)
    with open_project(where) as (bench, there):
        opened = _release(bench, there.stack)
        known = chosen(bench, opened, wanted, _ADD)
        steps, said = additions(opened.catalogue, there.stack, known)
        return perform(bench, there, steps, said, dry=dry, relock=relock, strict=strict)


def remove(
    where: Path, wanted: Sequence[str], *, dry: bool, relock: bool, strict: bool = False
) -> Result:
    """Remove components, each with what came along for it alone; edits stay."""
    _refuse_none(wanted)
    with open_project(where) as (bench, there):
        opened = _release(bench, there.stack)
        known = chosen(bench, opened, wanted, _REMOVE)
        steps, said = _removals(bench, opened, there, known)
        return perform(bench, there, steps, said, dry=dry, relock=relock, strict=strict)


def rebase(where: Path, to: str | None, *, dry: bool, relock: bool, strict: bool = False) -> Result:
    """Bring the project to another release, in one commit on top; no history is rewritten."""
    with open_project(where) as (bench, there):
        old, nonsense = facts.without_nonsense(bench, there.stack)
        wanted = fork.version(to) if to else upstream.latest(there.stack.url)
        opened = bench.open(there.stack.url, wanted)
        absent = [name for name in old.present if name not in opened.catalogue]
        absent = [name for name in absent if _is_named(bench, old, name)]
        if absent:
            raise Refused(
                f"release {opened.release} does not have {', '.join(absent)}",
                next=f"aegis remove {' '.join(absent)}, or choose another release with --to",
            )
        moved = stack.rebase(
            _within(old, opened),
            opened.catalogue,
            opened.url,
            opened.release,
            opened.commit,
        )
        if moved == there.stack:
            return Result(said=(f"already at aegis {opened.release}",), dry=dry)
        body = f"From aegis {there.stack.release}, by three-way merge; no history is rewritten."
        title = f"Rebase onto aegis {opened.release}"
        step = Step(title, body, old, moved, record=there.stack)
        said = [f"the record named {name}, which its release does not have" for name in nonsense]
        if to is None and old.release not in upstream.releases(old.url):
            said.append(f"the upstream does not have release {old.release} any more")
        return perform(bench, there, [step], said, dry=dry, relock=relock, strict=strict)


def answer(
    where: Path, given: Mapping[str, str], *, dry: bool, relock: bool, strict: bool = False
) -> Result:
    """Change answers, years later too: the project's name follows everywhere."""
    with open_project(where) as (bench, there):
        opened = _release(bench, there.stack)
        answers = render.ask(bench.store, opened, given, there.stack.answers, interactive=False)
        changed = [key for key in answers if answers[key] != there.stack.answers.get(key)]
        if not changed:
            return Result(said=("these are the answers already",), dry=dry)
        step = Step(
            f"Answer {', '.join(changed)}", "", there.stack, stack.answer(there.stack, answers)
        )
        return perform(bench, there, [step], (), dry=dry, relock=relock, strict=strict)


def answers(where: Path) -> Mapping[str, str]:
    """The answers of a project."""
    return project.find(where).stack.answers


def repair(where: Path, *, dry: bool, relock: bool, strict: bool = False) -> Result:
    """Bring tree and record together again, in one commit: what belongs there comes or goes.

    Raises:
        Refused: something is off that another command has to settle.
    """
    with open_project(where) as (bench, there):
        found = facts.look(bench, there.stack, there.tree)
        if not found.off:
            return Result(said=("nothing is off",), dry=dry)
        _refuse_stranded(bench, found.there)
        body = "\n".join(f"- {each.what}" for each in found.off)
        step = Step(facts.SUBJECT, body, found.there, found.due, record=there.stack)
        return perform(bench, there, [step], (), dry=dry, relock=relock, strict=strict)


def status(where: Path) -> Status:
    """What a project is made of, what is off, how far it is behind, and what the user changed."""
    with open_project(where, to_write=False) as (bench, there):
        found = facts.look(bench, there.stack, there.tree)
        versions = list(upstream.releases(there.stack.url))
        release = there.stack.release
        behind = 0 if release == upstream.WORK else len(versions)  # a fork can lose its tags
        if release in versions:
            behind = len(versions) - 1 - versions.index(release)
        drift = _drift(bench, bench.pristine(found.there), there.tree)
        what, remedy = project.under_way(there.repo)
        under_way = f"{what} is under way: {remedy}" if what else ""
        catalogue = bench.catalogue(found.there)
        joined = [
            name
            for name in sorted(there.stack.present)
            if name in catalogue and not component.is_chosen(catalogue[name])
        ]
        latest = versions[-1] if versions else release
        return Status(there.stack, tuple(joined), latest, behind, drift, under_way, found.off)


def _drift(bench: Bench, tree: pygit2.Oid, head: pygit2.Oid) -> tuple[Drift, ...]:
    found = []
    for path in sorted(trees.files(bench.store, tree)):  # the user's own may be very many
        was, there = (trees.lookup(bench.store, at, path) for at in (tree, head))
        if was != there:
            found.append(Drift(path, "modified" if there else "deleted"))
    return tuple(found)


def catalogue(version: str | None = None) -> Catalogue:
    """The components of a release of ours (the newest, unless another is named)."""
    with open_bench() as bench:
        return bench.open(upstream.BUNDLED, version or upstream.latest()).catalogue


def components(where: Path) -> Catalogue:
    """What the newest release of a project's upstream has; of ours, where there is no project."""
    try:
        url = project.find(where).stack.url
    except Refused:
        return catalogue()
    known = [*upstream.releases(url)] or [upstream.latest(url)]
    with open_bench() as bench:
        return bench.open(url, known[-1]).catalogue


def _release(bench: Bench, there: Stack) -> Upstream:
    """The release of a stack, which has all that the stack has."""
    opened = bench.upstream(there)
    _refuse_stranded(bench, there)
    return opened


def _refuse_stranded(bench: Bench, there: Stack) -> None:
    if stray := facts.stranded(bench, there):
        raise Refused(stray.what, where=RECORD, next=stray.next)


def _refuse_none(wanted: Sequence[str]) -> None:
    if not wanted:
        raise Refused("no component is named", next="aegis components")


def chosen(bench: Bench, opened: Upstream, wanted: Sequence[str], naming: Naming) -> list[str]:
    """As `checked`, and what a newer release has is refused as that."""
    try:
        return checked(opened.catalogue, wanted, naming)
    except Refused:
        newest = [opened.release, *upstream.releases(opened.url)][-1]
        later = bench.open(opened.url, newest).catalogue if newest != opened.release else {}
        plain = [_plain(later, word) for word in wanted]
        lacking = [name for name in plain if name in later and name not in opened.catalogue]
        if not lacking:
            raise
        what = f"release {opened.release} does not have {', '.join(lacking)}; {newest} does"
        raise Refused(what, next=naming.newer) from None


def checked(known: Catalogue, wanted: Sequence[str], naming: Naming) -> list[str]:
    """The names in requirement order, or the reason why one cannot be named.

    `database[postgres]` is another way to write `postgres`, a variant of database.
    """
    wanted = [_plain(known, word) for word in wanted]
    nameable = [name for name in known if component.is_chosen(known[name])]
    for name in wanted:
        if name == CORE:
            raise Refused("core is always there", next="aegis components")
        if name not in known:
            close = difflib.get_close_matches(name, nameable, n=3, cutoff=0.5)
            nearest = f"; did you mean {' or '.join(close)}?" if close else ""
            what = f"there is no component called {name!r}{nearest}"
            raise Refused(what, next="aegis components")
        if not component.is_chosen(known[name]):
            needs = " and ".join(known[name].requires)
            raise Refused(
                f"{name} is an integration: it is there when {needs} are, and leaves with them",
                next=naming.parts(known[name].requires),
            )
    return [name for name in component.order(known, known) if name in wanted]


def _plain(known: Catalogue, word: str) -> str:
    outer, bracket, inner = word.removesuffix("]").partition("[")
    varied = known.get(inner)
    if bracket and word.endswith("]") and varied and varied.kind == "variant":
        return inner if outer in varied.requires else word
    return word


def additions(
    known: Catalogue, start: Stack, chosen: Sequence[str]
) -> tuple[list[Step], tuple[str, ...]]:
    """A step for each name that is not there yet or not there by wish, and what else to say."""
    steps: list[Step] = []
    said: list[str] = []
    at = start
    for name in chosen:
        there = at.present.get(name)
        new = stack.add(at, known, name)
        if there and new == at:
            said.append(f"{name} is there already")
            continue
        steps.append(_addition(known, at, new, name))
        at = new
    return steps, tuple(said)


def _addition(known: Catalogue, old: Stack, new: Stack, name: str) -> Step:
    command = f"aegis add {name}"
    if name not in old.present:
        return Step(f"Add {name}", _why_added(known, old, new, name), old, new, command)
    joined = sorted(new.names - old.names)
    if joined:  # git merged a record that is not closed
        why = f"What belongs to {name} and was missing."
        return Step(f"Add {', '.join(joined)}", why, old, new, command)
    return Step(f"Keep {name}", "It was there because it was needed.", old, new, command)


def _why_added(known: Catalogue, old: Stack, new: Stack, name: str) -> str:
    along = [other for other in component.order(known, new.names - old.names) if other != name]
    body = f"{known[name].title}: {known[name].summary}"
    return f"{body}\n\nBrings along: {', '.join(along)}." if along else body


def _removals(
    bench: Bench, opened: Upstream, there: Project, chosen: Sequence[str]
) -> tuple[list[Step], tuple[str, ...]]:
    known = opened.catalogue
    said = [f"{name} is not there" for name in chosen if name not in there.stack.present]
    going = [name for name in reversed(chosen) if name in there.stack.present]
    for name in going:
        users = [
            user
            for user in component.dependants(known, name, there.stack.names)
            if user not in going
        ]
        if users:
            raise Refused(
                f"{name} is needed by {', '.join(users)}",
                next=f"aegis remove {' '.join([*users, name])}",
            )
    steps: list[Step] = []
    at = there.stack
    tree = bench.pristine(there.stack)
    for name in going:
        if name not in at.present:
            continue
        used = {
            need: why
            for need in stack.orphans(at, known, name)
            if need not in going and (why := yours.relies(bench, opened, there, tree, need))
        }
        said += [f"{need} stays, and is yours from now on: {why}" for need, why in used.items()]
        new = stack.remove(at, known, name, used)
        why = _why_removed(there, name, said)
        steps.append(Step(f'Revert "Add {name}"', why, at, new, f"aegis remove {name}"))
        at = new
    return steps, tuple(said)


def _why_removed(there: Project, name: str, said: list[str]) -> str:
    commit = history.gained(there, name)
    if commit is None:
        said.append(f"history no longer has the commit that added {name}")
        return ""
    return f"This reverts commit {commit.id}."


def _is_named(bench: Bench, there: Stack, name: str) -> bool:
    return component.is_chosen(bench.catalogue(there)[name])


def _within(there: Stack, opened: Upstream) -> Stack:
    """What of a stack a release has."""
    present = {name: by for name, by in there.present.items() if name in opened.catalogue}
    return replace(there, present=present)
