"""The rooms of aegis_patch and the doors between them (docs/concepts), held by their imports."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tiny import ROOT

PACKAGE = ROOT / "aegis_patch"
PURE = {
    "errors",
    "compose",
    "documents",
    "imports",
    "marks",
    "patch",
    "component",
    "stack",
    "record",
    "merges",
    "paths",
}
KINDS = {"lines", "markdown", "python", "toml", "yaml"}
MEANS = {"blocks", "entries", "forms", "gone", "layout", "nodes", "slots", "touching", "written"}
MEANS |= {"requirements", "statements"}
PURE |= {f"merges.{each}" for each in KINDS | MEANS}
OBJECT_PURE = {"trees", "pristine", "alike", "moves", "sides", "content", "evolve"}
INPUT_AND_OUTPUT = {
    *("asyncio", "fcntl", "glob", "io", "os", "pathlib", "requests", "shutil", "signal", "socket"),
    *("sqlite3", "tempfile", "threading", "time", "urllib", "webbrowser"),
}
EFFECTS = {"copier", "typer", "rich", "subprocess"}

# cli → report, land, render → evolve → pristine → upstream → component → patch → errors
#                                          └→ trees, merges
DOORS: dict[str, set[str]] = {
    "errors": set(),
    "patch": {"errors"},
    "documents": set(),
    "component": {"documents", "errors"},
    "stack": {"component"},
    "record": {"documents", "errors", "stack"},
    "merges": {"compose", "documents"}
    | {f"merges.{kind}" for kind in KINDS | {"blocks", "forms", "statements"}},
    "merges.blocks": set(),
    **{f"merges.{kind}": {"merges.blocks"} for kind in KINDS},
    "merges.python": {"documents", "merges.blocks"},
    "merges.toml": {"documents", "merges.blocks", "merges.requirements"},
    "merges.nodes": {"merges.blocks"},
    "merges.yaml": {"merges.blocks", "merges.nodes"},
    "merges.entries": {"merges.blocks", "merges.nodes", "merges.yaml"},
    "merges.written": {"merges.blocks", "merges.entries", "merges.nodes"},
    "merges.forms": {
        f"merges.{each}" for each in ("blocks", "entries", "nodes", "written", "yaml")
    },
    "merges.touching": set(),
    "merges.gone": set(),
    "merges.slots": {"merges.touching"},
    "merges.layout": {"documents", "merges.slots", "merges.toml"},
    "merges.requirements": set(),
    "merges.statements": {"documents", "merges.blocks", "merges.layout"},
    "compose": {"documents"},
    "paths": {"compose"},
    "imports": {"documents"},
    "marks": set(),
    "trees": {"errors", "marks", "patch"},
    "fork": {"errors", "git"},
    "upstream": {"component", "errors", "fork", "patch"},
    "pristine": {"component", "errors", "patch", "record", "stack", "trees", "upstream"},
    "alike": {"trees"},
    "moves": {"alike", "trees"},
    "sides": {"alike", "moves", "trees"},
    "content": {"marks", "merges", "merges.gone", "merges.slots", "merges.touching", "trees"},
    "evolve": {
        *("content", "imports", "merges.layout", "merges.requirements", "moves", "record", "sides"),
        *("stack", "trees"),
    },
}


def modules() -> dict[str, Path]:
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        name = ".".join(path.relative_to(PACKAGE).with_suffix("").parts)
        found[name.removesuffix(".__init__")] = path
    return found


def imports(path: Path) -> Iterator[str]:
    """Every module that a file imports, also late; ours without the package's name."""
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            assert node.module
            inside = node.module in ("aegis_patch", "aegis_patch.merges")
            for alias in node.names:
                if inside and f"{node.module}.{alias.name}".partition(".")[2] in modules():
                    yield f"{node.module}.{alias.name}"
                else:
                    yield node.module


def ours(path: Path) -> set[str]:
    return {name.removeprefix("aegis_patch.") for name in imports(path) if "aegis_patch." in name}


def theirs(path: Path) -> set[str]:
    return {name.partition(".")[0] for name in imports(path)}


@pytest.mark.parametrize("name", sorted(PURE))
def test_the_pure_ring_only_computes(name: str) -> None:
    assert not theirs(modules()[name]) & (EFFECTS | INPUT_AND_OUTPUT | {"pygit2"})


@pytest.mark.parametrize("name", sorted(OBJECT_PURE))
def test_the_second_ring_writes_into_a_scratch_store_only(name: str) -> None:
    made_by_scratch = {"os", "pathlib", "tempfile"} if name == "trees" else set[str]()
    assert theirs(modules()[name]) & (EFFECTS | INPUT_AND_OUTPUT) <= made_by_scratch


@pytest.mark.parametrize("name", sorted(DOORS))
def test_doors_lead_inwards(name: str) -> None:
    assert ours(modules()[name]) <= DOORS[name]


def test_copier_is_renders_alone_and_rich_is_not_for_the_engine() -> None:
    users = {
        what: {name for name, path in modules().items() if what in theirs(path)}
        for what in ("copier", "typer", "rich")
    }
    assert users["copier"] == {"render"}
    assert users["typer"] <= {"cli"}
    assert users["rich"] <= {"cli", "report"}


def test_no_module_is_imported_in_a_circle() -> None:
    doors = {name: ours(path) - {name} for name, path in modules().items()}
    done: set[str] = set()
    while ready := {name for name in doors.keys() - done if doors[name] <= done | {""}}:
        done |= ready
    assert done == doors.keys(), doors.keys() - done


@pytest.mark.parametrize("name", sorted(modules()))
def test_a_module_is_read_in_one_sitting(name: str) -> None:
    assert len(modules()[name].read_text().splitlines()) <= 600


@pytest.mark.parametrize("name", sorted(modules()))
def test_everything_public_says_what_it_does(name: str) -> None:
    nodes = public(ast.parse(modules()[name].read_bytes()))
    assert not [node.name for node in nodes if not ast.get_docstring(node)]


def public(tree: ast.Module | ast.ClassDef) -> Iterator[ast.FunctionDef | ast.ClassDef]:
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            yield node
            if isinstance(node, ast.ClassDef):
                yield from public(node)


def test_the_command_starts_without_the_heavy_libraries() -> None:
    code = "import sys, aegis_patch.cli; print(*sorted({m.split('.')[0] for m in sys.modules}))"
    loaded = subprocess.check_output([sys.executable, "-c", code], cwd=ROOT, text=True).split()
    assert "aegis_patch" in loaded
    assert not {"pygit2", "copier", "tomlkit", "yaml"} & set(loaded)
