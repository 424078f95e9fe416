"""One step, built in the scratch store: the project's tree after it, or a conflict."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import pygit2
from pygit2.enums import FileMode

from aegis_patch.formats import compose_names
from aegis_patch.history import evidence, learnt
from aegis_patch.history.past_resolutions import recall
from aegis_patch.merge import renames
from aegis_patch.merge.evolve import evolve
from aegis_patch.merge.outcome import Conflict, Conflicted, Outcome, Plan, Unchanged
from aegis_patch.merge.renames import Moves
from aegis_patch.merge.sides import Note
from aegis_patch.objects import trees
from aegis_patch.objects.trees import Entry
from aegis_patch.project import git, repository, uv_lock
from aegis_patch.project.find import Place, Project
from aegis_patch.stack import record, requirements
from aegis_patch.stack.pristine import recorded
from aegis_patch.stack.record import RECORD
from aegis_patch.stack.stack import Stack
from aegis_patch.upstream.workbench import Bench
from aegis_patch.verbs import lock_files
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

    @property
    def conflicts(self) -> tuple[Conflict, ...]:
        """What awaits a person."""
        return self.outcome.conflicts if isinstance(self.outcome, Conflicted) else ()


def build(bench: Bench, there: Place, step: Step, root: pygit2.Oid, *, relock: bool) -> Built:
    """Build one step upon the repository's tree."""
    store = bench.store
    plan, attributes = _plan(bench, there, step, inside(store, there, root))
    outcome = evolve(store, plan)
    if isinstance(outcome, Conflicted) and isinstance(there, Project):
        outcome = recall(bench, there, plan, outcome)
    outcome = learnt.written_down(store, plan, outcome)
    built = Built(step, root, root, outcome, plan.moved or Moves())
    if isinstance(outcome, Unchanged):
        return built
    stuck = [conflict.path for conflict in built.conflicts]
    after = outcome.tree
    if there.prefix:
        after = trees.replace(store, root, {there.prefix: Entry(after, FileMode.TREE)})
    edits, notes = lock_files.follow(
        *(store, root, after, there.prefix),
        unsettled=uv_lock.PYPROJECT in stuck,
        why_not="pyproject.toml may still change" if stuck else "" if relock else "--no-lock",
    )
    notes += _drivers_not_run(store, there, plan, attributes)
    notes += _compose_notes(store, there, plan, outcome.tree)
    outcome = replace(outcome, notes=(*outcome.notes, *notes))
    return replace(built, after=trees.replace(store, after, edits), outcome=outcome)


def _plan(
    bench: Bench, there: Place, step: Step, tree: pygit2.Oid
) -> tuple[Plan, Mapping[str, str]]:
    """What to merge, with what the project tells of its user; and its attributes `merge`."""
    store = bench.store
    if not isinstance(there, Project) or step.old is None:
        return Plan(tree, bench.pristine(step.old), bench.pristine(step.new), step.new), {}
    yours = record.parse(trees.read(store, tree, RECORD)).yours  # an earlier step may have learnt
    said = replace(step.record or step.old, yours=yours)
    comes = step.new.names - step.old.names
    was = evidence.shown(bench, replace(step.old, yours=yours), tree, comes)
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
        brought=learnt.brought(bench, now, now.names - was.names - _left_by_a_merge(bench, was)),
        drivers={path: _DRIVERS[name] for path, name in attributes.items() if name in _DRIVERS},
        moved=renames.follow(store, old, tree, trees.changed(store, old, new)),
        ignorecase=repository.ignores_case(there.repo),
    )
    return plan, attributes


def _left_by_a_merge(bench: Bench, was: Stack) -> frozenset[str]:
    """The names that a stack lacks though it has what requires them.

    No verb leaves a stack so, only git where one branch removed what the other's component needs.
    The lines of such a name that are still there are aegis's, not the user's.
    """
    known = bench.catalogue(was)
    return requirements.required(known, was.names & known.keys()) - was.names


def _attributes(there: Place, paths: Iterable[str]) -> dict[str, str]:
    """What .gitattributes say of `merge`, by path."""
    wholes = {repository.within(there.prefix, path): path for path in paths}
    said = git.attributes(Path(there.repo.workdir), "merge", wholes)
    return {wholes[whole]: driver for whole, driver in said.items()}


def _drivers_not_run(
    store: pygit2.Repository, there: Place, plan: Plan, attributes: Mapping[str, str]
) -> Iterator[Note]:
    """The merge drivers of the user's own that git would have run, and aegis does not."""
    for path, driver in attributes.items():
        sides = [trees.lookup(store, tree, path) for tree in (plan.old, plan.head, plan.new)]
        is_merged = all(sides) and sides[0] != sides[1] != sides[2]
        if is_merged and git.setting(there.root, f"merge.{driver}.driver"):
            yield Note(path, f"merged by aegis, not by your merge driver {driver}")


def _compose_notes(
    store: pygit2.Repository, there: Place, plan: Plan, after: pygit2.Oid
) -> Iterator[Note]:
    """What to know of the Compose file before it runs again, if it changed."""
    place = plan.moved.files.get(_COMPOSE, _COMPOSE) if plan.moved else _COMPOSE
    if trees.lookup(store, plan.head, place) == trees.lookup(store, after, place):
        return
    was = compose_names.project(partial(trees.read, store, plan.head), place)
    now = compose_names.project(partial(trees.read, store, after), place)
    settings = there.root / ".env"
    if was and settings.is_file() and _NAMED.search(settings.read_bytes()):
        was = replace(was, name="")  # it goes before what the file says
    for path, text in compose_names.warnings(was, now):
        yield Note(path or place, text)


def whole_tree(store: pygit2.Repository, there: Place) -> pygit2.Oid:
    """The repository's tree at HEAD; the empty one where there is no commit yet."""
    return there.repo[there.head].peel(pygit2.Tree).id if there.head else trees.empty(store)


def inside(store: pygit2.Repository, there: Place, root: pygit2.Oid) -> pygit2.Oid:
    """The project's tree in the repository's; the empty one where that is to come."""
    return trees.subtree(store, root, there.prefix) or trees.empty(store)
