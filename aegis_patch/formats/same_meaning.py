"""Whether two texts of a file say the same: what a formatter changes is nothing that a user wrote.

In Python that is its syntax tree, its comments, and imports in whatever order; in TOML its
values, requirements in whatever spelling, arrays in whatever order; in any other file the ends of
its lines. Our anchors say nothing anywhere.
"""

from __future__ import annotations

import ast
import inspect
import itertools
import tokenize
from collections import Counter
from collections.abc import Iterator, Sequence

from aegis_patch.formats import anchors, bounded_parsers


def is_same(path: str, one: bytes, other: bytes) -> bool:
    """Whether two texts of the file at a path, ours and a user's, differ in their layout alone."""
    if b"\0" in one + other:
        return one == other
    ours, mine = (text.splitlines() for text in (one, other))
    if not _anchors(mine) <= _anchors(ours):
        return False  # a comment of their own that only looks like an anchor
    texts = [[line for line in lines if not anchors.is_anchor(line)] for lines in (ours, mine)]
    if [line.rstrip() for line in texts[0]] == [line.rstrip() for line in texts[1]]:
        return True
    what = _said if path.endswith((".py", ".pyi")) else _values if path.endswith(".toml") else None
    if what is None:
        return False
    try:
        one, other = (b"\n".join([*lines, b""]) for lines in texts)
        return what(one) == what(other)
    except (SyntaxError, ValueError, RecursionError, MemoryError, tokenize.TokenError):
        return False


def _anchors(lines: Sequence[bytes]) -> set[bytes]:
    return {line.strip() for line in lines if anchors.is_anchor(line)}


def _values(text: bytes) -> Counter[str]:
    from aegis_patch.formats import toml

    return toml.pieces(text.decode())


def _said(text: bytes) -> tuple[list[str], Counter[str]]:
    tree = bounded_parsers.python(text)
    for node in ast.walk(tree):
        match node:
            case ast.Expr(value=ast.Constant(value=str(words))):  # indented anew with its function
                node.value = ast.Constant(inspect.cleandoc(words).strip())
    tokens = tokenize.tokenize(iter(text.splitlines(keepends=True)).__next__)
    comments = Counter(token.string for token in tokens if token.type == tokenize.COMMENT)
    return list(said(tree.body)), comments


def said(body: Sequence[ast.stmt]) -> Iterator[str]:
    """What statements say; imports in a row, name by name, in whatever order."""
    for is_import, run in itertools.groupby(
        body, lambda node: isinstance(node, ast.Import | ast.ImportFrom)
    ):
        if is_import:
            yield from sorted({ast.dump(each) for node in run for each in _names(node)})
        else:
            yield from (ast.dump(node) for node in run)


def _names(node: ast.stmt) -> Iterator[ast.stmt]:
    """An import of several names as one for each."""
    match node:
        case ast.Import(names=names):
            yield from (ast.Import([name]) for name in names)
        case ast.ImportFrom(module=module, names=names, level=level):
            yield from (ast.ImportFrom(module, [name], level) for name in names)
