"""How near a tree is to a stack of a release: for a project without a record."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from aegis_patch.merge.written_twice import units
from aegis_patch.objects.trees import Tree
from aegis_patch.stack import component, pristine, requirements, stack
from aegis_patch.stack.record import RECORD
from aegis_patch.stack.release import Upstream
from aegis_patch.stack.stack import Stack
from aegis_patch.upstream import identity_files
from aegis_patch.upstream.workbench import Bench
from aegis_patch.values import dataclass

NEAR = 25  # per cent of a stack's lines, to be that stack; docs and tests are half of them
THERE = 15  # per cent of a component's lines; of one that is absent, a tree has at most 3


@dataclass(frozen=True, slots=True)
class Likeness:
    """The nearest stack of a release, and how near it is.

    A tree has `held` of the `size` lines of its pristine tree, and in the same files `others`.
    `shares` says of each component of the release how much of its lines are there, in per cent.
    """

    stack: Stack
    size: int
    held: int
    others: int
    shares: Mapping[str, float]

    @property
    def share(self) -> float:
        """How many of the lines are there, in per cent."""
        return 100 * self.held / self.size

    @property
    def score(self) -> int:
        """The lines that both have, less those that only one of the two has."""
        return self.held - (self.size - self.held) - self.others


def likeness(
    bench: Bench,
    opened: Upstream,
    tree: Tree,
    suggested: Mapping[str, str],
    chosen: Iterable[str] = (),
) -> Likeness:
    """The stack of a release that is nearest to a tree.

    `suggested` are answers that the tree may not reveal, `chosen` the components to take instead of
    the ones found. Each component is judged alone, by the lines that its own series brings.
    """
    shares: dict[str, float] = {}
    for name in opened.catalogue:
        series = pristine.before(opened, name), pristine.after(opened, name)
        shares[name] = _share(tree, *series)
    answers = dict(identity_files.defaults(opened))
    for key in answers.keys() & suggested.keys():
        if not identity_files.unfit(key, suggested[key]):
            answers[key] = suggested[key]
    answers |= identity_files.recovered(opened, tree.read)
    nearest = Stack(opened.url, opened.release, opened.commit, answers, {})
    for name in chosen or _found(opened, shares):
        nearest = stack.add(nearest, opened.catalogue, name)
    size = held = others = 0
    whole = bench.pristine(nearest)
    for path in whole.files():
        if path != RECORD:
            wanted, there = units(path, whole.read(path)), units(path, tree.read(path))
            size += wanted.total()
            held += (wanted & there).total()
            others += (there - wanted).total()
    return Likeness(nearest, size, held, others, shares)


def _found(opened: Upstream, shares: Mapping[str, float]) -> list[str]:
    """The components that are there, without those that others bring along."""
    known = opened.catalogue
    found = set[str]()
    for name, share in shares.items():
        if share >= THERE and component.is_chosen(known[name]):
            found.add(name)
    brought = set[str]()
    for name in found:
        brought |= requirements.required(known, known[name].requires)
    return sorted(found - brought)


def _share(tree: Tree, less: Tree, more: Tree) -> float:
    """How much of a series' lines a tree has, in per cent."""
    size = held = 0
    for path, (was, now) in less.differences(more).items():
        own = units(path, now.data if now else b"") - units(path, was.data if was else b"")
        size += own.total()
        held += (own & units(path, tree.read(path))).total()
    return 100 * held / size if size else 0.0
