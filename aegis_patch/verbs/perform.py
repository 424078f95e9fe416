"""Steps → commits: each step is built in the scratch store, then all of them land at once."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from aegis_patch.errors import Refused
from aegis_patch.history.unresolved import Evolved, Reference, references
from aegis_patch.landing import journal, land, preconditions
from aegis_patch.landing.commits import Draft, Pick, files_after, refuse_nobody
from aegis_patch.merge.outcome import Clean, Conflict, Conflicted, Note, Unchanged
from aegis_patch.merge.reason import Reason
from aegis_patch.objects.trees import Tree, above
from aegis_patch.progress import doing
from aegis_patch.project import repository, uv_lock
from aegis_patch.project.find import Place, Project
from aegis_patch.upstream.workbench import Bench
from aegis_patch.values import replace
from aegis_patch.verbs import build
from aegis_patch.verbs.build import Built
from aegis_patch.verbs.step import Commit, Mode, Result, Step, file_changes, patch_text

SHOWN = 20  # of many lines


def perform(
    bench: Bench, there: Place, steps: Sequence[Step], said: Iterable[str], mode: Mode
) -> Result:
    """Build the steps, then land them: all, or up to the first conflict.

    Raises:
        Refused: it would overwrite the user's work, or the result is incomplete and the mode is
            strict.
    """
    if not steps:
        return Result(said=tuple(said), dry=mode.dry)
    with doing("Merging"):
        built = _build(bench, there, steps, relock=mode.relock)
    with doing("Looking for broken references"):
        broken = dangling(bench, there, built)
    left_out = _left_out(built)
    if mode.strict:
        _refuse_unresolved(broken, left_out)
    said = [*said, *_already_so(built)]
    rest = tuple(step.command for step in steps[len(built) :])
    if all(isinstance(made.outcome, Unchanged) for made in built):
        said.append("nothing to change: the files you deleted stay deleted")
        return Result((), tuple(said), (), mode.dry, broken, left_out)
    done = landed(bench, there, built, mode)
    said += done.said
    return replace(done, said=tuple(said), rest=rest, dangling=broken, not_applied=left_out)


def _build(bench: Bench, there: Place, steps: Sequence[Step], *, relock: bool) -> list[Built]:
    """The steps in the scratch store, each based on the one before, up to the first conflict."""
    built: list[Built] = []
    root = build.whole_tree(bench, there)
    for step in steps:
        made = build.build(bench, there, step, root, relock=relock)
        built.append(made)
        root = made.after
        if isinstance(made.outcome, Conflicted):
            _refuse_taken(made.outcome)
            break
    return built


def _refuse_taken(outcome: Conflicted) -> None:
    """Refuse a file of the user's in place of a directory that aegis needs.

    Otherwise every file below would be the same conflict.

    Raises:
        Refused: something in git (a file, a link, a submodule) is at such a path.
    """
    parents = set[str]()
    for conflict in outcome.conflicts:
        if conflict.reason is Reason.KIND:
            parents.update(above(conflict.path))
    taken = [path for path in sorted(parents) if path in outcome.tree]
    if taken:
        files = "A file of yours is" if len(taken) == 1 else "Files of yours are"
        taken_path = shlex.quote(taken[0])
        raise Refused(
            f"{files} where aegis needs a directory.",
            where=", ".join(taken),
            next=f"git mv {taken_path} {taken_path}.mine && git commit -m 'Make room'",
        )


def dangling(bench: Bench, there: Place, built: Sequence[Built]) -> tuple[Reference, ...]:
    """The lines of the result with a broken reference; a new project has none."""
    if not isinstance(there, Project):
        return ()
    first, last = built[0], built[-1]
    key = f"broken by {first.step.old} {last.step.new} {first.before} {last.after}"
    if key not in bench.merged:  # `remove` has asked before it makes the step
        bench.merged[key] = _dangling(bench, there, built)
    found: tuple[Reference, ...] = bench.merged[key]
    return found


def _dangling(bench: Bench, there: Project, built: Sequence[Built]) -> tuple[Reference, ...]:
    first, last = built[0], built[-1]
    moved: dict[str, str] = {}
    for made in built:
        moved |= made.moved.files
    evolved = Evolved(
        there.root,
        str(there.head),
        head=build.inside(there, first.before),
        old=bench.pristine(first.step.old),
        new=bench.pristine(last.step.new),
        result=build.inside(there, last.after),
        moved=moved,
        was={place: path for path, place in moved.items()},
        unsettled=[conflict.path for conflict in last.conflicts],
    )
    return tuple(references(evolved))


def _left_out(built: Sequence[Built]) -> tuple[Note, ...]:
    """The upstream's changes that the result lacks, each once."""
    found: dict[Note, None] = {}
    for made in built:
        for note in made.outcome.notes:
            if not note.applied:
                found[note] = None
    return tuple(found)


def _already_so(built: Sequence[Built]) -> list[str]:
    """Notes on steps that make no commit."""
    said = []
    for made in built:
        if isinstance(made.outcome, Unchanged):
            said += [f"{note.path}: {note.text}" for note in made.outcome.notes if note.applied]
    return said


