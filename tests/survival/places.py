"""Edits told by meaning: each kind of file names the places in it, and what one may do there.

A place is found again, by its name, in another version of the file.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple


class Place(NamedTuple):
    """What one does there, and which lines (from `start` up to `end`) it makes into which."""

    did: str
    start: int
    end: int
    lines: list[str]

    def edit(self, text: str) -> str:
        """The text with it done."""
        found = text.split("\n")
        return "\n".join([*found[: self.start], *self.lines, *found[self.end :]])


Places = Iterator[Place]


def places(path: str, text: str, name: str) -> dict[str, Place]:
    """What can be done to a file under a name that nobody else uses; only what is told apart."""
    kinds = {".py": python, ".toml": toml, ".yaml": yaml, ".yml": yaml, ".md": markdown}
    kind = next((kinds[end] for end in kinds if path.endswith(end)), None)
    if path.endswith("Makefile"):
        kind = makefile
    found = [*(kind(text, name) if kind else plain(path, text, name))]
    times = Counter(place.did for place in found)
    return {place.did: place for place in found if times[place.did] == 1}


def python(text: str, name: str) -> Places:
    """Modules, classes, functions, statements, as `ast` has them."""
    lines = text.split("\n")
    tree = ast.parse(text)
    yield Place("function at the end", len(lines) - 1, len(lines) - 1, _function(name, ""))
    yield from _statements(lines, tree.body, "", name)


def _function(name: str, indent: str) -> list[str]:
    blank = [""] if indent else ["", ""]
    return [*blank, f"{indent}def {name}() -> None:", f'{indent}    """{name}."""']


def _statements(lines: list[str], body: list[ast.stmt], of: str, name: str) -> Places:
    for node in body:
        decorators = getattr(node, "decorator_list", [])
        start = min(each.lineno for each in [node, *decorators]) - 1
        end, indent = node.end_lineno or 0, " " * node.col_offset
        says = f"{of}{getattr(node, 'name', '') or ast.unparse(node)}"
        line = lines[end - 1]
        alone = end == start + 1
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            if alone and line.endswith('."""'):
                new = line.replace('."""', f', {name}."""')
                yield Place(f"words in docstring of {of}", start, end, [new])
            continue
        yield Place(f"comment above {says}", start, start, [f"{indent}# {name}"])
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield Place(f"import below {says}", end, end, [f"{indent}import {name}"])
            if isinstance(node, ast.ImportFrom) and alone and not line.endswith(")"):
                yield Place(
                    f"name in import from {of}{node.module}", start, end, [f"{line}, {name}"]
                )
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield Place(f"decorator on {says}", start, start, [f"{indent}@{name}"])
            yield Place(f"function below {says}", end, end, _function(name, indent))
            above = start
            while above and not lines[above - 1].strip():
                above -= 1
            yield Place(f"deletion of {says}", above, end, [])
            inner, first = " " * node.body[0].col_offset, node.body[0]
            added = [f"{inner}{name} = 1"]
            if isinstance(node, ast.ClassDef):
                added = _function(name, inner)
            elif node.body[0].lineno > node.lineno:
                if not ast.get_docstring(node):
                    yield Place(f"statement begins {says}", first.lineno - 1, first.lineno - 1, added)
                head = lines[node.lineno - 1]
                if not node.args.kwarg and (found := re.search(r"\)( ->.*)?:$", head)):
                    comma = "" if head[found.start() - 1] == "(" else ", "
                    new = f"{head[: found.start()]}{comma}{name}: int = 0{head[found.start() :]}"
                    yield Place(f"parameter of {says}", node.lineno - 1, node.lineno, [new])
                for local in sorted(_locals(node)):
                    new_lines = [
                        re.sub(rf"(?<![\w.\"'/]){local}\b(?!\s*=[^=]*[,)])", name, each)
                        for each in lines[start:end]
                    ]
                    did = f"new name of {says}:{local}, {len(new_lines)} lines"
                    yield Place(did, start, end, new_lines)
            yield Place(f"last in {says}", end, end, added)
        elif of and not isinstance(node, ast.Return | ast.Raise):
            yield Place(f"statement below {says}", end, end, [f"{indent}{name} = 1"])
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and alone:
            target = node.targets[0].id
            new = f"{indent}{target} = {name}"
            yield Place(f"value of {of}{target}", start, end, [new])
            new = line.replace(f"{target} =", f"{target}: {name} =", 1)
            yield Place(f"annotation of {of}{target}", start, end, [new])
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield from _statements(lines, node.body, f"{says}.", name)


