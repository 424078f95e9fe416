"""`aegis add`: a commit for each component that is named."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from aegis_patch.stack import requirements, stack
from aegis_patch.stack.component import Catalogue
from aegis_patch.stack.stack import Stack
from aegis_patch.verbs import naming, opening
from aegis_patch.verbs.naming import Naming
from aegis_patch.verbs.opening import open_project
from aegis_patch.verbs.perform import perform
from aegis_patch.verbs.step import Mode, Result, Step

_ADD = Naming(
    "aegis rebase-upstream", lambda names: f"aegis add {' '.join(names)}", "aegis components"
)


def add(where: Path, wanted: Sequence[str], mode: Mode) -> Result:
    """Add components, a commit for each that is named."""
    with open_project(where) as (bench, there):
        opened = opening.release_of(bench, there.stack)
        opening.refuse_unsigned(there.root, opened, mode)
        known = naming.chosen(bench, opened, wanted, _ADD)
        steps, said = additions(opened.catalogue, there.stack, known)
        return perform(bench, there, steps, said, mode)


def additions(
    known: Catalogue, start: Stack, chosen: Sequence[str]
) -> tuple[list[Step], tuple[str, ...]]:
    """A step for each name that is missing or only there as a requirement; notes on the others."""
    steps: list[Step] = []
    said: list[str] = []
    at = start
    for name in chosen:
        new = stack.add(at, known, name)
        if new == at:
            said.append(f"{name} is already installed")
            continue
        steps.append(_addition(known, at, new, name))
        at = new
    return steps, tuple(said)


def _addition(known: Catalogue, old: Stack, new: Stack, name: str) -> Step:
    command = f"aegis add {name}"
    if name not in old.present:
        return Step(f"Add {name}", _why_added(known, old, new, name), old, new, command)
    joined = sorted(new.names - old.names)
    if joined:  # git merged a record that is not closed
        why = f"{name} needs these."
        return Step(f"Add {', '.join(joined)}", why, old, new, command)
    return Step(f"Keep {name}", "It was installed as a requirement.", old, new, command)


def _why_added(known: Catalogue, old: Stack, new: Stack, name: str) -> str:
    along = [other for other in requirements.order(known, new.names - old.names) if other != name]
    body = f"{known[name].title}: {known[name].summary}"
    return f"{body}\n\nAlso adds: {', '.join(along)}." if along else body
