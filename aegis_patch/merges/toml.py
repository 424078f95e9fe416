"""TOML: tables merge by key, arrays by element; comments and formatting stay ours.

The values are merged first, as plain data; then our document is edited in place until it says
the same, so that every line that need not change stays as it was written.
"""

from __future__ import annotations

import re
import tomllib
from typing import Any

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_ABSENT = object()


class _Conflict(Exception):
    """Both sides changed one value, each in its own way."""


def merge(base: bytes, ours: bytes, theirs: bytes) -> bytes | None:
    """Merge three TOML documents; None where both sides changed one value differently."""
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    try:
        before, wanted = tomllib.loads(base.decode()), tomllib.loads(theirs.decode())
        document = tomlkit.parse(ours.decode())
        target = _merged(before, tomllib.loads(ours.decode()), wanted)
        _edit(document, target)
        result = tomlkit.dumps(document).encode()
        kept = _comments(ours) <= _comments(result)
        return result if kept and tomllib.loads(result.decode()) == target else None
    except (_Conflict, ValueError, TOMLKitError):
        return None


def _merged(base: Any, ours: Any, theirs: Any) -> Any:
    if theirs in (base, ours):
        return ours
    if ours == base:
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


def _edit(document: Any, target: Any) -> None:
    for key in list(document):
        if key not in target:
            del document[key]
    for key, value in target.items():
        present = document.get(key)
        if present is None or type(_plain(present)) is not type(value):
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


def _plain(value: Any) -> Any:
    return value.unwrap() if hasattr(value, "unwrap") else value


def _comments(text: bytes) -> set[bytes]:
    return {line.strip() for line in text.splitlines() if line.lstrip().startswith(b"#")}