def _locals(node: ast.FunctionDef | ast.AsyncFunctionDef) -> set[str]:
    found = [each for each in ast.walk(node) if isinstance(each, ast.Name)]
    return {each.id for each in found if isinstance(each.ctx, ast.Store) and len(each.id) > 3}


def toml(text: str, name: str) -> Places:
    """Tables, keys, and the items of lists over several lines."""
    lines = text.split("\n")
    table, inside = "", ""
    for at, line in enumerate(lines):
        key, given, value = line.partition(" = ")
        if found := re.match(r"    \"([\w\[\]-]+)", line):
            of = f"{inside}: {found[1]}"
            yield Place(f"item below {of}", at + 1, at + 1, [f'    "{name}>=1",'])
            yield Place(f"comment above {of}", at, at, [f"    # {name}"])
            yield Place(f"deletion of {of}", at, at + 1, [])
            new = re.sub(r'[<>=~][^"]*"', f'>=2"  # {name}\n', line).replace(f"  # {name}\n,", f",  # {name}")
            yield Place(f"version of {of}", at, at + 1, [new])
        elif line.lstrip() == "# yours below":
            new = f'    "{name}>=1",' if line[0] == " " else f"[tool.{name}]"
            new = f'{name} = "x"' if table == "[project.scripts]" else new
            yield Place(f"below yours of {inside or table}", at + 1, at + 1, [new])
        elif line.startswith("["):
            table, inside = line, ""
            yield Place(f"table above {table}", at, at, [f"[tool.{name}]", "on = true", ""])
            yield Place(f"comment above {table}", at, at, [f"# {name}"])
            yield Place(f"first in {table}", at + 1, at + 1, [f"{name} = 1"])
            end = at
            while end + 1 < len(lines) and re.match(r"[^\[\n]", lines[end + 1]):
                end += 1
            yield Place(f"last in {table}", end + 1, end + 1, [f"{name} = 1"])
        elif given and line[0] != "#":
            inside = f"{table} {key}" if value == "[" else ""
            if value != "[":
                yield Place(f"value of {table} {key}", at, at + 1, [f'{key} = "{name}"'])
                yield Place(f"key below {table} {key}", at + 1, at + 1, [f"{name} = 1"])
            yield Place(f"comment above {table} {key}", at, at, [f"# {name}"])


def yaml(text: str, name: str) -> Places:
    """Keys and items by where they are; `services` get a service."""
    lines = text.split("\n")
    above: list[tuple[int, str, bool]] = []
    hidden = -1
    for at, line in enumerate(lines):
        found = re.match(r"( *)(- )?(?:(\"?[\w.+/ -]+\"?):(?: (.*))?|(.+))$", line)
        if not found or line.lstrip()[:1] in "#}]":
            continue
        column = len(found[1])
        if hidden >= 0 and column > hidden:
            continue
        hidden = column if (found[4] or "")[:1] in ("|", ">") else -1
        if not found[2] and not found[3]:
            continue
        above = [each for each in above if each[0] < column]
        is_item, label = bool(found[2]), found[0].strip() if found[2] else found[3]
        of = "/".join([each[1] for each in above] + [label])
        comma = "," if above and above[-1][2] else ""
        is_flow = (found[4] or "").endswith(("{", "["))
        above.append((column, label, is_flow))
        end = at + 1
        for below in range(end, len(lines)):
            said = lines[below].lstrip()
            deep = len(lines[below]) - len(said)
            if said and deep <= column and not (is_flow and deep == column and said[0] in "}]"):
                break
            end = below + 1 if said else end
        pad = found[1]
        new = [f"{pad}{name}: {{}}{comma}" if comma else f'{pad}{name}: "1"']
        if is_item:
            new = [f"{pad}- run: {name}" if found[3] else f"{pad}- {name}"]
        elif of.startswith("services/") and of.count("/") == 1:
            new = ["", f"{pad}{name}:", f"{pad}  image: {name}"]
        yield Place(f"sibling below {of}", end, end, new)
        yield Place(f"sibling above {of}", at, at, [*new[1:], ""] if len(new) > 1 else new)
        yield Place(f"comment above {of}", at, at, [f"{pad}# {name}"])
        yield Place(f"deletion of {of}", at, end, [])
        if of.startswith("services/") and of.count("/") == 1:
            for did in ('restart: "no"', 'deploy:\n      replicas: 2', 'healthcheck: {disable: true}'):
                words = f"    {did}  # {name}".split("\n")
                yield Place(f"{did.partition(':')[0]} in {of}", end, end, words)
        value = found[4]
        if value and not value.startswith(("|", ">", "&", "*", "{")):
            if value.endswith("]"):
                yield Place(f"entry in {of}", at, at + 1, [f'{line[:-1]}, "{name}"]'])
            elif value != "[":
                new = [f'{line[: -len(value)]}"{name}"{"," if value[-1] == "," else ""}']
                yield Place(f"value of {of}", at, at + 1, new)
                yield Place(f"remark on {of}", at, at + 1, [f"{line}  # {name}"])


