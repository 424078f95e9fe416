"""Python: statements by what they bind, imports and lists of names by the names in them.

Only imports are free to stand in any order. A class is cut into its own statements, so that a
method is distinct from a like-shaped one of another class. A statement says the same in any layout.
"""

from __future__ import annotations

import ast
import inspect
import tokenize
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from aegis_patch.formats import bounded_parsers
from aegis_patch.formats.anchors import is_anchor
from aegis_patch.formats.named_blocks import Block, Unusual, behind_blank_lines, split_lines

_BODIES = ("body", "handlers", "orelse", "finalbody", "cases")


class _Module(NamedTuple):
    """A module as a tree, its lines, and its comments by the number of their lines."""

    tree: ast.Module
    lines: Sequence[str]
    comments: Mapping[int, str]


@lru_cache(128)
def blocks(text: str) -> tuple[Block, ...]:
    """The statements of a module, each with the comments above it.

    Raises:
        Unusual: it is no Python, or two statements share a line.
    """
    module = _parsed(text)
    return tuple(_blocks(module, module.tree.body, 0, len(module.lines)))


@lru_cache(128)
def pieces(text: str) -> Counter[str]:
    """Each statement and comment with the blocks around it; each name of a list of names.

    One text is asked about many times in a verb, so nobody may change what they get.
    """
    module = _parsed(text)
    found = Counter[str]()
    places = [""] * (len(module.lines) + 1)
    for place, node in _placed(module.tree.body, ""):
        names = _names(node, module.comments)
        for said in [_head(node)] if names is None else [f"{_name(node)} {n}" for n in names]:
            found[place + said] += 1
        for label, inside in _branches(node):
            for at in range(_first_line(inside[0]), _last_line(inside[-1]) + 1):
                places[at] = f"{place}{_label(node)} {label} > "
    for at, comment in module.comments.items():
        found[places[at] + comment] += 1
    return found


def order(text: str) -> tuple[str, tuple[str, ...]]:
    """The statements of a module in their order, and its comments in theirs."""
    module = _parsed(text)
    return ast.dump(module.tree), tuple(module.comments.values())


def _parsed(text: str) -> _Module:
    """A parsed module, with the indentation of docstrings normalized."""
    if "\f" in text or "\r" in text:
        raise Unusual("line breaks of other kinds")
    lines = split_lines(text)
    try:
        tree = bounded_parsers.python(text)
        tokens = list(tokenize.generate_tokens(iter(lines).__next__))
    except (SyntaxError, ValueError, RecursionError, MemoryError, tokenize.TokenError) as error:
        raise Unusual("not Python") from error
    for node in ast.walk(tree):
        match node:
            case ast.Expr(value=ast.Constant(value=str(words))):
                node.value = ast.Constant(inspect.cleandoc(words).strip())
    comments = {each.start[0]: each.string for each in tokens if each.type == tokenize.COMMENT}
    return _Module(tree, lines, comments)


# Blocks.


def _blocks(module: _Module, body: Sequence[ast.stmt], start: int, end: int) -> Iterator[Block]:
    lines = module.lines
    for node in body:
        stop = _last_line(node)
        if _first_line(node) <= start:
            raise Unusual("two statements on one line")
        yield _block(module, node, start, stop)
        start = stop
    if start < end:
        is_blank = behind_blank_lines(lines, start) >= end
        yield Block("(end)", "".join(lines[start:end]), free=is_blank)


def _block(module: _Module, node: ast.stmt, start: int, stop: int) -> Block:
    text = "".join(module.lines[start:stop])
    if isinstance(node, ast.ClassDef):
        behind = _head_end(node)
        if _first_line(node.body[0]) > behind:
            head = "".join(module.lines[start:behind])
            inner = tuple(_blocks(module, node.body, behind, stop))
            comments = [module.comments.get(at, "") for at in range(start + 1, behind + 1)]
            said = "\n".join([_head(node), *comments, *(each.said or each.text for each in inner)])
            return Block(_name(node), head, inner, free=False, said=said)
    is_import = isinstance(node, ast.Import | ast.ImportFrom)
    free = is_import and getattr(node, "module", "") != "__future__"
    return Block(_name(node), text, free=free, said=_said(module, node, start))


def _said(module: _Module, node: ast.stmt, start: int) -> str:
    """A statement and its comments, in any layout."""
    comments = list[str]()
    for at in range(start + 1, _last_line(node) + 1):
        if at in module.comments:
            comments.append(module.comments[at])
    return "\n".join([ast.dump(node), *comments])


def _first_line(node: ast.stmt) -> int:
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return decorators[0].lineno if decorators else node.lineno


def _last_line(node: ast.stmt | ast.expr) -> int:
    return node.end_lineno or node.lineno


def _head_end(node: ast.ClassDef) -> int:
    """The line of `class C(…):`; comments of its first statement begin after it."""
    inside = [*node.bases, *(word.value for word in node.keywords)]
    return max([node.lineno, *(_last_line(each) for each in inside)])


# What a statement says.


def _placed(body: Sequence[ast.stmt], place: str) -> Iterator[tuple[str, ast.stmt]]:
    """Each statement, nested ones included, and the blocks around it."""
    for node in body:
        yield place, node
        for label, inside in _branches(node):
            yield from _placed(inside, f"{place}{_label(node)} {label} > ")


def _branches(node: ast.AST) -> Iterator[tuple[str, list[ast.stmt]]]:
    """The blocks in a statement, each with a name."""
    for name in ("body", "orelse", "finalbody"):
        if isinstance(inside := getattr(node, name, None), list) and inside:
            yield name, inside
    for inner in [*getattr(node, "handlers", []), *getattr(node, "cases", [])]:
        yield _head(inner), inner.body


def _label(node: ast.stmt) -> str:
    """A compound statement: a definition by its name, another one by its head."""
    return _name(node) if hasattr(node, "name") else _head(node)


def _head(node: ast.AST) -> str:
    """A statement without its blocks."""
    fields = dict(ast.iter_fields(node))
    for name in _BODIES:
        if isinstance(fields.get(name), list):
            del fields[name]
    return ast.dump(type(node)(**fields))


def _name(node: ast.stmt) -> str:
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            return f"def {node.name}"
        case ast.ImportFrom():
            return f"from {'.' * node.level}{node.module or ''}"
        case ast.Assign(targets=[ast.Name(name)]) | ast.AnnAssign(target=ast.Name(name)):
            return f"{name} ="
    return ast.unparse(node)


def _names(node: ast.stmt, comments: Mapping[int, str]) -> list[str] | None:
    """The names of an import from a module or of a list of names; None for other statements.

    Such a list is `__all__`, and one with an anchor.
    """
    match node:
        case ast.ImportFrom():
            return [ast.unparse(alias) for alias in node.names]
        case (
            ast.Assign(targets=[ast.Name(name)], value=ast.List() | ast.Tuple() as value)
            | ast.AnnAssign(target=ast.Name(name), value=ast.List() | ast.Tuple() as value)
        ):
            inside = range(node.lineno, _last_line(node) + 1)
            if name == "__all__" or any(is_anchor(comments.get(at, "").encode()) for at in inside):
                return [ast.unparse(item) for item in value.elts]
    return None
