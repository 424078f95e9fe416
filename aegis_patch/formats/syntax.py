"""Whether a file parses."""

from __future__ import annotations

import json
from collections.abc import Callable

from aegis_patch.formats import bounded_parsers


def syntax_error(path: str, data: bytes) -> str | None:
    """Why a file doesn't parse, as "line N: reason"; None if it does or has no parser."""
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
    bounded_parsers.python(data)


def _toml(data: bytes) -> None:
    bounded_parsers.toml(data.decode())


def _json(data: bytes) -> None:
    json.loads(data)


def _yaml(data: bytes) -> None:
    for document in bounded_parsers.yaml(data.decode()):
        _unique(document)


def _unique(document: object) -> None:
    # A key that stands twice is an error to Compose, though not to every YAML parser; so is an
    # item in `depends_on`, and a name in `environment` counts once. Aliases lead to nodes that
    # were seen already, perhaps to the one that holds them.
    import yaml

    from aegis_patch.formats.yaml_keys import SETS

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
            if isinstance(key, yaml.ScalarNode) and key.value in SETS:
                _unique_items(value, key.value)
            if isinstance(key, yaml.ScalarNode) and key.value != "<<":
                if (key.tag, key.value) in keys:
                    line = key.start_mark.line + 1
                    raise ValueError(f"line {line}: key {key.value!r} stands twice")
                keys.add((key.tag, key.value))


def _unique_items(node: object, key: str) -> None:
    import yaml

    items = node.value if isinstance(node, yaml.SequenceNode) else []
    seen = set[str]()
    for item in items:
        if isinstance(item, yaml.ScalarNode):
            said = item.value.partition("=")[0] if key in ("environment", "labels") else item.value
            if said in seen:
                line = item.start_mark.line + 1
                raise ValueError(f"line {line}: item {said!r} stands twice")
            seen.add(said)


_CHECKS: dict[str, Callable[[bytes], None]] = {
    "py": _python,
    "pyi": _python,
    "toml": _toml,
    "json": _json,
    "yml": _yaml,
    "yaml": _yaml,
}
