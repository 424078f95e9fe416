"""Finds what is missing or wrong in the update notes of a release."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Collection, Iterator

from aegis_patch.formats import bounded_parsers
from aegis_patch.maintain.problem import Problem
from aegis_patch.objects.trees import Tree
from aegis_patch.stack import component, pristine, requirements, update_notes
from aegis_patch.stack.release import Upstream
from aegis_patch.stack.update_notes import UpdateNote
from aegis_patch.upstream import releases

_VARIABLE = re.compile(r"(?m)^[#\s]*([A-Z][A-Z0-9_]*)=")


def breaches(old: Upstream, new: Upstream) -> Iterator[Problem]:
    """Problems in the notes of the releases after `old`, up to `new`.

    Raises:
        SeriesError: a series does not apply.
    """
    try:
        notes = releases.notes_between(old, new)
    except ValueError as error:
        where, _, what = str(error).partition(": ")
        yield _in_file(where, what)
        return
    known = {*old.catalogue, *new.catalogue}
    for note in notes:
        where = f"notes/{note.release}.toml"
        for name in sorted(set(note.components) - known):
            yield _in_file(where, f"there is no component {name!r}")
        names, both = set(note.components), old.catalogue.keys() & new.catalogue.keys()
        if note.kind == "behaviour" and names <= both and not _differ(old, new, names):
            yield _in_file(where, f"nothing changed that this could mean: {note.text}")
    lacking: dict[str, str] = {}
    for part in ("", *requirements.order(old.catalogue, old.catalogue)):
        names = {part} if part else set[str]()
        if not names or _later(part, old, new):
            for kind, name in unmentioned(old, new, notes, names):
                concerns = f'\ncomponents = ["{part}"]' if part else ""
                lacking.setdefault(name, f'[[{kind}]]\nname = "{name}"{concerns}\n')
    if lacking:
        blocks = "\n".join(lacking.values())
        what = f"gone without a note; write into notes/VERSION.toml:\n\n{blocks}"
        yield Problem("notes", what, "Which version comes next? Write it in place of VERSION")


def _in_file(where: str, what: str) -> Problem:
    return Problem(where, what, f"cat -n {shlex.quote(where)}")


def _differ(old: Upstream, new: Upstream, names: Collection[str]) -> bool:
    """Whether a project with these components differs between the two releases."""
    had, has = (requirements.closure(each.catalogue, names) for each in (old, new))
    return pristine.fold(old, had).id != pristine.fold(new, has).id


def unmentioned(
    old: Upstream, new: Upstream, notes: tuple[UpdateNote, ...], names: Collection[str]
) -> Iterator[tuple[str, str]]:
    """The settings and files that a project with these components loses without a note."""
    later = set[str]().union(*(_later(name, old, new) for name in names))
    had = requirements.closure(old.catalogue, names)
    has = requirements.closure(new.catalogue, later)
    before, after = pristine.fold(old, had), pristine.fold(new, has)
    concerning = update_notes.joined(notes, had | has)
    for kind, found in (("setting", settings), ("file", Tree.files)):
        mentioned = {note.name for note in concerning if note.kind == kind}
        for name in sorted(set(found(before)) - set(found(after))):
            above = {name[: at + 1] for at, letter in enumerate(name) if letter == "/"}
            if mentioned.isdisjoint({name, *above}):
                yield kind, name


def _later(name: str, old: Upstream, new: Upstream) -> set[str]:
    """The names that replace a component in a newer release; empty if it can't come to that."""
    if name in new.catalogue:
        return {name}
    renamed = {each for each, part in new.catalogue.items() if name in part.was}
    if renamed or component.is_chosen(old.catalogue[name]):
        return renamed
    left = [_later(each, old, new) for each in old.catalogue[name].requires]
    return set[str]().union(*left) if all(left) else set()


def settings(tree: Tree) -> set[str]:
    """The variables that a tree reads, by its `.env.example` and its settings classes."""
    found = set[str]()
    for path in tree.files():
        if path.endswith(".env.example"):
            found.update(_VARIABLE.findall(tree.read(path).decode()))
        elif path.endswith("settings.py"):
            module = bounded_parsers.python(tree.read(path))
            for node in module.body:
                if isinstance(node, ast.ClassDef):
                    found.update(_fields(node))
    return found


def _fields(node: ast.ClassDef) -> Iterator[str]:
    """The variables of a class with a base called …Settings."""
    if not any(ast.unparse(base).endswith("Settings") for base in node.bases):
        return
    prefix = re.search(r"env_prefix=['\"](\w+)", ast.unparse(node))
    for each in node.body:
        if isinstance(each, ast.AnnAssign) and isinstance(each.target, ast.Name):
            alias = re.search(r"validation_alias=['\"](\w+)", ast.unparse(each))
            yield alias[1] if alias else f"{prefix[1] if prefix else ''}{each.target.id}".upper()
