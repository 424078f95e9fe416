"""A stack is a value: a release, the answers and the installed components.

Every verb is a function from stack to stack; `aegis.toml` is a stack's record.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Literal

from aegis_patch.stack.component import Catalogue, is_chosen
from aegis_patch.stack.requirements import closure, required
from aegis_patch.values import dataclass, replace

CORE = "core"
By = Literal["you", "need"]
Yours = frozenset[tuple[str, str]]
WHOLE = ""


def by_path(yours: Yours) -> dict[str, set[str]]:
    """The lines of each path."""
    found: dict[str, set[str]] = {}
    for path, line in sorted(yours):
        found.setdefault(path, set()).add(line)
    return found


@dataclass(frozen=True, slots=True)
class Presence:
    """A component that is present: its release, and who asked for it."""

    release: str
    by: By


@dataclass(frozen=True, slots=True)
class Stack:
    """A release of an upstream, the answers, and the names that are present.

    `present` holds every name, integrations included; the core is always there and isn't listed.
    `yours` holds the (path, line) pairs that the user had written before a component brought the
    same; the line of a whole file is WHOLE.
    """

    url: str
    release: str
    commit: str
    answers: Mapping[str, str]
    present: Mapping[str, Presence]
    yours: Yours = frozenset()

    @property
    def title(self) -> str:
        """The upstream, as people call it: the last word of its URL."""
        words = re.split("[/:]", self.url.rstrip("/").removesuffix("/.git"))
        return " ".join(words[-1].removesuffix(".git").split())  # it stands in a commit's subject

    @property
    def label(self) -> str:
        """The upstream and its release, as people call them."""
        return f"{self.title} {self.release}"

    @property
    def names(self) -> frozenset[str]:
        """Every present name."""
        return frozenset(self.present)

    def having(self, name: str, there: Presence) -> Stack:
        """The stack with one more name, as in a record; without its closure."""
        return replace(self, present={**self.present, name: there})

    def without(self, names: Collection[str]) -> Stack:
        """The stack without some names, as in a record; without its closure."""
        left = {name: by for name, by in self.present.items() if name not in names}
        return replace(self, present=left)

    def chosen(self) -> frozenset[str]:
        """The names that the user asked for."""
        return frozenset(name for name, there in self.present.items() if there.by == "you")


def add(stack: Stack, catalogue: Catalogue, name: str) -> Stack:
    """The stack with `name`, its requirements, and the integrations of all these."""
    return _closed(stack, catalogue, stack.names | {name}, stack.chosen() | {name})


def remove(stack: Stack, catalogue: Catalogue, name: str, keep: Iterable[str] = ()) -> Stack:
    """The stack without `name`, its variants, their own requirements and the integrations of these.

    A requirement in `keep` stays, and becomes the user's choice.
    """
    kept = frozenset(keep)
    gone = _with_variants(stack, catalogue, name) | frozenset(orphans(stack, catalogue, name))
    names = stack.names - (gone - kept)
    return _closed(stack, catalogue, names, (stack.chosen() | kept) & names)


def orphans(stack: Stack, catalogue: Catalogue, name: str) -> tuple[str, ...]:
    """The requirements that only `name` and its variants need."""
    leaving = gone = _with_variants(stack, catalogue, name)
    needed = required(catalogue, leaving) & stack.names
    while True:
        still = _needed(catalogue, stack.names - gone)
        left_over = needed - gone - still - stack.chosen()
        if not left_over:
            return tuple(sorted(gone - leaving))
        gone |= left_over


def rebase(stack: Stack, catalogue: Catalogue, url: str, release: str, commit: str) -> Stack:
    """The closure of the stack at another release; what nothing requires there counts as chosen."""
    moved = replace(stack, url=url, release=release, commit=commit)
    unneeded = stack.names - _needed(catalogue, closure(catalogue, stack.names))
    left_over = {name for name in unneeded if is_chosen(catalogue[name])}
    return _closed(moved, catalogue, stack.names, stack.chosen() | left_over)


def closed(stack: Stack, catalogue: Catalogue) -> Stack:
    """The closure of a stack at its own release."""
    return rebase(stack, catalogue, stack.url, stack.release, stack.commit)


def answer(stack: Stack, answers: Mapping[str, str]) -> Stack:
    """The stack with other answers."""
    return replace(stack, answers={**stack.answers, **answers})


def _closed(
    stack: Stack, catalogue: Catalogue, names: Iterable[str], chosen: frozenset[str]
) -> Stack:
    seeds = filter(lambda name: is_chosen(catalogue[name]), names)
    present = {
        name: Presence(stack.release, "you" if name in chosen else "need")
        for name in sorted(closure(catalogue, seeds))
    }
    return replace(stack, present=present)


def _with_variants(stack: Stack, catalogue: Catalogue, name: str) -> frozenset[str]:
    leaving = {name}
    for other in stack.names:
        if catalogue[other].kind == "variant" and name in required(catalogue, [other]):
            leaving.add(other)
    return frozenset(leaving)


def _needed(catalogue: Catalogue, names: Iterable[str]) -> frozenset[str]:
    """The requirements of some components; those of integrations don't count."""
    needs = set[str]()
    for name in names:
        if is_chosen(catalogue[name]):
            needs.update(catalogue[name].requires)
    return required(catalogue, needs)
