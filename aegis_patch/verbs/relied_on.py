"""Which requirements stay when the component that brought them goes.

What is there by need leaves, unless taking it away conflicts or breaks a reference. So it is tried:
in the scratch store, on the tree that is there.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from aegis_patch.project.find import Project
from aegis_patch.stack import requirements, stack
from aegis_patch.stack.component import Catalogue
from aegis_patch.stack.stack import Stack
from aegis_patch.upstream.workbench import Bench
from aegis_patch.verbs import build, perform
from aegis_patch.verbs.step import Step

_Broken = dict[tuple[str, str], str]  # a path and what breaks in it, and how to say that


def relied_on(
    bench: Bench, there: Project, known: Catalogue, at: Stack, name: str, going: Collection[str]
) -> list[tuple[str, str]]:
    """The requirements of a component that stay when it goes, each with what would break."""
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
    """What conflicts, and which references break, on the way from what is there to a stack."""
    step = Step("", "", there.stack, new)
    built = build.build(bench, there, step, build.whole_tree(bench, there), relock=False)
    broken = {(each.path, ""): f"you changed {each.path}" for each in built.conflicts}
    for each in perform.dangling(bench, there, [built]):
        broken.setdefault((each.path, each.name), str(each))
    return broken
