"""TOML: tables by their headers, keys by name, elements of an array by package name or value.

Comments stand for themselves, but those right above a header belong to its table.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from aegis_patch.formats import anchors, bounded_parsers
from aegis_patch.formats.named_blocks import (
    SPARE_COMMA,
    Block,
    Unusual,
    behind_blank_lines,
    split_lines,
)

_PACKAGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_KEY = re.compile(r"""\s*((?:[\w.-]|"[^"]*"|'[^']*')+)\s*=""")
_LONG_QUOTES = ('"""', "'''")
# What tells where a value ends, and where a comment begins.
_TOKEN = re.compile(r'"""|\'\'\'|"(?:[^"\\]|\\.)*"|\'[^\']*\'|#.*|[\[\]{},]')
# What belongs to an element behind its comma: the rest of its line and blank ones, or a space.
_REST = re.compile(r"[ \t]*(?:#.*)?\n(?:[ \t]*\n)*| ?")


def blocks(text: str) -> tuple[Block, ...]:
    """The keys before the first table, and the tables.

    Raises:
        ValueError: it is no TOML, or a line is neither a key nor a header nor a comment.
    """
    bounded_parsers.toml(text)
    lines = split_lines(text)
    stops = list(_stops(lines))
    starts = [start for start, _ in stops if lines[start].lstrip().startswith("[")]
    heads = [_with_comments_above(lines, start) for start in starts]
    first = heads[0] if heads else len(lines)
    found = list(_entries(lines, stops, 0, first))
    for number, (head, start) in enumerate(zip(heads, starts, strict=True)):
        end = heads[number + 1] if number + 1 < len(heads) else len(lines)
        behind = behind_blank_lines(lines, start + 1)
        inner = tuple(_entries(lines, stops, behind, end))
        name = lines[start].strip()
        if name.startswith("[[") and inner:  # one of several: known by what it says first
            name += inner[0].text.strip()
        found.append(Block(name, "".join(lines[head:behind]), inner))
    return tuple(found)


def pieces(text: str) -> Counter[str]:
    """Every value with the path to it, and every comment."""
    found = Counter(_values(bounded_parsers.toml(text), ""))
    for line in text.splitlines():
        for token in _TOKEN.findall(line):
            if token.startswith("#") and not anchors.is_anchor(token.encode()):
                found[token] += 1
    return found


def _values(value: Any, path: str) -> Iterator[str]:
    if isinstance(value, dict):
        yield f"{path}{{}}"
        for key, inner in value.items():
            yield from _values(inner, f"{path}.{key!r}")
    elif isinstance(value, list):
        yield f"{path}[]"
        for inner in value:
            said = _requirement(inner) if isinstance(inner, str) else inner
            yield from _values(said, f"{path}[]")
    else:
        yield f"{path} = {value!r}"


def _requirement(text: str) -> str:
    """A requirement in its normal spelling; any other text unchanged."""
    if re.fullmatch(r"[\w.-]*", text):
        return text  # a name may be anything
    from packaging.requirements import InvalidRequirement, Requirement
    from packaging.utils import canonicalize_name, canonicalize_version

    try:
        found = Requirement(text)
    except InvalidRequirement:
        return text
    versions = []
    for each in found.specifier:
        exact = each.operator in ("~=", "===")
        version = canonicalize_version(each.version, strip_trailing_zero=not exact)
        versions.append(f"{each.operator}{version}")
    extras = sorted(canonicalize_name(extra) for extra in found.extras)
    name = canonicalize_name(found.name)
    return f"{name} {extras} {sorted(versions)} {found.url} {found.marker}"


def _stops(lines: Sequence[str]) -> Iterator[tuple[int, int]]:
    """The first line of each header, key, element and comment, and the line after it."""
    start, inside = 0, ""
    for at, line in enumerate(lines):
        for token in _TOKEN.findall(line):
            inside = _after(token, inside)
        if not inside:
            if line.strip() or start < at:
                yield start, at + 1
            start = at + 1


def _after(token: str, inside: str) -> str:
    """The brackets, and the triple quote, that are open after a token."""
    if inside.endswith(_LONG_QUOTES):
        return inside[:-3] if inside.endswith(token) else inside
    if token in ("]", "}"):
        return inside[:-1]
    return inside + token if token in ("[", "{", *_LONG_QUOTES) else inside


def _with_comments_above(lines: Sequence[str], at: int) -> int:
    while at and lines[at - 1].lstrip().startswith("#"):
        at -= 1
    return at


def _entries(
    lines: Sequence[str], stops: Sequence[tuple[int, int]], start: int, end: int
) -> Iterator[Block]:
    """The keys and comments of a table."""
    for at, stop in stops:
        if not start <= at < end:
            continue
        behind = min(behind_blank_lines(lines, stop), end)
        text = "".join(lines[at:behind])
        key = _KEY.match(lines[at])
        if not key:
            if not lines[at].lstrip().startswith("#"):
                raise Unusual(f"line {at + 1} is no key")
            yield Block(text.strip(), text)
            continue
        name = f"{key[1]} ="
        head, inner, foot = _array(text) or (text, None, "")
        yield Block(name, head, inner, foot, said=_said(text) if inner is None else "")


def _said(text: str) -> str:
    """The meaning of a text, in any layout; the order of an array is part of it."""
    return repr(list(pieces(text).elements()))


def _array(text: str) -> tuple[str, tuple[Block, ...], str] | None:
    """The start of a key's array, its elements and comments, and its end; None without an array."""
    key = _KEY.match(text)
    start, head, inside, found = 0, "", "", list[Block]()
    for token in _TOKEN.finditer(text, key.end() if key else 0):
        if token.start() < start:
            continue  # a comment behind an element
        inside = _after(token[0], inside)
        if inside[:1] != "[" and not start:
            return None
        chunk = text[start : token.start()]
        if not inside:
            if value := chunk.rstrip():  # the last one may lack its comma
                found.append(_element(f"{value},{chunk[len(value) :] or ' '}"))
            return head, tuple(found), text[token.start() :]
        is_comment = token[0].startswith("#") and not chunk.strip()
        if not start or is_comment or (token[0], inside) == (",", "["):
            stop = _REST.match(text, token.end()).end()  # type: ignore[union-attr]  # always
            if start:
                found.append(_element(text[start:stop]))
            else:
                head = text[:stop]
            start = stop
    return None


def _element(text: str) -> Block:
    """An element of an array, with its comma, or a comment."""
    said = f"x = [\n{text}\n]"
    value = text.strip()
    if not value.startswith("#"):
        (element,) = bounded_parsers.toml(said)["x"]
        value = _name(element)
    if "\n" not in text:
        comma = text.rindex(",")
        text = f"{text[:comma]}{SPARE_COMMA}{text[comma + 1 :]}"
    return Block(value, text, said=_said(said))


def _name(element: Any) -> str:
    """The name of an element: a requirement's package, or the whole value."""
    package = _PACKAGE.match(element) if isinstance(element, str) else None
    return re.sub(r"[-_.]+", "-", package[0]).lower() if package else repr(element)
