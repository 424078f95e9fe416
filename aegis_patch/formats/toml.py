"""TOML: tables by their headers, keys by name, elements of an array by package name or value.

Comments stand for themselves, but those right above a header belong to its table. An array on one
line is merged by its elements, in the form that ours has.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from aegis_patch.formats import anchors, bounded_parsers
from aegis_patch.formats.named_blocks import Block, Texts, Unusual, behind_blank_lines, split_lines

_PACKAGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_Array = dict[str, Any]
_KEY = re.compile(r"""\s*((?:[\w.-]|"[^"]*"|'[^']*')+)\s*=""")
_LONG_QUOTES = ('"""', "'''")
# What tells where a value ends, and where a comment begins.
_TOKEN = re.compile(r'"""|\'\'\'|"(?:[^"\\]|\\.)*"|\'[^\']*\'|#.*|[\[\]{}]')


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
            yield from _values(_respelled(inner), f"{path}[]")
    else:
        yield f"{path} = {value!r}"


def _respelled(value: Any) -> Any:
    return _requirement(value) if isinstance(value, str) else value


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
    """The first line of each header, key, element and comment, and the line behind it."""
    start, inside = 0, ""
    for at, line in enumerate(lines):
        for token in _TOKEN.findall(line):
            inside = _after(token, inside)
        if not inside:
            if line.strip() or start < at:
                yield start, at + 1
            start = at + 1


def _after(token: str, inside: str) -> str:
    """The open brackets, and a quote of three, behind a token."""
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
        inner = _elements(lines[at + 1 : stop - 1]) if _is_array_of_lines(lines[at:stop]) else None
        if inner is None:
            yield Block(name, text, join=_joined, said=_said(text))
        else:
            foot = "".join(lines[stop - 1 : behind])
            yield Block(name, lines[at], inner, foot, join=_joined)


def _said(text: str) -> str:
    """The meaning of a text, in any layout; the order of an array is part of it."""
    return repr(list(pieces(text).elements()))


def _is_array_of_lines(lines: Sequence[str]) -> bool:
    return len(lines) > 1 and lines[0].rstrip().endswith("[") and lines[-1].strip() == "]"


def _elements(lines: Sequence[str]) -> tuple[Block, ...] | None:
    """The elements and comments of an array; None if one shares its lines with another."""
    found = list[Block]()
    for start, stop in _stops(lines):
        text = "".join(lines[start : behind_blank_lines(lines, stop)])
        value = text.strip()
        if value.endswith(('"', "'")):  # the last one may lack its comma
            text = f"{text.rstrip()},{text[len(text.rstrip()) :]}"
        if not value.startswith("#"):
            try:
                (element,) = bounded_parsers.toml(f"x = [\n{value}\n]")["x"]
            except ValueError:
                return None
            value = _name(element)
        found.append(Block(value, text, said=_said(f"x = [\n{text}\n]")))
    return tuple(found)


def _name(element: Any) -> str:
    """The name of an element: a requirement's package, or the whole value."""
    package = _PACKAGE.match(element) if isinstance(element, str) else None
    return re.sub(r"[-_.]+", "-", package[0]).lower() if package else repr(element)


def _joined(texts: Texts) -> str | None:
    """An array with theirs' additions and without its deletions, in the layout of ours."""
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    base, ours, theirs = (_array(text) for text in texts)
    if base is None or ours is None or theirs is None or _clash(base, ours, theirs):
        return None
    try:
        document: Any = tomlkit.parse(texts.ours)
        array = document
        while not isinstance(array, list):
            (array,) = array.values()
        _bring(array, base, ours, theirs)
        return tomlkit.dumps(document)
    except (TOMLKitError, LookupError, TypeError, AttributeError):
        return None  # there are valid documents that tomlkit trips over


def _bring(array: list[Any], base: _Array, ours: _Array, theirs: _Array) -> None:
    """Bring theirs' changes into the array of ours."""
    names = _merged_names(base, ours, theirs)
    for at, name in reversed(list(enumerate(ours))):
        if name not in names:
            del array[at]
        elif _same(ours[name], base.get(name)) and not _same(ours[name], theirs[name]):
            array[at] = theirs[name]
    for at, name in enumerate(names):
        if name not in ours:
            array.insert(at, theirs[name])


def _merged_names(base: _Array, ours: _Array, theirs: _Array) -> list[str]:
    """Those of ours, with what theirs added and without what it took away.

    What is new stands behind the name that it follows in theirs, or at the end.
    """
    merged = [name for name in ours if name in theirs or name not in base]
    above = ""
    for name in theirs:
        if name not in merged and name not in base:
            at = merged.index(above) + 1 if above else len(merged)
            merged.insert(at, name)
        above = name if name in merged else above
    return merged


def _clash(base: _Array, ours: _Array, theirs: _Array) -> bool:
    """Whether both changed one element, or one changed what the other deleted."""
    for name in base.keys() | theirs.keys():
        was, mine, wanted = base.get(name), ours.get(name), theirs.get(name)
        if not (_same(was, wanted) or _same(mine, was) or _same(mine, wanted)):
            return True
    return False


def _same(one: Any, other: Any) -> bool:
    return bool(_respelled(one) == _respelled(other))


def _array(text: str) -> _Array | None:
    """The elements of an array by name; None if it is no array or names repeat."""
    value: Any = bounded_parsers.toml(text)
    while isinstance(value, dict) and len(value) == 1:
        (value,) = value.values()
    if not isinstance(value, list):
        return None
    found = {_name(element): element for element in value}
    return found if len(found) == len(value) else None
