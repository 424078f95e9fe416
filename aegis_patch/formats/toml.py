"""TOML: tables merge by key, arrays by element; every line that need not change stays.

The values are merged first, as plain data: that is what the result has to say. Then it is written
in two ways, and the first that says it is taken: their changed lines, put where the same lines
stand in ours, as a careful person would; or our document, edited in place through tomlkit.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from typing import Any

from aegis_patch.formats import anchors, bounded_parsers, requirements
from aegis_patch.formats.named_blocks import Texts

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_ABSENT = object()
# What tells where a line stands, and where a comment begins.
_TOKEN = re.compile(r'"""|\'\'\'|"(?:[^"\\]|\\.)*"|\'[^\']*\'|#.*|[\[\]{}]')
_KEY = re.compile(r"""\s*((?:[\w.-]|"[^"]*"|'[^']*')+)\s*=""")


class _Conflict(Exception):
    """Both sides changed one value, each in its own way."""


def settled(sides: Texts) -> Texts:
    """Three TOML documents made one; as they were where both sides changed one value differently.

    So they are where a comment of the user's would be lost, or outlive what it replaced.
    """
    if _rewrote_what_goes(*sides):
        return sides
    try:
        target = _merged(*(_document(text) for text in sides))
        for result in _written(*sides, target):
            if result is not None and _comments_kept(*sides, result):
                return Texts(result, result, result)
    except _Conflict:
        pass
    return sides


def pieces(text: str) -> Counter[str]:
    """Every value with the path to it, and every comment."""
    return Counter(_leaves(_document(text), "")) + _comments(text)


def _document(text: str) -> Any:
    return requirements.marked(bounded_parsers.toml(text))


def _leaves(value: Any, path: str) -> Iterator[str]:
    if isinstance(value, dict):
        yield f"{path}{{}}"
        for key, inner in value.items():
            yield from _leaves(inner, f"{path}.{key!r}")
    elif isinstance(value, list):
        yield f"{path}[]"
        for inner in value:
            yield from _leaves(inner, f"{path}[]")
    else:
        yield f"{path} = {value!r}"


def _written(base: str, ours: str, theirs: str, target: Any) -> Iterator[str | None]:
    yield _by_lines(base, ours, theirs, target)
    if (made := _by_document(ours, target)) is not None:
        yield _with_comments(base, ours, theirs, made)


# The values.


def _merged(base: Any, ours: Any, theirs: Any) -> Any:
    if _same(theirs, base) or _same(theirs, ours):
        return ours
    if _same(ours, base):
        return theirs
    if isinstance(ours, dict) and isinstance(theirs, dict):
        return _merged_tables(base if isinstance(base, dict) else {}, ours, theirs)
    if isinstance(ours, list) and isinstance(theirs, list) and isinstance(base, list):
        return _merged_arrays(base, ours, theirs)
    raise _Conflict


def _merged_tables(
    base: dict[str, Any], ours: dict[str, Any], theirs: dict[str, Any]
) -> dict[str, Any]:
    result = {}
    for key in [*ours, *(key for key in theirs if key not in ours)]:
        sides = (side.get(key, _ABSENT) for side in (base, ours, theirs))
        value = _merged(*sides)
        if value is not _ABSENT:
            result[key] = value
    return result


def _merged_arrays(base: list[Any], ours: list[Any], theirs: list[Any]) -> list[Any]:
    """Elements are known by package name where they have one, else by their whole value."""
    before, mine, wanted = ({_name(item): item for item in side} for side in (base, ours, theirs))
    if len(mine) != len(ours) or len(wanted) != len(theirs):
        raise _Conflict
    result = _merged_tables(before, mine, wanted)
    order = list(mine)
    for at, name in enumerate(wanted):
        if name in result and name not in mine:
            ahead = [known for known in list(wanted)[:at] if known in order]
            order.insert(order.index(ahead[-1]) + 1 if ahead else len(order), name)
    return [result[name] for name in order if name in result]


def _name(item: Any) -> str:
    if isinstance(item, str) and (found := _NAME.match(item)):
        return re.sub(r"[-_.]+", "-", found.group()).lower()
    return repr(item)


def _same(one: Any, other: Any, *, ordered: bool = True) -> bool:
    # Python's == takes 1, 1.0 and true for one value; TOML does not.
    return _said(one, ordered) == _said(other, ordered)


