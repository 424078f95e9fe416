"""Python in a layout of the user's own: what a formatter alone changed is no change.

Each side is cut into its simple statements and the heads of the others. Where ours says the same
as base, theirs decides: what it has as well is written as in ours on all three sides, and what
it changes or takes away as in base. So each side says what it said, and differs in less.
"""

from __future__ import annotations

import ast
import inspect
import re
import tokenize
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from typing import NamedTuple

from aegis_patch.formats import bounded_parsers, same_meaning
from aegis_patch.formats.named_blocks import Texts, Unusual

_WORDS = {tokenize.COMMENT, tokenize.NAME, tokenize.NUMBER, tokenize.STRING}
_INNER = {"body", "orelse", "handlers", "finalbody", "cases"}


class _Piece(NamedTuple):
    """Some whole lines, and what they say: where they are, the statement, its comments."""

    text: str
    said: tuple[object, ...]


def settled(sides: Texts) -> Texts:
    """The three sides, alike wherever ours differs from base in its layout alone.

    Imports in a row are first taken as one statement, however many it has for a module, then one by
    one.
    """
    made = _alike(_alike(sides, rows=True), rows=False)
    if made == sides and _says_the_same(sides.base, sides.ours):
        return Texts(sides.base, sides.base, sides.theirs)  # indented in another way, as a whole
    return made


def _says_the_same(one: str, other: str) -> bool:
    said, also = ([piece.said for piece in _cut(text, rows=False)] for text in (one, other))
    return said == also


def _alike(sides: Texts, *, rows: bool) -> Texts:
    base, ours, theirs = cut = [_cut(text, rows=rows) for text in sides]
    before = [[piece.said for piece in side] for side in cut]
    kept = _pairs(base, theirs)
    for at, mine in _pairs(base, ours).items():
        if at in kept:
            base[at] = theirs[kept[at]] = ours[mine]
        else:
            ours[mine] = base[at]
    made = Texts(*("".join(piece.text for piece in side) for side in cut))
    try:
        if [[piece.said for piece in _cut(text, rows=rows)] for text in made] == before:
            return made
    except Unusual:
        pass
    return sides


def _pairs(base: Sequence[_Piece], other: Sequence[_Piece]) -> dict[int, int]:
    was, now = ([piece.said for piece in side] for side in (base, other))
    blocks = SequenceMatcher(None, was, now, autojunk=False).get_matching_blocks()
    return {block.a + n: block.b + n for block in blocks for n in range(block.size)}


def _cut(text: str, *, rows: bool) -> list[_Piece]:
    """A module as pieces.

    Raises:
        Unusual: it is no Python, or has two statements on one line.
    """
    if "\f" in text or "\r" in text:
        raise Unusual("line breaks of other kinds")
    lines = re.findall(r"[^\n]*\n|[^\n]+", text)
    try:
        tree = bounded_parsers.python(text)
        tokens = tokenize.generate_tokens(iter(lines).__next__)
        words = [token for token in tokens if token.type in _WORDS]
    except (SyntaxError, ValueError, RecursionError, MemoryError, tokenize.TokenError) as error:
        raise Unusual("not Python") from error
    pieces = []
    start = 0
    for said, stop in [*_stops(lines, tree.body, (), rows), (("end",), len(lines))]:
        if stop <= start and said != ("end",):
            raise Unusual("two statements on one line")
        beside = _comments([each for each in words if start < each.start[0] <= stop])
        pieces.append(_Piece("".join(lines[start:stop]), (*said, *beside)))
        start = stop
    return pieces


def _comments(words: Sequence[tokenize.TokenInfo]) -> Iterator[tuple[int, str]]:
    """Each comment, with how many words stand before it: a formatter moves it past none."""
    before = 0
    for word in words:
        if word.type == tokenize.COMMENT:
            yield before, word.string
        else:
            before += 1


def _stops(
    lines: Sequence[str], body: Sequence[ast.stmt], place: tuple[object, ...], rows: bool
) -> Iterator[tuple[tuple[object, ...], int]]:
    """What each piece says, and the line behind it."""
    for node, imports in _rows(body, rows):
        if imports:
            said = _imported(imports) if rows else same_meaning.said(imports)
            yield (place, *said), node.end_lineno or node.lineno
            continue
        branches = [(label, inside) for label, inside in _branches(node) if inside]
        if not branches or _first(branches[0][1][0]) < node.lineno:
            yield (place, _said(node)), node.end_lineno or node.lineno
            continue
        for number, (label, inside) in enumerate(branches):
            where = (place, type(node).__name__, getattr(node, "name", ""), number)
            if label != "else" or not lines[_first(inside[0])].lstrip().startswith("elif"):
                yield (place, label), _first(inside[0])
            yield from _stops(lines, inside, where, rows)


def _rows(body: Sequence[ast.stmt], rows: bool) -> Iterator[tuple[ast.stmt, list[ast.stmt]]]:
    """The statements; of imports the last of a row, with the whole of it."""
    imports: list[ast.stmt] = []
    for at, node in enumerate(body):
        if not isinstance(node, ast.Import | ast.ImportFrom):
            yield node, []
            continue
        imports.append(node)
        goes_on = at + 1 < len(body) and isinstance(body[at + 1], ast.Import | ast.ImportFrom)
        if not (rows and goes_on):
            yield node, imports
            imports = []


def _imported(imports: Sequence[ast.stmt]) -> Iterator[str]:
    """What a row of imports brings, in its order: who comes first may decide who wins."""
    for node in imports:
        module = getattr(node, "module", None)
        for name in getattr(node, "names", []):
            yield f"{getattr(node, 'level', None)} {module} {ast.dump(name)}"


def _branches(node: ast.stmt) -> Iterator[tuple[str, list[ast.stmt]]]:
    """The blocks in a statement, each with what its head says."""
    head = _said(node)
    if isinstance(node, ast.Match):
        for number, case in enumerate(node.cases):
            yield f"{head * (not number)} {_said(case)}", case.body
        return
    yield head, getattr(node, "body", [])
    for handler in getattr(node, "handlers", []):
        yield _said(handler), handler.body
    yield "else", getattr(node, "orelse", [])
    yield "finally", getattr(node, "finalbody", [])


def _said(node: ast.AST) -> str:
    """A statement without the blocks in it."""
    match node:
        case ast.Expr(value=ast.Constant(value=str(words))):
            return f"text {inspect.cleandoc(words).strip()}"
    compound = any(isinstance(getattr(node, name, None), list) for name in _INNER)
    fields = {k: v for k, v in ast.iter_fields(node) if not (compound and k in _INNER)}
    return ast.dump(type(node)(**fields))


def _first(node: ast.stmt) -> int:
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min([node.lineno, *(each.lineno for each in decorators)]) - 1
