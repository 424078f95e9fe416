"""The rooms of aegis_patch and the doors between them, which the docstring of each folder names."""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tiny import ROOT

PACKAGE = ROOT / "aegis_patch"
OUTSIDE = {"", "errors", "progress", "values", "__main__"}  # of the rooms; the package itself is ""
INPUT_AND_OUTPUT = {
    *("asyncio", "fcntl", "glob", "io", "os", "pathlib", "requests", "shutil", "signal", "socket"),
    *("sqlite3", "tempfile", "threading", "time", "urllib", "webbrowser"),
}
EFFECTS = {"copier", "typer", "subprocess"}
SCRATCH = {"fcntl", "os", "pathlib", "tempfile"}  # for the one store that is written
MOST_FLOORS = 8


@functools.cache
def modules() -> dict[str, Path]:
    """Every module by its name without the package's; of a folder, its __init__."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        name = ".".join(path.relative_to(PACKAGE).with_suffix("").parts)
        found[re.sub(r"(^|\.)__init__$", "", name)] = path
    return found


def room(name: str) -> str:
    return name.partition(".")[0]


ROOMS = sorted({room(name) for name in modules()} - OUTSIDE)


def said(name: str) -> tuple[str, set[str]]:
    """What the docstring of a room says: its kind, and the rooms that it may import."""
    text = ast.get_docstring(ast.parse((PACKAGE / name / "__init__.py").read_bytes())) or ""
    found = re.search(r"(Pure|Object-pure|Effects)\. May import: (.*)\.$", " ".join(text.split()))
    assert found, f"{name}/__init__.py does not say what it may import"
    return found[1], set(found[2].split(", ")) - {"nothing"}


@functools.cache
def imports(path: Path) -> list[str]:
    """Every module that a file imports, also late."""
    found: list[str] = []
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            found += (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            assert node.module
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                is_module = whole.removeprefix("aegis_patch.") in modules()
                found.append(whole if is_module else node.module)
    return found


def ours(path: Path) -> set[str]:
    return {name.removeprefix("aegis_patch.") for name in imports(path) if "aegis_patch." in name}


def theirs(path: Path) -> set[str]:
    return {name.partition(".")[0] for name in imports(path)}


def within(name: str) -> dict[str, Path]:
    return {each: path for each, path in modules().items() if room(each) == name}


def floors(doors: dict[str, set[str]]) -> list[set[str]]:
    """What imports nothing, what imports only that, and so on; fails where there is a circle."""
    found: list[set[str]] = []
    done: set[str] = set()
    while ready := {name for name in doors.keys() - done if doors[name] <= done}:
        found.append(ready)
        done |= ready
    assert done == doors.keys(), f"a circle among {sorted(doors.keys() - done)}"
    return found


def test_every_module_is_in_a_room() -> None:
    assert {name for name in modules() if "." not in name} == OUTSIDE | set(ROOMS)
    assert set(ROOMS) >= {each for name in ROOMS for each in said(name)[1]}


@pytest.mark.parametrize("name", ROOMS)
def test_a_room_uses_no_door_but_its_own(name: str) -> None:
    used = {room(each) for path in within(name).values() for each in ours(path)}
    assert used - OUTSIDE - {name} <= said(name)[1]


def test_the_rooms_stand_on_few_floors_and_in_no_circle() -> None:
    doors = {
        name: {room(each) for path in within(name).values() for each in ours(path)}
        - {name, "values"}  # it stands for dataclasses
        for name in (*ROOMS, "errors", "progress")
    }
    assert len(floors(doors)) <= MOST_FLOORS


def test_no_module_is_imported_in_a_circle() -> None:
    floors({name: ours(path) - {name} for name, path in modules().items()})


def test_a_folder_holds_a_docstring_and_imports_nothing() -> None:
    """So that a module costs what itself imports."""
    inits = [path for path in modules().values() if path.name == "__init__.py"]
    for path in inits:
        body = ast.parse(path.read_bytes()).body
        assert len(body) == 1 + (path.parent == PACKAGE), path  # the package has its version


@pytest.mark.parametrize("name", ROOMS)
def test_the_inner_rooms_have_no_effects(name: str) -> None:
    forbidden = {
        "Pure": EFFECTS | INPUT_AND_OUTPUT | {"pygit2"},
        "Object-pure": EFFECTS | INPUT_AND_OUTPUT,
        "Effects": set[str](),
    }
    for each, path in within(name).items():
        allowed = SCRATCH if each == "objects.scratch" else set[str]()
        assert not theirs(path) & forbidden[said(name)[0]] - allowed, each


def test_what_is_pure_is_not_for_the_docstrings_to_choose() -> None:
    kinds = {name: said(name)[0] for name in ROOMS}
    assert kinds["formats"] == "Pure"
    assert {kinds[name] for name in ("objects", "stack", "merge")} == {"Object-pure"}


def test_copier_asks_for_the_identity_and_the_terminal_alone_has_typer() -> None:
    users = {
        what: {name for name, path in modules().items() if what in theirs(path)}
        for what in ("copier", "typer", "questionary")
    }
    assert users["copier"] == {"upstream.identity_files"}
    assert {room(name) for name in users["typer"] | users["questionary"]} == {"terminal"}


def test_a_verb_never_loads_what_is_for_maintainers() -> None:
    users = {
        name
        for name, path in modules().items()
        if any(room(each) == "maintain" for each in ours(path))
    }
    about_upstreams = {"commands.series", "commands.upstream", "upstream_output"}
    users = {name for name in users if room(name) != "maintain"}
    assert users == {f"terminal.{name}" for name in about_upstreams}


def test_a_module_is_read_in_one_sitting() -> None:
    lines = {name: len(path.read_text().splitlines()) for name, path in modules().items()}
    assert {name: count for name, count in lines.items() if count > 600} == {}


def test_everything_public_says_what_it_does() -> None:
    for name, path in modules().items():
        tree = ast.parse(path.read_bytes())
        silent = [each.name for each in public(tree) if not ast.get_docstring(each)]
        assert ast.get_docstring(tree), name
        assert silent == [], name


def public(tree: ast.Module | ast.ClassDef) -> Iterator[ast.FunctionDef | ast.ClassDef]:
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            yield node
            if isinstance(node, ast.ClassDef):
                yield from public(node)