def _said(value: Any, ordered: bool) -> str:
    if isinstance(value, dict):
        return f"{{{sorted((key, _said(item, ordered)) for key, item in value.items())}}}"
    if isinstance(value, list):
        items = [_said(item, ordered) for item in value]
        return f"{items if ordered else sorted(items)}"
    return repr(value)


# The first way: line by line.


@dataclass(frozen=True, slots=True)
class _Line:
    """A line, the table and the multi-line value in which it stands, and what it is known by.

    The name is a key, an element or a comment; a blank line has none.
    """

    text: str
    table: str
    value: str
    name: str

    @property
    def place(self) -> tuple[str, str, str]:
        """What the line has in common with its counterpart on the other side."""
        return self.table, self.value, self.name

    @property
    def said(self) -> tuple[str, str, str, str]:
        """What it says, in whatever indentation and quotes."""
        text = self.text.strip().removesuffix(",")
        if text[:1] in ("'", '"') and text[-1:] == text[:1]:
            return *self.place, requirements.meaning(text[1:-1])
        return *self.place, text.replace("'", '"')

    @property
    def opens_table(self) -> bool:
        """Whether a table begins here."""
        return not self.value and self.text.lstrip().startswith("[")


def _by_lines(base: str, ours: str, theirs: str, target: Any) -> str | None:
    before, result, wanted = (list(_scanned(text)) for text in (base, ours, theirs))
    was, now = ([line.text for line in side] for side in (before, wanted))
    for kind, i1, i2, j1, j2 in SequenceMatcher(None, was, now, autojunk=False).get_opcodes():
        if kind == "equal":
            continue
        at = _taken_out(result, before[i1:i2])
        if at is None and any(line.name for line in before[i1:i2]):
            return None  # the user changed what they take out
        added = [line for line in wanted[j1:j2] if not line.name or line not in result]
        if any(line.name for line in added):
            at = _after(result, wanted[:j1], added) if at is None else at
            result[at:at] = _fitted(result, at, added)
    text = "".join(line.text for line in result)
    try:
        return text if _same(_document(text), target, ordered=False) else None
    except ValueError:
        return None


def _scanned(text: str) -> Iterator[_Line]:
    table = value = quote = ""
    depth = 0
    lines = re.findall(r"[^\n]*\n|[^\n]+", text)
    for at, line in enumerate(lines):
        free = not depth and not quote
        if free:
            value = ""
        if free and line.lstrip().startswith("["):
            table = name = line.strip()
            if table.startswith("[["):  # known by what its first line says
                table += lines[at + 1].strip() if at + 1 < len(lines) else ""
        elif free and (key := _KEY.match(line)):
            name = key.group(1)
        else:
            name = _item(line)
        yield _Line(line, table, value, name)
        depth, quote = _nesting(line, depth, quote)
        if free and (depth or quote):
            value = name


def _nesting(line: str, depth: int, quote: str) -> tuple[int, str]:
    for token in _TOKEN.findall(line):
        if quote:
            quote = "" if token == quote else quote
        elif token in ('"""', "'''"):
            quote = token
        elif token in "[{":
            depth += 1
        elif token in "]}":
            depth -= 1
    return depth, quote


def _item(line: str) -> str:
    text = line.strip().removesuffix(",")
    return _name(text.strip("\"'")) if text[:1] in ("'", '"') else text


def _taken_out(result: list[_Line], gone: list[_Line]) -> int | None:
    """Take lines out of ours, blank ones only beside the others; where that was."""
    at = None
    blank = 0
    for line in gone:
        if line.name:
            if line in result:
                at = result.index(line)
            elif formatted := [n for n, each in enumerate(result) if each.said == line.said]:
                at = formatted[0]
            else:
                return None
            del result[at]
            while blank and at and not result[at - 1].name:
                at -= 1
                blank -= 1
                del result[at]
            blank = 0
        elif at is None:
            blank += 1
        elif at < len(result) and not result[at].name:
            del result[at]
    return at


def _after(result: list[_Line], ahead: list[_Line], added: list[_Line]) -> int:
    """Behind the line of ours that their new lines follow."""
    places = [line.place for line in result]
    named = (line.place for line in reversed(ahead) if line.name)
    known = next((place for place in named if place in places), None)
    if known is None:
        return 0
    at = places.index(known) + 1
    if next(line for line in added if line.name).opens_table:
        # Not into the middle of a table that the user made longer.
        rest = next((n for n in range(at, len(result)) if result[n].opens_table), len(result))
        longer = [n for n in range(at, rest) if result[n].name[:1] not in ("", "#")]
        return longer[-1] + 1 if longer else at
    return at