def _refuse_unresolved(broken: Sequence[Reference], left_out: Sequence[Note]) -> None:
    shown = [*map(str, broken), *(f"{note.path}: {note.text}" for note in left_out)]
    counts = []
    for what, number in ("unresolved reference", len(broken)), ("left-out change", len(left_out)):
        if number:
            counts.append(f"{number} {what}{'s' * (number != 1)}")
    if counts:
        raise Refused(
            f"The result would have {' and '.join(counts)}.",
            where=", ".join(shown[:SHOWN]),
            next="Accept them? Run the command without --strict",
        )


def landed(bench: Bench, there: Place, built: Sequence[Built], mode: Mode) -> Result:
    """Land the built steps, unless in a dry run, which refuses for the same reasons."""
    before = built[0].before
    clean = [made for made in built if isinstance(made.outcome, Clean)]
    drafts = [Draft(made.step.message, made.after) for made in clean]
    conflicts = _explained(bench, there, built[-1])
    pick = _pick(there, built[-1], conflicts) if conflicts else None
    if pick and mode.whole:
        mode = replace(mode, dry=True)
    seen = _refuse_or_look(there, before, drafts, pick, mode)
    branch = journal.branch(there.repo)
    said = _verified(bench, there, drafts, pick, mode.verify)
    if mode.verify and not mode.branch:  # it may have taken minutes, in which the user went on
        preconditions.verb(there.repo, there.root)
        if journal.branch(there.repo) != branch:
            raise Refused(
                "You changed the branch meanwhile.",
                where=str(there.root),
                next="Which branch is it for? `git switch BRANCH`, then run this again",
            )
        seen = _refuse_or_look(there, before, drafts, pick, mode)
    commits = [_commit(there, made) for made in clean]
    if not mode.dry:
        with doing("Writing the result"):
            ids = _write(there, before, drafts, pick, seen, mode.branch)
        commits = [replace(made, id=oid) for made, oid in zip(commits, ids, strict=True)]
    if conflicts:
        commits.append(replace(_commit(there, built[-1]), conflicts=conflicts))
    patch = patch_text(before, files_after(drafts, pick)) if mode.diff else ""
    return Result(tuple(commits), said, dry=mode.dry, patch=patch, next=_next(commits))


def _verified(
    bench: Bench, there: Place, drafts: Sequence[Draft], pick: Pick | None, command: str
) -> tuple[str, ...]:
    """Refuse commits if a command fails on the last of them; sentences on what it was run on."""
    if not command:
        return ()
    said = []
    if drafts:
        from aegis_patch.landing import trial

        trial.refuse_failing(there, bench.objects, drafts[-1], command)
        of_all = f", the last of {len(drafts)} commits" if len(drafts) > 1 else ""
        said.append(f"`{command}` passed on the result{of_all}")
    if pick:
        said.append(f"`{command}` wasn't run on the conflicts: resolve them first")
    return tuple(said)


def _next(commits: Sequence[Commit]) -> str:
    """What to type after some commits, or after a conflict at their end."""
    if commits[-1].conflicts:
        return "git status"
    changed = {file.path for commit in commits for file in commit.files}
    if uv_lock.PYPROJECT in changed:
        return "uv sync"
    return f"git log --stat -{len(commits)}" if len(commits) > 1 else "git show"


def _refuse_or_look(
    there: Place, before: Tree, drafts: Sequence[Draft], pick: Pick | None, mode: Mode
) -> Mapping[str, str]:
    """Refuse what can't land; else a print of each file that will be written."""
    seen: Mapping[str, str] = {}
    if not mode.branch:
        seen = preconditions.files(there.repo, before, files_after(drafts, pick), pick)
        if pick:
            preconditions.index(there.repo)
    if there.head and mode.dry:  # else git says; and whoever starts a repository may be nobody yet
        refuse_nobody(Path(there.repo.workdir))
    return seen


def _write(
    there: Place,
    before: Tree,
    drafts: Sequence[Draft],
    pick: Pick | None,
    seen: Mapping[str, str],
    branch: str,
) -> list[str]:
    """Land commits on the current branch, or on a new one; their ids."""
    if branch and there.head:
        return land.on_branch(there.repo, there.head, before, drafts, branch)
    assert there.held is not None
    return land.land(there.repo, there.head, before, drafts, pick, seen=seen, held=there.held)


def _pick(there: Place, stuck: Built, conflicts: Iterable[Conflict]) -> Pick:
    """A conflict in the form in which git will have it."""
    marked, stages = {}, {}
    for conflict in conflicts:
        path = repository.within(there.prefix, conflict.path)
        sides = conflict.sides
        stages[path] = (sides.base, sides.ours, sides.theirs)
        if conflict.marked:
            marked[path] = conflict.marked
    worktree = stuck.after.replaced(marked)
    return Pick(Draft(stuck.step.message, stuck.after), worktree, stages)


def _commit(there: Place, made: Built) -> Commit:
    files = file_changes(made.before, made.after, there.prefix)
    step = made.step
    return Commit(step.subject, None, files, notes=made.outcome.notes, along=step.along)


def _explained(bench: Bench, there: Place, stuck: Built) -> tuple[Conflict, ...]:
    """The conflicts, with the commit and the change behind each."""
    if not (stuck.conflicts and stuck.step.old and isinstance(there, Project)):
        return stuck.conflicts
    from aegis_patch.history import conflict_view  # slow to import, and seldom needed

    old, new = stuck.step.old, stuck.step.new
    return tuple(conflict_view.shown(bench, there, old, new, each) for each in stuck.conflicts)
