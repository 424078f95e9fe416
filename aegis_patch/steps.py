"""A step leads from one stack to the next: built in the scratch store, landed as a commit."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import pygit2

from aegis_patch import compose, git, guard, land, project, stack, trees, uvlock, yours
from aegis_patch.bench import Bench
from aegis_patch.errors import Refused
from aegis_patch.evolve import (
    Clean,
    Conflict,
    Conflicted,
    Outcome,
    Plan,
    Unchanged,
    evolve,
)
from aegis_patch.land import Draft, Pick
from aegis_patch.moves import Moves
from aegis_patch.pristine import recorded
from aegis_patch.project import Project
from aegis_patch.recall import recall
from aegis_patch.sides import Note
from aegis_patch.stack import Stack
from aegis_patch.unresolved import Evolved, Reference, references

SHOWN = 20  # of many lines
_COMPOSE = "compose.yaml"
_NAMED = re.compile(rb"(?m)^\s*(?:export )?COMPOSE_PROJECT_NAME=.")

_DRIVERS = {"unset": "binary", "binary": "binary", "union": "union"}
"""What aegis knows of the values of `merge` in .gitattributes."""


@dataclass(frozen=True, slots=True)
class Step:
    """One commit to be: what it says, and the stacks between which it leads.

    `command` is what to type for this step alone. `record` is what the record says, where that is
    not what is there.
    """

    subject: str
    body: str
    old: Stack | None
    new: Stack
    command: str = ""
    record: Stack | None = None

    @property
    def message(self) -> str:
        """The commit's message, trailers included."""
        said = self.record or self.old
        was = said.present if said else {}
        now = self.new.present
        touched = sorted(
            name for name in was.keys() | now.keys() if _by(was, name) != _by(now, name)
        )
        trailers = [f"Aegis-Component: {name}" for name in touched]
        trailers.append(f"Aegis-Release: {self.new.release}")
        parts = [self.subject, self.body, "\n".join(trailers)]
        return "\n\n".join(part for part in parts if part) + "\n"

    @property
    def along(self) -> tuple[str, ...]:
        """The names that come or go with it, besides those in its subject."""
        was = self.old.names if self.old else frozenset()
        named = re.split(r'[\s,"]+', self.subject)
        return tuple(sorted((was ^ self.new.names).difference(named)))


@dataclass(frozen=True, slots=True)
class FileChange:
    """A file in a commit: "added", "modified" or "deleted", and how many lines."""

    path: str
    change: str
    added: int
    removed: int


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit that was made, is planned, or awaits a person (then it has conflicts).

    `learned` are the paths of these into which `git rerere` has put a resolution that it knew,
    `along` the components that come or go with the one that the subject names.
    """

    subject: str
    id: str | None
    files: tuple[FileChange, ...]
    conflicts: tuple[Conflict, ...] = ()
    notes: tuple[Note, ...] = ()
    learned: frozenset[str] = frozenset()
    along: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Result:
    """What a verb did: commits, things to say, and the commands that are left to do.

    `dangling` are the lines that name what is no longer there, `not_applied` the changes of the
    upstream that are left out.
    """

    commits: tuple[Commit, ...] = ()
    said: tuple[str, ...] = ()
    rest: tuple[str, ...] = ()
    dry: bool = False
    dangling: tuple[Reference, ...] = ()
    not_applied: tuple[Note, ...] = ()


@dataclass(frozen=True, slots=True)
class Built:
    """A step with the repository's trees before and after it, not landed yet."""

    step: Step
    before: pygit2.Oid
    after: pygit2.Oid
    outcome: Outcome
    moved: Moves = field(default_factory=Moves)


def perform(
    bench: Bench,
    there: Project,
    steps: Sequence[Step],
    said: Iterable[str],
    *,
    dry: bool,
    relock: bool,
    strict: bool = False,
) -> Result:
    """Build the steps in the scratch store, then land them: all, or up to the first conflict.

    Raises:
        Refused: the result is not as it should be, and the user wants it `strict`.
    """
    if not steps:
        return Result(said=tuple(said), dry=dry)
    built: list[Built] = []
    told = list(said)
    root = there.repo[there.head].peel(pygit2.Tree).id
    for step in steps:
        made, more = _build(bench, there, step, root, relock)
        told += more
        built.append(made)
        root = made.after
        if isinstance(made.outcome, Conflicted):
            guard.places(bench.store, made.outcome)
            break
    rest = tuple(step.command for step in steps[len(built) :])
    checked = _checked(bench, there, built, Result(said=tuple(told), rest=rest, dry=dry))
    if strict:
        _refuse_unresolved(checked)
    if all(isinstance(made.outcome, Unchanged) for made in built):
        told.append("nothing changes: what you deleted stays deleted")
        return replace(checked, said=tuple(told), rest=())
    return replace(checked, commits=_land(bench, there, built, dry))