def _fitted(result: list[_Line], at: int, added: list[_Line]) -> list[_Line]:
    """Their lines, indented as ours are; the line before gets the comma that it may lack."""
    value = added[0].value
    inside = [n for n in (at - 1, at) if 0 <= n < len(result) and result[n].value == value]
    inside = [n for n in inside if result[n].name not in ("", "]", "}")]
    if not value or not inside or any(line.value != value for line in added):
        return added
    last = result[at - 1]
    if at - 1 in inside and last.text.rstrip()[-1:] in ("'", '"', "}"):
        result[at - 1] = replace(last, text=last.text.rstrip() + ",\n")
    indent = result[inside[0]].text.partition(result[inside[0]].text.strip())[0]
    return [replace(line, text=indent + line.text.lstrip(" \t")) for line in added]


# The second way: our document, edited.


def _by_document(ours: str, target: Any) -> str | None:
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    try:
        document = tomlkit.parse(ours)
        _edit(document, target)
        result = tomlkit.dumps(document)
        return result if _same(_document(result), target) else None
    except (TOMLKitError, ValueError, LookupError, TypeError, AttributeError):
        return None  # there are valid documents that tomlkit trips over


def _with_comments(base: str, ours: str, theirs: str, made: str) -> str:
    """Ours, edited, with the comments that theirs brings: each above the line that it is above."""
    known = _comments(base) + _comments(ours)
    mine = ours.splitlines()
    lines = made.splitlines()
    above: list[str] = []
    for line in map(str.strip, theirs.splitlines()):
        if _says(line) and line not in known:
            above.append(line)
            continue
        key = _KEY.match(line)
        name = key.group(1) if key else line.removesuffix(",")
        places = [at for at, new in enumerate(lines) if name in new and new not in mine]
        if above and len(places) == 1:
            new = lines[places[0]]
            indent = new[: len(new) - len(new.lstrip())]
            lines[places[0] : places[0]] = [indent + comment for comment in above]
        above = []
    return "\n".join([*lines, ""])


def _edit(document: Any, target: Any) -> None:
    for key in list(document):
        if key not in target:
            del document[key]
    for key, value in target.items():
        present = document.get(key)
        if present is None or _type(_plain(present)) is not _type(value):
            document[key] = value
        elif isinstance(value, dict):
            _edit(present, value)
        elif isinstance(value, list) and _plain(present) != value:
            _edit_array(document, key, value)
        elif _plain(present) != value:
            document[key] = value


def _edit_array(document: Any, key: str, target: list[Any]) -> None:
    array = document[key]
    for at in range(len(array) - 1, -1, -1):
        if _plain(array[at]) not in target:
            del array[at]
    for at, value in enumerate(target):
        if at >= len(array) or _plain(array[at]) != value:
            array.insert(at, value)


def _type(value: Any) -> type:
    return str if isinstance(value, str) else type(value)


def _plain(value: Any) -> Any:
    return value.unwrap() if hasattr(value, "unwrap") else value


def _comments_kept(base: str, ours: str, theirs: str, result: str) -> bool:
    before, mine, wanted, kept = (_comments(text) for text in (base, ours, theirs, result))
    return not mine - (before - wanted) - kept


def _rewrote_what_goes(base: str, ours: str, theirs: str) -> bool:
    """Whether ours has other words in the place of a comment that theirs takes away."""
    gone = _comments(base) - _comments(theirs)
    old, new = (text.splitlines() for text in (base, ours))
    for kind, i1, i2, j1, j2 in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        was, now = (_comments("\n".join(lines)) for lines in (old[i1:i2], new[j1:j2]))
        if kind == "replace" and now - was and (was - now) & gone:
            return True
    return False


def _comments(text: str) -> Counter[str]:
    tokens = (token.strip() for line in text.splitlines() for token in _TOKEN.findall(line))
    return Counter(token for token in tokens if _says(token))


def _says(token: str) -> bool:
    """Whether it is a comment, and no anchor of ours: without these a list says the same."""
    return token.startswith("#") and not anchors.is_anchor(token.encode())
