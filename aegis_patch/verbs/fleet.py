"""`aegis fleet`: look at many projects, or update them; none stops the others.

Each runs in a process of its own, made by fork. What they share, their releases and pristine trees,
is read and computed before.
"""

from __future__ import annotations

import gc
import json
import os
import shlex
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pygit2

from aegis_patch.errors import AegisError, Refused, Usage, in_words
from aegis_patch.objects.trees import Tree
from aegis_patch.project import find, git, repository
from aegis_patch.project.find import Project
from aegis_patch.stack import pristine, requirements
from aegis_patch.stack.record import RECORD
from aegis_patch.stack.stack import Stack
from aegis_patch.upstream import fork, releases, workbench
from aegis_patch.upstream.workbench import Bench
from aegis_patch.values import asdict, dataclass, replace
from aegis_patch.verbs import rebase_upstream
from aegis_patch.verbs import status as look
from aegis_patch.verbs.step import Mode, Result

UPDATED, CURRENT, BEHIND = "updated", "current", "behind"
_MOST = 5  # leftovers that a line names
CONFLICTS, REFUSED, FAILED = "conflicts", "refused", "failed"


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome for a project: one of the words above, and a sentence.

    `next` is what to type there, if it needs a person.
    """

    path: str
    outcome: str
    what: str
    next: str = ""


_Work = Callable[[Path], Outcome]


def status(places: Sequence[Path]) -> Iterator[Outcome]:
    """Look at each project, as `aegis status` does."""
    return _each(places, None, _status)


def update(places: Sequence[Path], to: str | None, branch: str, mode: Mode) -> Iterator[Outcome]:
    """Update each project to another release; one with conflicts stays as it is.

    With a `branch`, each update is left on a new branch, and no file on disk changes.
    """
    whole = replace(mode, whole=True, branch=branch)
    if branch:
        _refuse_no_name(branch)

    def work(place: Path) -> Outcome:
        made = _made_before(place, to, whole) if branch else None
        return made or _told(place, rebase_upstream.rebase(place, to, whole))

    return _each(places, to, work)


def _status(place: Path) -> Outcome:
    found = look.status(place)
    if needs := [*found.unfinished, *found.inconsistencies]:
        return Outcome(str(place), REFUSED, needs[0].what, needs[0].next)
    at = f"{found.stack.label}, {len(found.changed)} of its files changed"
    if found.behind:
        return Outcome(str(place), BEHIND, f"{found.latest} is available; {at}")
    if found.stack.release not in (found.latest, releases.WORK):
        at += f"; the upstream's newest release is {found.latest}"
    return Outcome(str(place), CURRENT, at)


def _told(place: Path, done: Result) -> Outcome:
    """What an update made, or would make."""
    conflicts = [each.path for commit in done.commits for each in commit.conflicts]
    if conflicts:
        what = f"conflicts in {', '.join(conflicts)}"
        return Outcome(str(place), CONFLICTS, what, "aegis rebase-upstream")
    if not done.commits:
        return Outcome(str(place), CURRENT, "; ".join(done.said), done.next)
    notes = [note.text for note in done.update_notes]
    sentences = [done.commits[0].subject, *notes, *_leftovers(done)]
    what = ". ".join(each.removesuffix(".") for each in sentences)
    return Outcome(str(place), UPDATED, f"would {what[0].lower()}{what[1:]}" if done.dry else what)


def _leftovers(done: Result) -> Iterator[str]:
    """The lines that refer to something removed, and the paths of changes that were left out."""
    if broken := [*map(str, done.broken)]:
        yield in_words(broken, most=_MOST)
    if done.not_applied:
        yield f"Not applied: {in_words([note.path for note in done.not_applied], most=_MOST)}"


def _refuse_no_name(branch: str) -> None:
    try:
        git.run(Path(), "check-ref-format", "--branch", branch)
    except Refused as error:
        next = "Which name instead? `aegis fleet update --branch NAME`"
        raise Usage(f"{branch!r} isn't a name for a branch.", next=next) from error


def _made_before(place: Path, to: str | None, mode: Mode) -> Outcome | None:
    """The outcome for a project that already has the branch; None if it hasn't.

    Raises:
        Refused: it is no update of what is checked out.
    """
    there, branch = find.find(place), mode.branch
    if not there.repo.branches.local.get(branch):
        return None
    planned = _told(place, rebase_upstream.rebase(place, to, replace(mode, dry=True, verify="")))
    if planned.outcome == CURRENT:
        return planned
    if _is_updated(there, branch, to):
        return Outcome(str(place), CURRENT, f"{branch} has the update already")
    name = shlex.quote(branch)
    next = f"Rename it, or choose another name? `git branch --move -- {name} {name}.old`"
    next += " or `aegis fleet update . --branch NAME`"
    raise Refused(f"Branch {branch} already exists.", next=next)


def _is_updated(there: Project, branch: str, to: str | None) -> bool:
    """Whether a branch is one update ahead of what is checked out, as an earlier run left it.

    It may be the branch of another project in the repository.
    """
    tip = there.repo.branches.local[branch].peel(pygit2.Commit)
    at = f"\nAegis-Release: {_release(there.stack, to)}\n"
    is_ours = Tree(there.repo, tip.tree.id).read(there.record_path) != there.tree.read(RECORD)
    return is_ours and tip.parent_ids == [there.head] and at in tip.message


def _release(stack: Stack, to: str | None) -> str:
    """The release that a stack is to be updated to."""
    return fork.version(to) if to else releases.latest(stack.url, stack.release)


def _each(places: Sequence[Path], to: str | None, work: _Work) -> Iterator[Outcome]:
    """The outcome for each project, in the order in which they are done."""
    with workbench.shared() as bench:
        try:
            _warm(bench, places, to)
            yield from _forked(places, work, Path(bench.store.path))
        finally:
            fork.asked.clear()


def _warm(bench: Bench, places: Sequence[Path], to: str | None) -> None:
    """Ask each upstream once, and compute the trees that the projects share."""
    known = set[tuple[Any, ...]]()
    for place in places:
        gc.collect(0)  # of a repository that was opened before, which is in circles
        with suppress(Exception):  # its own process says it
            there = find.find(place).stack
            key = (there.url, there.release, there.commit, there.names)
            if key in known:
                continue
            known.add(key)
            if there.url != releases.BUNDLED and there.url not in fork.asked:
                fork.releases(there.url, fresh=True)
                fork.asked.add(there.url)
            old = bench.at(there, there.release)
            pristine.fold(old, there.names)
            new = bench.open(there.url, _release(there, to))
            names = requirements.closure(new.catalogue, there.names & new.catalogue.keys())
            pristine.fold(new, names)


def _forked(places: Sequence[Path], work: _Work, answers: Path) -> Iterator[Outcome]:
    """Do the work of each place in a process of its own, a few at a time."""
    waiting, running = list(enumerate(places)), dict[int, tuple[int, Path]]()
    try:
        while waiting or running:
            while waiting and len(running) < (os.cpu_count() or 1):
                number, place = waiting.pop(0)
                if not (child := os.fork()):
                    _in_child(place, work, answers / f"answer-{number}")
                running[child] = (number, place)
            child, code = os.wait()
            if child in running:
                number, place = running.pop(child)
                yield _answer(place, answers / f"answer-{number}", code)
    finally:
        for child in running:  # of whoever is interrupted
            with suppress(OSError):
                os.kill(child, signal.SIGTERM)
        for child in running:
            with suppress(OSError):
                os.waitpid(child, 0)


def _in_child(place: Path, work: _Work, answer: Path) -> None:
    """Write the outcome for a project into a file, and end; never returns."""
    code = 1
    signal.signal(signal.SIGINT, lambda *_: None)  # whoever gets it ends us
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        for stream in (1, 2):  # of git, uv and `--verify`
            os.dup2(nowhere, stream)
        try:
            told = work(place)
        except (AegisError, OSError) as found:
            error = repository.of_system(found) if isinstance(found, OSError) else found
            told = Outcome(str(place), REFUSED, error.what, error.next)
        except Exception as error:
            what = f"A bug in aegis: {type(error).__name__}: {error}"
            told = Outcome(str(place), FAILED, what, "aegis status")
        answer.write_text(json.dumps(asdict(told)), encoding="utf-8", errors="backslashreplace")
        code = 0
    finally:
        os._exit(code)


def _answer(place: Path, answer: Path, code: int) -> Outcome:
    if code == 0 and answer.exists():
        return Outcome(**json.loads(answer.read_text(encoding="utf-8")))
    what = f"aegis ended there with {os.waitstatus_to_exitcode(code)}"
    return Outcome(str(place), FAILED, what, "aegis status")