def markdown(text: str, name: str) -> Places:
    """Sections, items, rows and sentences by the heading they are under."""
    lines, under, fenced = text.split("\n"), "", False
    for at, line in enumerate(lines):
        fenced ^= line.startswith("```")
        of = f"{under} {line[:30]}"
        if line.startswith("```") or not line:
            continue
        if fenced:
            yield Place(f"command below {of}", at + 1, at + 1, [f"{name} run"])
        elif line.startswith("#"):
            if under:
                yield Place(f"section above {line}", at, at, [f"## {name}", "", f"{name}.", ""])
            under = line
            yield Place(f"paragraph below {line}", at + 1, at + 1, ["", f"{name} is here."])
            yield Place(f"heading {line}", at, at + 1, [f"{line} {name}"])
        elif line.startswith("|") and "---" not in line:
            yield Place(f"row below {of}", at + 1, at + 1, [f"| `{name}` |" + " x |" * (line.count("|") - 2)])
            yield Place(f"cell of {of}", at, at + 1, [f"{line[:-1]}{name} |"])
        elif line.startswith("- "):
            end = at + 1
            while lines[end].startswith("  "):
                end += 1
            yield Place(f"item below {of}", end, end, [f"- {name}"])
            yield Place(f"words in {of}", at, at + 1, [f"{line} {name}"])
        elif line.startswith("<!--"):
            yield Place(f"item below {of}", at + 1, at + 1, [f"- {name}"])
        elif not lines[at + 1]:
            yield Place(f"sentence ends {of}", at, at + 1, [f"{line} {name}."])
    yield Place("section at the end", len(lines) - 1, len(lines) - 1, ["", f"## {name}", "", f"{name}."])


def makefile(text: str, name: str) -> Places:
    """Rules."""
    lines = text.split("\n")
    new = [f".PHONY: {name}", f"{name}: ## {name}", f"\techo {name}", ""]
    for at, line in enumerate(lines):
        if line.startswith(".PHONY"):
            yield Place(f"target above {line}", at, at, new)
            yield Place(f"comment above {line}", at, at, [f"# {name}"])
        elif found := re.match(r"([\w-]+):([^#=]*)(## .*)?$", line):
            end = at + 1
            while lines[end].startswith("\t"):
                end += 1
            of = found[1]
            words = f"{of}: {found[2].strip()}".rstrip()
            yield Place(f"prerequisite of {of}", at, at + 1, [f"{words} {name} {found[3] or ''}".rstrip()])
            yield Place(f"help of {of}", at, at + 1, [f"{line} {name}"])
            yield Place(f"recipe line ends {of}", end, end, [f"\techo {name}"])
            yield Place(f"recipe line begins {of}", at + 1, at + 1, [f"\techo {name}"])
            yield Place(f"target below {of}", end, end, ["", *new[:-1]])
            yield Place(f"deletion of {of}", at - 1, end, [])
        elif line.startswith("# yours"):
            yield Place(f"target below {line}", at + 1, at + 1, new)


def plain(path: str, text: str, name: str) -> Places:
    """Settings, patterns, instructions: line by line."""
    new = {"Dockerfile": f"ENV {name}=1", ".env.example": f"{name}=1", "secrets.env.example": f"{name}=1"}
    new_line = new.get(path.rpartition("/")[2], f"{name}/")
    lines = text.split("\n")
    for at, line in enumerate(lines):
        if not line or (at and lines[at - 1].endswith("\\")):
            continue
        end = at + 1
        while lines[end - 1].endswith("\\") or (
            line.startswith("# slot") and lines[end] and not re.match("# (slot|yours)", lines[end])
        ):
            end += 1
        key, given, _ = line.partition("=")
        of = key if given and path.endswith(".example") else line
        yield Place(f"line below {of}", end, end, [new_line])
        yield Place(f"comment above {of}", at, at, [f"# {name}"])
        if line[0] != "#":
            yield Place(f"deletion of {of}", at, end, [])
            if given and path.endswith(".example"):
                yield Place(f"value of {of}", at, end, [f"{key}={name}"])
            elif path.endswith("Dockerfile") and end == at + 1:
                yield Place(f"words in {of}", at, end, [f"{line} {name}"])
    yield Place("line at the end", len(lines) - 1, len(lines) - 1, [new_line])
