"""One step, built in the scratch store: the project's tree after it, or a conflict."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import pygit2

from aegis_patch.formats import compose_names
from aegis_patch.history import learnt, presence
from aegis_patch.history.past_resolutions import recall
from aegis_patch.merge import one_path, renames
from aegis_patch.merge.evolve import evolve
from aegis_patch.merge.outcome import Conflict, Conflicted, Outcome, Plan, Unchanged
from aegis_patch.merge.renames import Moves
from aegis_patch.merge.sides import Note, Sides
from aegis_patch.objects import trees
from aegis_patch.project import git, repository, uv_lock
from aegis_patch.project.find import Project
from aegis_patch.stack import record
from aegis_patch.stack.pristine import recorded
from aegis_patch.stack.record import RECORD
from aegis_patch.upstream.workbench import Bench
from aegis_patch.verbs import locks
from aegis_patch.verbs.step import Step

_COMPOSE = "compose.yaml"
_NAMED = re.compile(rb"(?m)^\s*(?:export )?COMPOSE_PROJECT_NAME=.")

_DRIVERS = {"unset": "binary", "binary": "binary", "union": "union"}
"""What aegis knows of the values of `merge` in .gitattributes."""


@dataclass(frozen=True, slots=True)
class Built:
    """A step with the repository's trees before and after it, not landed yet."""

    step: Step
    before: pygit2.Oid
    after: pygit2.Oid
    outcome: Outcome
    moved: Moves = field(default_factory=Moves)


def build(
    bench: Bench, there: Project, step: Step, root: pygit2.Oid, relock: bool
) -> tuple[Built, list[str]]:
    """Build one step upon a tree, and what is to be said about it."""
    store = bench.store
    tree = inside(store, there, root)
    plan, attributes = planned(bench, there, step, tree)
    outcome = merged(bench, there, plan)
    if isinstance(outcome, Unchanged):
        said = [f"{note.path}: {note.text}" for note in outcome.notes if note.applied]
        return Built(step, root, root, outcome), said
    after = _whole(store, there, root, outcome.tree)
    stuck = outcome.conflicts if isinstance(outcome, Conflicted) else ()
    edits, notes = locks.follow(
        *(store, root, after, there.prefix),
        unsettled=any(conflict.path == uv_lock.PYPROJECT for conflict in stuck),
        why_not="there are conflicts" if stuck else "" if relock else "--no-lock",
    )
    place = plan.moved.files.get(_COMPOSE, _COMPOSE) if plan.moved else _COMPOSE
    notes += _not_run(store, there, plan, attributes)
    notes += _of_compose(store, there, (tree, outcome.tree), place)
    outcome = replace(outcome, notes=(*outcome.notes, *notes))
    return Built(step, root, trees.replace(store, after, edits), outcome, plan.moved or Moves()), []


def planned(
    bench: Bench, there: Project, step: Step, tree: pygit2.Oid
) -> tuple[Plan, dict[str, str]]:
    """What a step does to a project's tree, and what .gitattributes say of its paths."""
    assert step.old is not None
    store = bench.store
    yours = record.parse(trees.read(store, tree, RECORD)).yours  # an earlier step may have learnt
    said = replace(step.record or step.old, yours=yours)
    comes = step.new.names - step.old.names
    was, _ = presence.with_found(bench, replace(step.old, yours=yours), tree, comes)
    old, new = bench.pristine(was), bench.pristine(step.new)
    now = replace(step.new, yours=learnt.carried(store, yours, old, new))
    old, new = recorded(store, old, said), recorded(store, new, now)
    attributes = _attributes(there, trees.changed(store, old, new))
    plan = Plan(
        head=tree,
        old=old,
        new=new,
        record=now,
        yours=learnt.kept(bench, was, now),
        brought=learnt.brought(bench, now, now.names - was.names),
        drivers={path: _DRIVERS[name] for path, name in attributes.items() if name in _DRIVERS},
        moved=renames.follow(store, old, tree, trees.changed(store, old, new)),
        ignorecase=repository.ignores_case(there.repo),
    )
    return plan, attributes


def merged(bench: Bench, there: Project, plan: Plan) -> Outcome:
    """A plan, merged; with answers of old to its questions, and what was learnt in its record."""
    store = bench.store
    outcome = evolve(store, plan)
    if isinstance(outcome, Conflicted):
        outcome = recall(bench, there, plan, outcome)
    if isinstance(outcome, Unchanged) or plan.record is None:
        return outcome
    yours = learnt.found(store, plan, outcome.tree)
    if not yours:
        return outcome
    whole = replace(plan.record, yours=learnt.joined(plan.record.yours, yours))
    was, mine, new = (trees.lookup(store, at, RECORD) for at in (plan.old, plan.head, plan.new))
    fate = one_path.merge(store, replace(plan, record=whole), Sides(RECORD, was, mine, new))
    assert not isinstance(fate, Conflict)
    tree = trees.replace(store, outcome.tree, {RECORD: fate})
    return replace(outcome, tree=tree, notes=(*outcome.notes, *learnt.notes(yours)))


def _of_compose(
    store: pygit2.Repository, there: Project, sides: tuple[pygit2.Oid, pygit2.Oid], place: str
) -> list[Note]:
    """What to know of the Compose file before it runs again, if it changed."""
    before, after = sides
    if trees.lookup(store, before, place) == trees.lookup(store, after, place):
        return []
    was, now = (compose_names.project(partial(trees.read, store, tree), place) for tree in sides)
    settings = there.root / ".env"
    if was and settings.is_file() and _NAMED.search(settings.read_bytes()):
        was = replace(was, name="")  # it goes before what the file says
    return [Note(path or place, text) for path, text in compose_names.warnings(was, now)]


def _attributes(there: Project, paths: Iterable[str]) -> dict[str, str]:
    """What .gitattributes say of `merge`, by path."""
    wholes = {repository.within(there.prefix, path): path for path in paths}
    said = git.attributes(Path(there.repo.workdir), "merge", wholes)
    return {wholes[whole]: driver for whole, driver in said.items()}


def _not_run(
    store: pygit2.Repository, there: Project, plan: Plan, attributes: Mapping[str, str]
) -> Iterator[Note]:
    """The merge drivers of the user's own that git would have run, and aegis does not."""
    for path, driver in attributes.items():
        sides = [trees.lookup(store, tree, path) for tree in (plan.old, plan.head, plan.new)]
        is_merged = all(sides) and sides[0] != sides[1] != sides[2]
        if is_merged and git.setting(there.root, f"merge.{driver}.driver"):
            yield Note(path, f"aegis merged it, and did not run your merge driver {driver}")


def _whole(
    store: pygit2.Repository, there: Project, root: pygit2.Oid, tree: pygit2.Oid
) -> pygit2.Oid:
    """The repository's tree with the project's in its place."""
    if not there.prefix:
        return tree
    return trees.graft(store, root, there.prefix, tree)


def inside(store: pygit2.Repository, there: Project, root: pygit2.Oid) -> pygit2.Oid:
    """The project's tree in the repository's."""
    tree = trees.subtree(store, root, there.prefix)
    assert tree is not None
    return tree
