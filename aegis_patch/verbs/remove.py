"""`aegis remove`: take out a component, and the requirements only it had.

A requirement is removed too, unless that conflicts or breaks a reference. So removing it is tried
first, in the scratch store, on the project's tree.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

from aegis_patch.errors import Refused, in_words
from aegis_patch.history import record_log
from aegis_patch.project.find import Project
from aegis_patch.stack import requirements, stack
from aegis_patch.stack.component import Catalogue
from aegis_patch.stack.release import Upstream
from aegis_patch.stack.stack import Stack
from aegis_patch.upstream.workbench import Bench
from aegis_patch.verbs import build, naming, opening, perform
from aegis_patch.verbs.naming import Naming
from aegis_patch.verbs.opening import open_project
from aegis_patch.verbs.step import Mode, Result, Step

_REMOVE = Naming(
    "aegis status",
    lambda names: f"Which one? `aegis remove {'` or `aegis remove '.join(names)}`",
    "aegis status",
)
_Broken = dict[tuple[str, str], str]  # a path and what breaks in it, and how to say that


def remove(where: Path, wanted: Sequence[str], mode: Mode) -> Result:
    """Remove components, each with the requirements only it had; edits stay."""
    with open_project(where) as (bench, there):
        opened = opening.release_of(bench, there.stack)
        known = naming.chosen(bench, opened, wanted, _REMOVE)
        steps, said = _removals(bench, opened, there, known)
        return perform.perform(bench, there, steps, said, mode)


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
        used = _relied_on(bench, there, known, at, name, going)
        said += [f"{need} is kept, and is now listed as your choice: {why}" for need, why in used]
        new = stack.remove(at, known, name, dict(used))
        gone = sorted(at.names - new.names)
        said += [f"{each}: {known[each].left}" for each in gone if known[each].left]
        why = _why_removed(there, name, said)
        steps.append(Step(f'Revert "Add {name}"', why, at, new, f"aegis remove {name}"))
        at = new
    return steps, tuple(said)


def _relied_on(
    bench: Bench, there: Project, known: Catalogue, at: Stack, name: str, going: Collection[str]
) -> list[tuple[str, str]]:
    """The requirements of a component that stay when it is removed, each with what would break."""
    orphans = [need for need in stack.orphans(at, known, name) if need not in going]

    def breaks(keep: Iterable[str]) -> _Broken:
        return _broken(bench, there, stack.remove(at, known, name, keep))

    if not orphans or not breaks(()):
        return []
    anyway = breaks(orphans).keys()
    kept: list[tuple[str, str]] = []
    undecided = list(requirements.order(known, orphans))
    while undecided:
        need = undecided.pop()  # what needs others goes before them
        broken = breaks([*undecided, *(other for other, _ in kept)])
        why = sorted(broken[each] for each in broken.keys() - anyway)
        if why:
            kept.append((need, why[0]))
    return kept


def _broken(bench: Bench, there: Project, new: Stack) -> _Broken:
    """The conflicts and broken references on the way from the project's tree to a stack."""
    step = Step("", "", there.stack, new)
    built = build.build(bench, there, step, build.whole_tree(bench, there), relock=False)
    broken = {(each.path, ""): f"you changed {each.path}" for each in built.conflicts}
    for each in perform.dangling(bench, there, [built]):
        where = f"{each.path}:{each.line}"
        comes = f"without it, {where} would use {each.name}, which doesn't exist here"
        broken.setdefault((each.path, each.name), comes if each.comes else str(each))
    return broken


def _refuse_needed(known: Catalogue, there: Stack, going: Sequence[str]) -> None:
    """Refuse to remove what another component needs, unless that is removed too."""
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
