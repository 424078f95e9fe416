"""Structured merges by file kind, for what everybody edits.

A structured merge is tried where the text merge conflicts, or where its result does not parse.
It is accepted only if its result parses and holds what both sides wanted. Pristine trees are
never merged this way: an upgrade of a parser must not change an old release.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Callable

# merge(base, ours, theirs) → the merged bytes, or None where only a person can decide.
Merge = Callable[[bytes, bytes, bytes], bytes | None]


def structured(path: str) -> Merge | None:
    """The structured merge for a file of this name, if there is one."""
    if path.endswith(".toml"):
        from aegis_patch.merges import toml

        return toml.merge
    return None


def syntax_error(path: str, data: bytes) -> str | None:
    """Why a file does not parse, as "line N: reason"; None where it does, or none can tell."""
    check = _CHECKS.get(path.rpartition(".")[2])
    try:
        if check:
            check(data)
    except SyntaxError as error:
        return f"line {error.lineno}: {error.msg}"
    except ValueError as error:  # TOML, JSON and Unicode errors
        return str(error)
    except (RecursionError, MemoryError):  # nested too deep for the parser
        return None
    return None


def _python(data: bytes) -> None:
    ast.parse(data)


def _toml(data: bytes) -> None:
    import tomllib

    tomllib.loads(data.decode())


def _json(data: bytes) -> None:
    json.loads(data)


def _yaml(data: bytes) -> None:
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        for document in yaml.compose_all(data.decode(), loader):
            _unique(document)
    except yaml.YAMLError as error:
        raise ValueError(" ".join(str(error).split())) from error


def _unique(document: object) -> None:
    # A key that stands twice is an error to Compose, though not to every YAML parser. Aliases
    # lead to nodes that were seen already, perhaps to the one that holds them.
    import yaml

    pending, seen = [document], set[int]()
    while pending:
        node = pending.pop()
        if not isinstance(node, yaml.CollectionNode) or id(node) in seen:
            continue
        seen.add(id(node))
        keys = set[tuple[str, str]]()
        for item in node.value:
            key, value = item if isinstance(item, tuple) else (None, item)
            pending.append(value)
            if isinstance(key, yaml.ScalarNode) and key.value != "<<":
                if (key.tag, key.value) in keys:
                    line = key.start_mark.line + 1
                    raise ValueError(f"line {line}: key {key.value!r} stands twice")
                keys.add((key.tag, key.value))


_CHECKS: dict[str, Callable[[bytes], None]] = {
    "py": _python,
    "pyi": _python,
    "toml": _toml,
    "json": _json,
    "yml": _yaml,
    "yaml": _yaml,
}
