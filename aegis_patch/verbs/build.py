"""Builds one step in the scratch store: the project's tree after it, or a conflict."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

import pygit2

from aegis_patch.formats import compose_names
from aegis_patch.history import evidence, learnt
from aegis_patch.merge import renames
from aegis_patch.merge.evolve import evolve
from aegis_patch.merge.outcome import Conflict, Conflicted, Note, Outcome, Plan, Unchanged
from aegis_patch.merge.renames import Moves
from aegis_patch.objects import trees
from aegis_patch.objects.trees import Tree
from aegis_patch.project import git, repository, uv_lock
from aegis_patch.project.find import Place, Project
from aegis_patch.stack import record, requirements
from aegis_patch.stack.pristine import recorded
from aegis_patch.stack.record import RECORD
from aegis_patch.stack.stack import Stack
from aegis_patch.upstream.workbench import Bench
from aegis_patch.values import dataclass, replace
from aegis_patch.verbs import host_files, lock_files
from aegis_patch.verbs.step import Step

_COMPOSE = "compose.yaml"
_NAME = rb"(?m)^name:.*"
_NAMED = rb"(?m)^\s*(?:export )?COMPOSE_PROJECT_NAME=."


@dataclass(frozen=True, slots=True)
class Built:
    """A step with the repository's trees before and after it, not landed yet."""

    step: Step
    before: Tree
    after: Tree
    outcome: Outcome
    moved: Moves = Moves()

    @property
    def conflicts(self) -> tuple[Conflict, ...]:
        """The conflicts that a person has to resolve."""
        return self.outcome.conflicts if isinstance(self.outcome, Conflicted) else ()


def build(bench: Bench, there: Place, step: Step, root: Tree, *, relock: bool) -> Built:
    """Build one step on the repository's tree."""
    key = f"{step.old} {step.new} {step.record} {root}"
    if key not in bench.merged:  # `remove` tries a step before it makes it
        bench.merged[key] = _merged(bench, there, step, inside(there, root))
    plan, outcome = bench.merged[key]
    built = Built(step, root, root, outcome, plan.moved or Moves())
    if isinstance(outcome, Unchanged):
        return built
    stuck = [conflict.path for conflict in built.conflicts]
    after = outcome.tree
    if there.prefix:
        after = root.replaced({there.prefix: after})
    edits, notes = lock_files.follow(
        *(root, after, there.prefix),
        unsettled=uv_lock.PYPROJECT in stuck,
        why_not="pyproject.toml may still change" if stuck else "" if relock else "--no-lock",
    )
    notes += _compose_notes(there, plan, outcome.tree)
    outcome = replace(outcome, notes=(*outcome.notes, *notes))
    return replace(built, after=after.replaced(edits), outcome=outcome)


def _merged(bench: Bench, there: Place, step: Step, tree: Tree) -> tuple[Plan, Outcome]:
    plan = _plan(bench, there, step, tree)
    outcome = evolve(plan)
    if isinstance(outcome, Conflicted) and isinstance(there, Project):
        from aegis_patch.history.past_resolutions import recall  # slow to import, seldom needed

        outcome = recall(bench, there, plan, outcome)
    if isinstance(outcome, Conflicted) and step.old:
        from aegis_patch.history.taken_early import settled  # as above

        outcome = settled(bench, step.old, step.new, plan, outcome)
    return plan, learnt.written_down(plan, outcome)


def _plan(bench: Bench, there: Place, step: Step, tree: Tree) -> Plan:
    """What to merge, with the lines and moves that are the user's."""
    if step.old is None:
        old, new = host_files.sides(tree, bench.pristine(step.new))
        return Plan(tree, old, new, step.new)
    if not isinstance(there, Project):
        return Plan(tree, bench.pristine(step.old), bench.pristine(step.new), step.new)
    yours = record.parse(tree.read(RECORD)).yours  # an earlier step may have learnt
    said = replace(step.record or step.old, yours=yours)
    comes = step.new.names - step.old.names
    was = evidence.shown(bench, replace(step.old, yours=yours), tree, comes)
    old, new = bench.pristine(was), bench.pristine(step.new)
    now = replace(step.new, yours=learnt.carried(yours, old, new))
    old, new = recorded(old, said), recorded(new, now)
    kept = learnt.kept(bench, was, now)
    brought = now.names - was.names - _left_by_a_merge(bench, was)
    return Plan(
        head=tree,
        old=old,
        new=new,
        record=now,
        yours=kept,
        less=bench.pristine(now.without(brought)) if brought else None,
        by_hand=_by_hand(there, _to_merge(tree, old, new, kept)),
        moved=renames.follow(old, tree, old.changed(new)),
        ignorecase=repository.ignores_case(there.repo),
    )


def _to_merge(tree: Tree, old: Tree, new: Tree, yours: Collection[str]) -> Iterator[str]:
    """The files that both sides may have a version of."""
    for path, (was, wanted) in old.differences(new).items():
        if path in yours or tree.lookup(path) not in (was, wanted):
            yield path


def _left_by_a_merge(bench: Bench, was: Stack) -> frozenset[str]:
    """The names that a stack lacks though something requires them.

    No verb leaves a stack so, only git, if one branch removed what the other's component needs.
    Lines of such a name that are still there are aegis's, not the user's.
    """
    known = bench.catalogue(was)
    return requirements.required(known, was.names & known.keys()) - was.names


def _by_hand(there: Place, paths: Iterable[str]) -> set[str]:
    """The paths that .gitattributes merge in another way than as text."""
    wholes = {repository.within(there.prefix, path): path for path in paths}
    said = git.attributes(Path(there.repo.workdir), "merge", wholes)
    ours = ("set", "text", "aegis")  # the last as `aegis merge-driver` has it
    return {wholes[whole] for whole, driver in said.items() if driver not in ours}


def _compose_notes(there: Place, plan: Plan, after: Tree) -> Iterator[Note]:
    """A warning about the Compose file, if its project is renamed."""
    named = re.findall(_NAME, plan.old.read(_COMPOSE))
    if not named or named == re.findall(_NAME, plan.new.read(_COMPOSE)):
        return
    settings = there.root / ".env"
    if settings.is_file() and re.search(_NAMED, settings.read_bytes()):
        return  # it goes before what the file says
    place = plan.moved.files.get(_COMPOSE, _COMPOSE) if plan.moved else _COMPOSE
    was, now = (compose_names.read(tree.read(place)) for tree in (plan.head, after))
    if text := compose_names.warning(was, now):
        yield Note(place, text)


def whole_tree(bench: Bench, there: Place) -> Tree:
    """The repository's tree at HEAD; the empty one if there is no commit yet."""
    if there.head is None:
        return trees.empty(bench.store)
    return Tree(bench.store, there.repo[there.head].peel(pygit2.Tree).id)


def inside(there: Place, root: Tree) -> Tree:
    """The project's tree in the repository's; the empty one if it is still to come."""
    return root.subtree(there.prefix) or trees.empty(root.store)
