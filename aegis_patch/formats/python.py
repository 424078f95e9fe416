"""Python: statements by what they bind, imports and `__all__` by the names in them.

Only imports are free to stand in any order. A class is cut into its own statements, so that a
method is told from a like-shaped one by the class that it is in.
"""

from __future__ import annotations

import ast
import tokenize
from collections import Counter
from collections.abc import Iterator, Sequence

from aegis_patch.formats import bounded_parsers
from aegis_patch.formats.named_blocks import Block, Texts, Unusual

WIDTH = 100


def blocks(text: str) -> tuple[Block, ...]:
    """The statements of a module, each with the comments above it.

    Raises:
        Unusual: two statements share a line.
    """
    if "\f" in text or "\r" in text:
        raise Unusual("line breaks of other kinds")
    lines = text.split("\n")
    lines = [f"{line}\n" for line in lines[:-1]] + [line for line in lines[-1:] if line]
    return tuple(_cut(lines, _parsed(text).body, 0, len(lines)))


def pieces(text: str) -> Counter[str]:
    """Its lines, and again each with what it is in; of imports and of `__all__` each name."""
    lines = text.split("\n")
    found: Counter[str] = Counter()
    tree = _parsed(text)
    places = [""] * len(lines)
    for node in ast.walk(tree):  # outer before inner
        _mark(places, node, lines)
    for node in ast.walk(tree):
        if isinstance(node, ast.stmt) and (names := _names(node)) is not None:
            found.update(f"{_name(node)} {name}" for name in names)
            for at in range(node.lineno - 1, node.end_lineno or node.lineno):
                lines[at] = _comment(lines[at])
    for place, line in zip(places, lines, strict=True):
        found.update({line.strip(), f"{place}{line.strip()}"} if line.strip() else ())
    return found


def _mark(places: list[str], node: ast.AST, lines: list[str]) -> None:
    """Say of the lines in a statement what they are in: `def f`, or the head of a branch."""
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            head = _name(node)
            for at in range(_first(node), node.lineno - 1):
                places[at] += f"@{head} > "
        case ast.stmt() | ast.ExceptHandler():
            head = lines[node.lineno - 1].partition("#")[0].strip()
        case ast.match_case():
            head = lines[node.pattern.lineno - 1].partition("#")[0].strip()
        case _:
            return
    for branch in ("body", "orelse", "finalbody"):
        if inside := getattr(node, branch, ()):
            for at in range(_first(inside[0]), inside[-1].end_lineno):
                places[at] += f"{head} {branch} > "


def _parsed(text: str) -> ast.Module:
    try:
        return bounded_parsers.python(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise Unusual("not Python") from error


def _cut(lines: list[str], body: Sequence[ast.stmt], start: int, end: int) -> Iterator[Block]:
    for node in body:
        stop = node.end_lineno or node.lineno
        if _first(node) < start:
            raise Unusual("two statements on one line")
        text = "".join(lines[start:stop])
        if isinstance(node, ast.ClassDef) and _first(node.body[0]) >= (at := _head_end(node)):
            head = "".join(lines[start:at])
            yield Block(_name(node), head, tuple(_cut(lines, node.body, at, stop)), free=False)
        else:
            free = isinstance(node, ast.Import | ast.ImportFrom)
            join = _joined if _names(node) is not None else None
            yield Block(_name(node), text, free=free and not _is_future(node), join=join)
        start = stop
    if start < end:
        yield Block("(end)", "".join(lines[start:end]), free=False)


def _first(node: ast.stmt) -> int:
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min([node.lineno, *(each.lineno for each in decorators)]) - 1


def _head_end(node: ast.ClassDef) -> int:
    # The line behind `class C(…):`, where comments of its first statement begin.
    inside = [*node.bases, *(word.value for word in node.keywords)]
    ends = [each.end_lineno or node.lineno for each in inside]
    return max([node.lineno, *ends])


def _is_future(node: ast.stmt) -> bool:
    return isinstance(node, ast.ImportFrom) and node.module == "__future__"


def _name(node: ast.stmt) -> str:
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            return f"def {node.name}"
        case ast.ImportFrom():
            return f"from {'.' * node.level}{node.module or ''}"
        case ast.Assign(targets=[ast.Name(name)]) | ast.AnnAssign(target=ast.Name(name)):
            return f"{name} ="
    return ast.unparse(node)


def _names(node: ast.stmt) -> list[str] | None:
    """What a list of names holds: an import from a module, or `__all__`."""
    match node:
        case ast.ImportFrom():
            return [ast.unparse(alias) for alias in node.names]
        case ast.Assign(targets=[ast.Name("__all__")], value=ast.List() | ast.Tuple() as value):
            return [ast.unparse(item) for item in value.elts]
    return None


def _joined(texts: Texts) -> str | None:
    """One list of names, as ours writes it, with what theirs added and without what it removed."""
    nodes = [_parsed(text).body[0] for text in texts]
    base, ours, theirs = (_names(node) or [] for node in nodes)
    start = nodes[1].lineno - 1
    lines = texts.ours.split("\n")
    written = "\n".join(lines[start : nodes[1].end_lineno])
    heads = [
        "\n".join(t.split("\n")[: n.lineno - 1]).strip() for t, n in zip(texts, nodes, strict=True)
    ]
    if len(set(heads)) > 1 or any(_comment(line) for line in texts.ours.split("\n")[start:]):
        return None
    if any(_comment(line) for line in texts.theirs.split("\n")[nodes[2].lineno - 1 :]):
        return None
    names = [name for name in ours if name in theirs or name not in base]
    new = [name for name in theirs if name not in base and name not in ours]
    if names == sorted(names):
        names = sorted([*names, *new])
    elif names == sorted(names, key=str.casefold):
        names = sorted([*names, *new], key=str.casefold)
    else:
        names += new
    if not names or len(set(names)) < len(names):
        return None
    made = _written(nodes[1], written, names)
    return "\n".join([*lines[:start], made, *lines[nodes[1].end_lineno or 0 :]])


def _written(node: ast.stmt, before: str, names: list[str]) -> str:
    if isinstance(node, ast.ImportFrom):
        head, opened, closed = f"{_name(node)} import ", "(", ")"
        if "(" not in before and len(head + ", ".join(names)) <= WIDTH:
            opened = closed = ""
    else:
        head, opened, closed = before.partition("=")[0] + "= ", "[", "]"
        if "[" not in before:
            opened, closed = "(", ")"
    line = f"{head}{opened}{', '.join(names)}{',' * (opened == '(' and len(names) == 1)}{closed}"
    if "\n" not in before and len(line) <= WIDTH:
        return line
    indent = next((row[: len(row) - len(row.lstrip())] for row in before.split("\n")[1:]), "    ")
    return f"{head}{opened}\n" + "".join(f"{indent or '    '}{n},\n" for n in names) + closed


def _comment(line: str) -> str:
    if "#" not in line:
        return ""
    try:
        tokens = list(tokenize.generate_tokens(iter([line]).__next__))
    except (tokenize.TokenError, SyntaxError):
        return line.strip()
    return next((token.string for token in tokens if token.type == tokenize.COMMENT), "")
