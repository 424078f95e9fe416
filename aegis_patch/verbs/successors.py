"""The names of a project's components at another release, newer or older.

A component may have another name there, be several, or be part of the core. The latter is known by
its files, if all of them are at the same paths.
"""

from __future__ import annotations

from collections.abc import Callable

from aegis_patch.errors import in_words
from aegis_patch.stack import component
from aegis_patch.stack.component import Catalogue, Component
from aegis_patch.stack.release import Upstream
from aegis_patch.stack.stack import Presence, Stack


def follow(
    old: Stack, known: Catalogue, then: Upstream, now: Upstream, has: Callable[[str], bool]
) -> tuple[Stack, list[tuple[list[str], str]]]:
    """The stack under the names of `now`; names that it lacks stay.

    Also notes on the names that are new in the stack.

    Args:
        old: the stack, at the release `then`.
        known: the components of the stack, as they were brought.
        then: the release that the stack is at.
        now: the release that it comes to.
        has: whether the project has a file; what the user took out of the core doesn't come back.
    """
    found, said = old, list[tuple[list[str], str]]()
    for name in sorted(old.names - now.catalogue.keys()):
        others = _other_names(known[name], now.catalogue)
        if not others and not _is_in_core(known[name], now):
            continue
        for other in others:
            found = found.having(other, _kept(old.present[name], found.present.get(other)))
        found = found.without({name})
        called = f"called {in_words(others)}" if others else "part of the core"
        said.append((others, f"{name} is now {called}"))
    for name in sorted(now.catalogue.keys() - then.catalogue.keys() - found.names):
        part = now.catalogue[name]
        if not component.is_chosen(part) or _other_names(part, then.catalogue):
            continue
        if _is_in_core(part, then) and any(map(has, component.brought(part))):
            found = found.having(name, Presence(now.release, "you"))
            said.append(
                ([name], f"{name} was part of the core, and is a component in {now.release}")
            )
    return found, said


def _other_names(part: Component, catalogue: Catalogue) -> list[str]:
    later = [other for other in catalogue if part.name in catalogue[other].was]
    return later or [other for other in part.was if other in catalogue]


def _is_in_core(part: Component, upstream: Upstream) -> bool:
    """Whether a release's core has all that a component of another release brings."""
    files = component.brought(part)
    return bool(files) and all(path in upstream.base for path in files)


def _kept(was: Presence, there: Presence | None) -> Presence:
    """The presence of a name that replaces another; what the user chose stays chosen."""
    return there if there and there.by == "you" else was