def _checked(bench: Bench, there: Project, built: Sequence[Built], result: Result) -> Result:
    """The result, with what its lines name that is not there, and what is not applied."""
    first, last = built[0], built[-1]
    assert first.step.old is not None
    moved: dict[str, str] = {}
    parts: dict[str, str] = {}
    for made in built:
        moved |= made.moved.files
        parts |= {part: path for path, each in made.moved.parts.items() for part in each}
    left = last.outcome.conflicts if isinstance(last.outcome, Conflicted) else ()
    evolved = Evolved(
        bench.store,
        there.root,
        str(there.head),
        head=_inside(bench.store, there, first.before),
        old=bench.pristine(first.step.old),
        new=bench.pristine(last.step.new),
        result=_inside(bench.store, there, last.after),
        moved=moved,
        was={place: path for path, place in moved.items()} | parts,
        unsettled={conflict.path for conflict in left},
    )
    notes = [note for made in built for note in made.outcome.notes if not note.applied]
    not_applied = tuple(dict.fromkeys(notes))
    return replace(result, dangling=tuple(references(evolved)), not_applied=not_applied)


def _refuse_unresolved(result: Result) -> None:
    lines = [str(each) for each in result.dangling]
    changes = [f"{note.path}: {note.text}" for note in result.not_applied]
    count = " and ".join(
        f"{len(found)} {what}{'s' * (len(found) != 1)}"
        for what, found in (("unresolved reference", lines), ("left-out change", changes))
        if found
    )
    if count:
        raise Refused(
            f"the result would have {count}",
            where=", ".join([*lines, *changes][:SHOWN]),
            next="change these and commit, or leave out --strict",
        )


def _build(
    bench: Bench, there: Project, step: Step, root: pygit2.Oid, relock: bool
) -> tuple[Built, list[str]]:
    assert step.old is not None
    store = bench.store
    tree = _inside(store, there, root)
    old, new = bench.pristine(step.old), bench.pristine(step.new)
    if step.record:
        old = recorded(store, old, step.record)
    attributes = _attributes(there, trees.changed(store, old, new))
    plan = Plan(
        head=tree,
        old=old,
        new=new,
        record=step.new,
        yours=yours.lines(bench, there, step.old, step.new),
        brought=yours.brought(bench, step.new, step.new.names - step.old.names),
        drivers={path: _DRIVERS[name] for path, name in attributes.items() if name in _DRIVERS},
        moved=yours.moved(bench, there, tree, old, new),
        ignorecase=project.ignores_case(there.repo),
    )
    outcome = evolve(store, plan)
    if isinstance(outcome, Conflicted):
        outcome = recall(bench, there, plan, outcome)
    if isinstance(outcome, Unchanged):
        said = [f"{note.path}: {note.text}" for note in outcome.notes if note.applied]
        return Built(step, root, root, outcome), said
    after = _whole(store, there, root, outcome.tree)
    stuck = outcome.conflicts if isinstance(outcome, Conflicted) else ()
    edits, notes = uvlock.follow(
        *(store, root, after, there.prefix),
        unsettled=any(conflict.path == uvlock.PYPROJECT for conflict in stuck),
        why_not="there are conflicts" if stuck else "" if relock else "--no-lock",
    )
    place = plan.moved.files.get(_COMPOSE, _COMPOSE) if plan.moved else _COMPOSE
    notes += _not_run(store, there, plan, attributes)
    notes += _of_compose(store, there, (tree, outcome.tree), place)
    outcome = replace(outcome, notes=(*outcome.notes, *notes))
    return Built(step, root, trees.replace(store, after, edits), outcome, plan.moved or Moves()), []


