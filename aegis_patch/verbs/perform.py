"""Steps are built, then landed: all of them, or up to the first conflict."""

from __future__ import annotations

import posixpath
import shlex
from collections.abc import Iterable, Sequence
from dataclasses import replace

import pygit2

from aegis_patch.errors import Refused
from aegis_patch.history import conflict_origins
from aegis_patch.history.missing_names import Evolved
from aegis_patch.history.unresolved import references
from aegis_patch.landing import land, preconditions
from aegis_patch.landing.land import Draft, Pick
from aegis_patch.merge import renames
from aegis_patch.merge.file_content import Reason
from aegis_patch.merge.outcome import Clean, Conflicted, Unchanged
from aegis_patch.objects import trees
from aegis_patch.project import repository
from aegis_patch.project.find import Project
from aegis_patch.upstream.workbench import Bench
from aegis_patch.verbs import build
from aegis_patch.verbs.build import Built
from aegis_patch.verbs.step import Commit, FileChange, Result, Step

SHOWN = 20  # of many lines


def _build_and_land(
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
        made, more = build.build(bench, there, step, root, relock)
        told += more
        built.append(made)
        root = made.after
        if isinstance(made.outcome, Conflicted):
            _refuse_taken(bench.store, made.outcome)
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
        head=build.inside(bench.store, there, first.before),
        old=bench.pristine(first.step.old),
        new=bench.pristine(last.step.new),
        result=build.inside(bench.store, there, last.after),
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
    seen = preconditions.files(repo, store, root, pick.worktree if pick else drafts[-1].tree, pick)
    if pick:
        preconditions.index(repo)
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
        prefix = repository.within(there.prefix, "")
        paths = frozenset(path.removeprefix(prefix) for path in learned)
        shown.append(replace(_shown(store, there, stuck, None), learned=paths))
    return tuple(shown)


def _pick(store: pygit2.Repository, there: Project, stuck: Built) -> Pick:
    """A conflict, as git is to have it."""
    assert isinstance(stuck.outcome, Conflicted)
    conflicts = {repository.within(there.prefix, one.path): one for one in stuck.outcome.conflicts}
    marked = {path: item.marked for path, item in conflicts.items() if item.marked}
    worktree = trees.replace(store, stuck.after, marked)
    sides = {path: item.sides for path, item in conflicts.items()}
    stages = {path: (each.base, each.ours, each.theirs) for path, each in sides.items()}
    return Pick(Draft(stuck.step.message, stuck.after), worktree, stages)


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


def perform(
    bench: Bench,
    there: Project,
    todo: Sequence[Step],
    said: Iterable[str],
    *,
    dry: bool,
    relock: bool,
    strict: bool = False,
) -> Result:
    """Build and land the steps; conflicts come with who meets whom, which costs only then."""
    result = _build_and_land(bench, there, todo, said, dry=dry, relock=relock, strict=strict)
    commits = tuple(_explained(bench, there, todo, commit) for commit in result.commits)
    return replace(result, commits=commits)


def _explained(bench: Bench, there: Project, todo: Sequence[Step], commit: Commit) -> Commit:
    step = next((step for step in todo if step.subject == commit.subject), None)
    if not commit.conflicts or step is None or step.old is None:
        return commit
    conflicts = [
        replace(
            conflict,
            met=tuple(conflict_origins.meetings(bench, there, step.old, step.new, conflict)),
        )
        for conflict in commit.conflicts
    ]
    return replace(commit, conflicts=tuple(conflicts))


def _refuse_taken(store: pygit2.Repository, outcome: Conflicted) -> None:
    """Refuse where a file of the user's is at the path of a directory that is to come.

    As a conflict it would be one for each file below, and all of them the same.

    Raises:
        Refused: something in git (a file, a link, a submodule) is at such a path.
    """
    wanted = {each.path for each in outcome.conflicts if each.reason is Reason.KIND}
    above = {parent for path in wanted for parent in renames.above(path)}
    taken = sorted(path for path in above if trees.lookup(store, outcome.tree, path))
    if taken:
        files = "a file of yours is" if len(taken) == 1 else "files of yours are"
        raise Refused(
            f"{files} where a directory has to come",
            where=", ".join(taken),
            next=f"git mv {shlex.quote(taken[0])} ELSEWHERE && git commit -m 'Make room'",
        )
