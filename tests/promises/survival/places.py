"""Edits told by meaning: each kind of file names its places, and what one may do there.

A place is found again, by its name, in another version of the file.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple


class Place(NamedTuple):
    """What one does there, and which lines, from `start` to before `end`, become these."""

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
    """What can be done to a file under a new name, where what is meant is there but once."""
    known = {".py": python, ".toml": toml, ".md": markdown, "Makefile": makefile}
    known |= {".yaml": yaml, ".yml": yaml, "Dockerfile": docker, ".example": settings}
    kind = next((known[end] for end in known if path.endswith(end)), plain)
    found = list(kind(text.split("\n"), name))
    times = Counter(place.did for place in found)
    return {place.did: place for place in found if times[place.did] == 1}


def put(did: str, at: int, *lines: str) -> Place:
    """Lines put in."""
    return Place(did, at, at, list(lines))


def change(did: str, at: int, line: str) -> Place:
    """One line in place of another."""
    return Place(did, at, at + 1, [line])


def indented(line: str) -> int:
    return len(line) - len(line.lstrip())


def python(lines: list[str], name: str) -> Places:
    """Modules, classes, functions and statements, as `ast` has them."""
    yield put("function at the end", len(lines) - 1, *_function(name, ""))
    yield from _statements(lines, ast.parse("\n".join(lines)).body, "", name)


def _function(name: str, indent: str) -> list[str]:
    blank = [""] if indent else ["", ""]
    return [*blank, f"{indent}def {name}() -> None:", f'{indent}    """{name}."""']


def _statements(lines: list[str], body: list[ast.stmt], of: str, name: str) -> Places:
    for node in body:
        first = [node, *getattr(node, "decorator_list", [])]
        start, end = min(each.lineno for each in first) - 1, node.end_lineno or 0
        says, indent = (
            f"{of}{getattr(node, 'name', '') or ast.unparse(node)}",
            " " * node.col_offset,
        )
        line, alone = lines[end - 1], end == start + 1
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            if alone and line.endswith('."""'):
                yield change(f"words in docstring of {of}", start, f'{line[:-4]}, {name}."""')
            continue
        yield put(f"comment above {says}", start, f"{indent}# {name}")
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield from _definition(lines, node, says, start, name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            yield put(f"import below {says}", end, f"{indent}import {name}")
            if isinstance(node, ast.ImportFrom) and re.fullmatch(r"[^#(]+", line):
                yield change(f"name in import from {of}{node.module}", start, f"{line}, {name}")
        elif of and not isinstance(node, ast.Return | ast.Raise):
            yield put(f"statement below {says}", end, f"{indent}{name} = 1")
        if alone and (found := re.match(r" *(\w+)( = )", line)):
            yield change(f"value of {of}{found[1]}", start, f"{found[0]}{name}")
            typed = f"{line[: found.end(1)]}: {name}{line[found.start(2) :]}"
            yield change(f"annotation of {of}{found[1]}", start, typed)


def _definition(
    lines: list[str],
    node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef,
    says: str,
    start: int,
    name: str,
) -> Places:
    end, indent, head = node.end_lineno or 0, " " * node.col_offset, lines[node.lineno - 1]
    yield put(f"decorator on {says}", start, f"{indent}@{name}")
    yield put(f"function below {says}", end, *_function(name, indent))
    above = max((at for at in range(start) if lines[at].strip()), default=0) + 1
    yield Place(f"deletion of {says}", above, end, [])
    yield from _statements(lines, node.body, f"{says}.", name)
    inner = " " * node.body[0].col_offset
    if isinstance(node, ast.ClassDef):
        yield put(f"method at the end of {says}", end, *_function(name, inner))
        return
    yield put(f"statement at the end of {says}", end, f"{inner}{name} = 1")
    if not ast.get_docstring(node):
        yield put(f"statement begins {says}", node.body[0].lineno - 1, f"{inner}{name} = 1")
    if not node.args.kwarg and (found := re.search(r"\)( ->.*)?:$", head)):
        comma = "" if head[found.start() - 1] == "(" else ", "
        new = f"{head[: found.start()]}{comma}{name}: int = 0{head[found.start() :]}"
        yield change(f"parameter of {says}", node.lineno - 1, new)
    names = (each for each in ast.walk(node) if isinstance(each, ast.Name))
    for local in sorted({each.id for each in names if isinstance(each.ctx, ast.Store)}):
        renamed = [_renamed(each, local, name) for each in lines[start:end]]
        yield Place(f"new name of {says}:{local}, {len(renamed)} lines", start, end, renamed)


def _renamed(line: str, local: str, name: str) -> str:
    """A line with a variable renamed; a string or comment that only has the same word stays."""
    word = rf"(?<![\w.\"'/]){local}\b"

    def one(found: re.Match[str]) -> str:
        return found[0] if found[0][0] in '"#' else re.sub(word, name, found[0])

    return re.sub(rf'f?"[^"]*"|#.*|{word}', one, line)


def toml(lines: list[str], name: str) -> Places:
    """Tables, keys, and the items of lists over several lines."""
    table = inside = ""
    for at, line in enumerate(lines):
        key, given, value = line.partition(" = ")
        if found := re.match(r"    \"([\w\[\]-]+)", line):
            of = f"{inside}: {found[1]}"
            yield put(f"item below {of}", at + 1, f'    "{name}>=1",')
            yield put(f"comment above {of}", at, f"    # {name}")
            yield Place(f"deletion of {of}", at, at + 1, [])
            yield change(f"version of {of}", at, f'{found[0]}>=2",  # {name}')
        elif line.lstrip() == "# yours below":
            new = f'    "{name}>=1",' if line[0] == " " else f"[tool.{name}]"
            new = f'{name} = "x"' if table == "[project.scripts]" else new
            yield put(f"below yours of {inside or table}", at + 1, new)
        elif line.startswith("["):
            table, inside = line, ""
            end = next((n for n in range(at + 1, len(lines)) if lines[n][:1] in ("", "[")), at + 1)
            yield put(f"table above {table}", at, f"[tool.{name}]", "on = true", "")
            yield put(f"comment above {table}", at, f"# {name}")
            yield put(f"first in {table}", at + 1, f"{name} = 1")
            yield put(f"last in {table}", end, f"{name} = 1")
        elif given and line[0] != "#":
            inside = f"{table} {key}" if value == "[" else ""
            yield put(f"comment above {table} {key}", at, f"# {name}")
            if not inside:
                yield change(f"value of {table} {key}", at, f'{key} = "{name}"')
                yield put(f"key below {table} {key}", at + 1, f"{name} = 1")


def yaml(lines: list[str], name: str) -> Places:
    """Keys and items by where they are; among services a service, in one what it may have."""
    for of, at, end, value, comma in _nodes(lines):
        line, pad = lines[at], " " * indented(lines[at])
        is_service = re.fullmatch("services/[^/]+", of) is not None
        new = [f"{pad}{name}: {{}}{comma}" if comma else f'{pad}{name}: "1"']
        if line.startswith(f"{pad}- "):
            new = [f"{pad}- run: {name}" if re.search(r"\w: ", line) else f"{pad}- {name}"]
        elif is_service:
            new = ["", f"{pad}{name}:", f"{pad}  image: {name}"]
        yield put(f"sibling below {of}", end, *new)
        yield put(f"sibling above {of}", at, *new[is_service:], *new[:is_service])
        yield put(f"comment above {of}", at, f"{pad}# {name}")
        yield Place(f"deletion of {of}", at, end, [])
        for said in ('restart: "no"', "deploy: {replicas: 2}", "healthcheck: {disable: true}"):
            if is_service:
                yield put(f"{said.partition(':')[0]} in {of}", end, f"    {said}  # {name}")
        if value.endswith("]"):
            yield change(f"entry in {of}", at, f'{line[:-1]}, "{name}"]')
        elif value and value[0] not in "|>&*{[":
            tail = "," if value.endswith(",") else ""
            yield change(f"value of {of}", at, f'{line[: -len(value)]}"{name}"{tail}')
            yield change(f"remark on {of}", at, f"{line}  # {name}")


def _nodes(lines: list[str]) -> Iterator[tuple[str, int, int, str, str]]:
    """Each key and item: all that it is in, from where to where, its value, what ends it."""
    around: list[tuple[int, str, str]] = []
    hidden = 99
    for at, line in enumerate(lines):
        found = re.match(r" *(- )?(?:(\"?[\w.+/ -]+\"?):(?: (.*))?|.+)$", line)
        column = indented(line)
        if not found or not (found[1] or found[2]) or line[column] == "#" or column > hidden:
            continue
        value, label = found[3] or "", line.strip() if found[1] else found[2]
        hidden = column if value[:1] in ("|", ">") else 99  # a text over several lines
        around = [each for each in around if each[0] < column]
        of, comma = "/".join([*(each[1] for each in around), label]), around[-1:] and around[-1][2]
        opened = value.endswith(("{", "["))
        around.append((column, label, "," if opened else ""))
        rest = range(at + 1, len(lines))
        end = next((n for n in rest if lines[n] and indented(lines[n]) <= column), len(lines))
        end = end + 1 if opened else max(n for n in range(at, end) if lines[n]) + 1
        yield of, at, end, value, comma or ""


def markdown(lines: list[str], name: str) -> Places:
    """Sections, items, rows and sentences by the heading that they are under."""
    under, fenced = "", False
    for at, line in enumerate(lines):
        fenced ^= line.startswith("```")
        of = f"{under} {line[:30]}"
        if line.startswith("```") or not line:
            continue
        if fenced:
            yield put(f"command below {of}", at + 1, f"{name} run")
        elif line.startswith("#"):
            if under:
                yield put(f"section above {line}", at, f"## {name}", "", f"{name}.", "")
            under = line
            yield put(f"paragraph below {line}", at + 1, "", f"{name} is here.")
            yield change(f"heading {line}", at, f"{line} {name}")
        elif line.startswith("|") and "---" not in line:
            yield put(f"row below {of}", at + 1, f"| `{name}` |" + " x |" * (line.count("|") - 2))
            yield change(f"cell of {of}", at, f"{line[:-1]}{name} |")
        elif line.startswith(("- ", "<!--")):
            end = next(n for n in range(at + 1, len(lines)) if not lines[n].startswith("  "))
            yield put(f"item below {of}", end, f"- {name}")
            if line[0] == "-":
                yield change(f"words in {of}", at, f"{line} {name}")
        elif not lines[at + 1]:
            yield change(f"sentence ends {of}", at, f"{line} {name}.")
    yield put("section at the end", len(lines) - 1, "", f"## {name}", "", f"{name}.")


def makefile(lines: list[str], name: str) -> Places:
    """Rules."""
    new = [f".PHONY: {name}", f"{name}: ## {name}", f"\techo {name}", ""]
    for at, line in enumerate(lines):
        if line.startswith(".PHONY"):
            yield put(f"target above {line}", at, *new)
            yield put(f"comment above {line}", at, f"# {name}")
        elif line == "# yours below":
            yield put(f"target below {line}", at + 1, *new)
        elif found := re.match(r"([\w-]+):([^#=]*)(## .*)?$", line):
            end = next(n for n in range(at + 1, len(lines)) if not lines[n].startswith("\t"))
            of, needs = found[1], [*found[2].split(), name]
            words = " ".join([f"{of}:", *needs, *filter(None, [found[3]])])
            yield change(f"prerequisite of {of}", at, words)
            yield change(f"help of {of}", at, f"{line} {name}")
            yield put(f"recipe line begins {of}", at + 1, f"\techo {name}")
            yield put(f"recipe line ends {of}", end, f"\techo {name}")
            yield put(f"target below {of}", end, "", *new[:-1])
            yield Place(f"deletion of {of}", at - 1, end, [])


def docker(lines: list[str], name: str) -> Places:
    """Instructions, over one line or more."""
    yield from plain(lines, f"ENV {name}=1")


def settings(lines: list[str], name: str) -> Places:
    """NAME=value, line by line."""
    yield from plain(lines, f"{name}=1")
    for at, line in enumerate(lines):
        if found := re.match(r"\w+=", line):
            yield change(f"value of {found[0]}", at, f"{found[0]}{name}")


def plain(lines: list[str], new: str) -> Places:
    """Patterns, settings, instructions: line by line."""
    start = 0
    for at, line in enumerate(lines):
        if line.endswith("\\"):
            continue
        if lines[start]:
            yield put(f"line below {lines[start]}", at + 1, new)
            if lines[start] != "# yours below":  # where it belongs to what a component puts there
                yield put(f"comment above {lines[start]}", start, f"# {new}")
            if lines[start][0] != "#":
                yield Place(f"deletion of {lines[start]}", start, at + 1, [])
        start = at + 1
    yield put("line at the end", len(lines) - 1, new)