def _of_compose(
    store: pygit2.Repository, there: Project, sides: tuple[pygit2.Oid, pygit2.Oid], place: str
) -> list[Note]:
    """What to know of the Compose file before it runs again, if it changed."""
    before, after = sides
    if trees.lookup(store, before, place) == trees.lookup(store, after, place):
        return []
    was, now = (compose.project(partial(trees.read, store, tree), place) for tree in sides)
    settings = there.root / ".env"
    if was and settings.is_file() and _NAMED.search(settings.read_bytes()):
        was = replace(was, name="")  # it goes before what the file says
    return [Note(path or place, text) for path, text in compose.warnings(was, now)]


def _attributes(there: Project, paths: Iterable[str]) -> dict[str, str]:
    """What .gitattributes say of `merge`, by path."""
    wholes = {project.within(there.prefix, path): path for path in paths}
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


def _land(
    bench: Bench,
    there: Project,
    built: Sequence[Built],
    dry: bool,
) -> tuple[Commit, ...]:
    store, repo = bench.store, there.repo
    root = repo[there.head].peel(pygit2.Tree).id
    clean = [made for made in built if isinstance(made.outcome, Clean)]
    stuck = next((made for made in built if isinstance(made.outcome, Conflicted)), None)
    drafts = [Draft(made.step.message, made.after) for made in clean]
    pick = _pick(store, there, stuck) if stuck else None
    seen = guard.files(repo, store, root, pick.worktree if pick else drafts[-1].tree, pick)
    if pick:
        guard.index(repo)
    if not land.author(there.root):
        raise Refused(
            "git does not know who you are",
            where=str(there.root),
            next='git config user.name "…" && git config user.email "…"',
        )
    ids: list[str] = []
    learned: list[str] = []
    if not dry:
        assert there.held is not None
        ids = land.land(repo, store, there.head, drafts, pick, seen=seen, held=there.held)
        learned = land.rerere(repo, pick.stages, there.held) if pick else []
    made_ids: list[str | None] = [*ids] if ids else [None] * len(clean)
    shown = [_shown(store, there, made, oid) for made, oid in zip(clean, made_ids, strict=True)]
    if stuck:
        prefix = project.within(there.prefix, "")
        paths = frozenset(path.removeprefix(prefix) for path in learned)
        shown.append(replace(_shown(store, there, stuck, None), learned=paths))
    return tuple(shown)


def _pick(store: pygit2.Repository, there: Project, stuck: Built) -> Pick:
    """A conflict, as git is to have it."""
    assert isinstance(stuck.outcome, Conflicted)
    conflicts = {project.within(there.prefix, one.path): one for one in stuck.outcome.conflicts}
    marked = {path: item.marked for path, item in conflicts.items() if item.marked}
    worktree = trees.replace(store, stuck.after, marked)
    sides = {path: item.sides for path, item in conflicts.items()}
    stages = {path: (each.base, each.ours, each.theirs) for path, each in sides.items()}
    return Pick(Draft(stuck.step.message, stuck.after), worktree, stages)


def _whole(
    store: pygit2.Repository, there: Project, root: pygit2.Oid, tree: pygit2.Oid
) -> pygit2.Oid:
    """The repository's tree with the project's in its place."""
    if not there.prefix:
        return tree
    return trees.graft(store, root, there.prefix, tree)


def _inside(store: pygit2.Repository, there: Project, root: pygit2.Oid) -> pygit2.Oid:
    """The project's tree in the repository's."""
    tree = trees.subtree(store, root, there.prefix)
    assert tree is not None
    return tree


def _shown(store: pygit2.Repository, there: Project, made: Built, oid: str | None) -> Commit:
    outcome = made.outcome
    assert not isinstance(outcome, Unchanged)
    conflicts = outcome.conflicts if isinstance(outcome, Conflicted) else ()
    files = changes(store, made.before, made.after, there.prefix)
    along = made.step.along
    return Commit(made.step.subject, oid, files, conflicts, outcome.notes, along=along)


def changes(
    store: pygit2.Repository, old: pygit2.Oid, new: pygit2.Oid, prefix: str = ""
) -> tuple[FileChange, ...]:
    """The files that differ between two trees, as `prefix` sees them, with counts of lines."""
    found = []
    for patch in store.diff(old, new):
        if patch is None:
            continue
        _, added, removed = patch.line_stats
        word = {"A": "added", "D": "deleted"}.get(patch.delta.status_char(), "modified")
        path = posixpath.relpath(patch.delta.new_file.path, prefix or ".")
        found.append(FileChange(path, word, added, removed))
    return tuple(found)


def _by(present: Mapping[str, stack.Presence], name: str) -> str | None:
    return present[name].by if name in present else None
