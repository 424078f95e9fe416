"""A team's formatters go over the whole project; every verb then merges as if they hadn't.

Prettier, mdformat, taplo, yamlfix and black were tried by hand; here is what they do.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Project, Start

BEGUN = ("database", "scheduler")
ADDED = ("worker", "ingress", "cache")


def aligned(text: str) -> str:
    """Markdown whose tables have even columns, and that marks emphasis and items otherwise."""
    table = r"(?m)(?:^\|.*\n)+"
    text = re.sub(table, lambda found: _even(found[0].splitlines()), text)
    text = re.sub(r"(?m)^- ", "* ", text)
    return re.sub(r"(?<![\w*`])\*(\w[^*\n`]*)\*(?![\w*])", r"_\1_", text)


def _even(lines: list[str]) -> str:
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    widths = [max(3, *map(len, column)) for column in zip(*rows, strict=True)]
    rows[1] = ["-" * width for width in widths]
    even = ""
    for row in rows:
        cells = [f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)]
        even += f"| {' | '.join(cells)} |\n"
    return even


def broken(text: str) -> str:
    """YAML whose long lists have an item a line."""
    return re.sub(r"(?m)^( *)([\w-]+): (\[.{50,}\])$", _item_a_line, text)


def _item_a_line(found: re.Match[str]) -> str:
    indent, key, items = found.groups()
    lines = [f"{indent}{key}:", f"{indent}  ["]
    lines += [f"{indent}    {json.dumps(item)}," for item in json.loads(items)]
    return "\n".join([*lines, f"{indent}  ]"])


def deep(text: str) -> str:
    """YAML with four columns for each level."""
    made, levels = "", [0]
    for line in text.splitlines():
        words = line.lstrip()
        indent = len(line) - len(words)
        while words and levels[-1] > indent:
            levels.pop()
        if indent > levels[-1]:
            levels.append(indent)
        made += f"{'    ' * (len(levels) - 1)}{words}".rstrip() + "\n"
    return made


def formatted(path: Path, yaml: Callable[[str], str], width: int) -> None:
    """Go over all files of a project."""
    ways: dict[str, Callable[[str], str]] = {"*.md": aligned, "*.yaml": yaml}
    ways["*.json"] = lambda text: json.dumps(json.loads(text))
    for pattern, way in ways.items():
        for file in path.rglob(pattern):
            file.write_text(way(file.read_text()))
    ruff = (sys.executable, "-m", "ruff", "format", "--quiet", "--isolated", "--line-length")
    subprocess.run([*ruff, str(width), "app", "tests"], cwd=path, check=True)


@pytest.mark.parametrize(("yaml", "width"), [(broken, 120), (deep, 79)])
def test_every_verb_after_formatters(start: Start, yaml: Callable[[str], str], width: int) -> None:
    project = start(*BEGUN, version="0.8.0")
    _edit(project, yaml)
    _format(project, yaml, width)
    assert len(project.git("diff", "--name-only", "HEAD^").splitlines()) > 10
    project.aegis("add", *ADDED)
    project.aegis("rebase-upstream")
    _is_as_new(project, start(*BEGUN, *ADDED, name="new/my-api"), yaml, width)
    project.aegis("remove", "worker", "scheduler")
    _is_as_new(project, start("cache", "database", "ingress", name="left/my-api"), yaml, width)


def _is_as_new(project: Project, new: Project, yaml: Callable[[str], str], width: int) -> None:
    """Whether a project is what a new one is, in this format."""
    _format(project, yaml, width)
    _edit(new, yaml)
    formatted(new.path, yaml, width)
    for path in {*new.git("ls-files").split(), *project.git("ls-files").split()} - {"aegis.toml"}:
        assert project.read(path) == new.read(path), path


def _edit(project: Project, yaml: Callable[[str], str]) -> None:
    """Edits of a user's, which stay; a service of theirs in a deeper file would be asked about."""
    if yaml is not deep:
        project.edit("compose.yaml", "\nservices:\n", '\nservices:\n  mine:\n    image: "mine"\n\n')
    project.edit("docs/README.md", "| `HOST` |", "| `MINE` | | mine |\n| `HOST` |")
    project.edit("app/identity.py", '"""\n', '"""\n\nMINE = [1]\n')


def _format(project: Project, yaml: Callable[[str], str], width: int) -> None:
    formatted(project.path, yaml, width)
    project.git("commit", "--quiet", "--all", "--allow-empty", "--message", "Format")
