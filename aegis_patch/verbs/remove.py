"""`aegis remove`: take out a component, and the requirements only it had."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from aegis_patch.errors import Refused, in_words
from aegis_patch.history import record_log
from aegis_patch.project.find import Project
from aegis_patch.stack import requirements, stack
from aegis_patch.stack.component import Catalogue
from aegis_patch.stack.release import Upstream
from aegis_patch.stack.stack import Stack
from aegis_patch.upstream.workbench import Bench
from aegis_patch.verbs import naming, opening
from aegis_patch.verbs.naming import Naming
from aegis_patch.verbs.opening import open_project
from aegis_patch.verbs.perform import perform
from aegis_patch.verbs.relied_on import relied_on
from aegis_patch.verbs.step import Mode, Result, Step

_REMOVE = Naming(
    "aegis status",
    lambda names: f"Which one? `aegis remove {'` or `aegis remove '.join(names)}`",
    "aegis status",
)


def remove(where: Path, wanted: Sequence[str], mode: Mode) -> Result:
    """Remove components, each with the requirements only it had; edits stay."""
    with open_project(where) as (bench, there):
        opened = opening.release_of(bench, there.stack)
        known = naming.chosen(bench, opened, wanted, _REMOVE)
        steps, said = _removals(bench, opened, there, known)
        return perform(bench, there, steps, said, mode)


def _removals(
    bench: Bench, opened: Upstream, there: Project, chosen: Sequence[str]
) -> tuple[list[Step], tuple[str, ...]]:
    known = opened.catalogue
    said = [
        f"{name} isn't installed; nothing to remove"
        for name in chosen
        if name not in there.stack.present
    ]
    going = [name for name in reversed(chosen) if name in there.stack.present]
    _refuse_needed(known, there.stack, going)
    steps: list[Step] = []
    at = there.stack
    for name in going:
        if name not in at.present:
            continue
        used = relied_on(bench, there, known, at, name, going)
        said += [f"{need} is kept, and is now listed as your choice: {why}" for need, why in used]
        new = stack.remove(at, known, name, dict(used))
        why = _why_removed(there, name, said)
        steps.append(Step(f'Revert "Add {name}"', why, at, new, f"aegis remove {name}"))
        at = new
    return steps, tuple(said)


def _refuse_needed(known: Catalogue, there: Stack, going: Sequence[str]) -> None:
    """Refuse to take away what another component needs, unless that goes too."""
    for name in going:
        users = requirements.dependants(known, name, there.names)
        users = tuple(user for user in users if user not in going)
        if users:
            verb = "depends" if len(users) == 1 else "depend"
            raise Refused(
                f"Can't remove {name}: {in_words(users)} {verb} on it.",
                next=f"aegis remove {' '.join([*users, name])}",
            )


def _why_removed(there: Project, name: str, said: list[str]) -> str:
    commit = record_log.gained(there, name)
    if commit is None:
        said.append(f"this history has no commit that added {name}")
        return ""
    return f"This reverts commit {commit.id}."
