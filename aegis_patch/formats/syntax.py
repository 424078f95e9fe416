"""Whether a file parses."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable

from aegis_patch.formats import bounded_parsers


def syntax_error(path: str, data: bytes) -> str | None:
    """Why a file doesn't parse, as "line N: reason"; None if it does or has no parser."""
    _, dot, suffix = path.rpartition(".")
    check = _CHECKS.get(suffix)
    try:
        if dot and check:
            check(data)
    except SyntaxError as error:
        return f"line {error.lineno}: {error.msg}"
    except ValueError as error:  # TOML, JSON and Unicode errors
        return str(error)
    except (RecursionError, MemoryError):  # nested too deep for the parser
        return None
    return None


def _yaml(data: bytes) -> None:
    for document in bounded_parsers.yaml(data.decode()):
        _unique(document)


def _unique(document: object) -> None:
    # Compose refuses a key that occurs twice, and an item in `depends_on`; a name in `environment`
    # counts once. Aliases lead to nodes that were seen already, perhaps to one around them.
    import yaml

    pending, seen = [document], set[int]()
    while pending:
        node = pending.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            pending += node.value
        elif isinstance(node, yaml.MappingNode):
            pending += [value for _, value in node.value]
            _once("key", [key for key, _ in node.value])
            for key, value in node.value:
                _unique_items(key.value, value)


def _unique_items(key: object, node: object) -> None:
    import yaml

    from aegis_patch.formats.yaml_keys import SETS

    if isinstance(key, str) and key in SETS and isinstance(node, yaml.SequenceNode):
        _once("item", node.value, up_to="=" if key in ("environment", "labels") else "")


def _once(what: str, nodes: Iterable[object], up_to: str = "") -> None:
    """Raise a ValueError if two scalars are equal, or begin alike."""
    import yaml

    seen = set[tuple[str, str]]()
    for node in nodes:
        if not isinstance(node, yaml.ScalarNode) or node.value == "<<":
            continue
        value = node.value.partition(up_to)[0] if up_to else node.value
        if (node.tag, value) in seen:
            raise ValueError(f"line {node.start_mark.line + 1}: {what} {value!r} stands twice")
        seen.add((node.tag, value))


_CHECKS: dict[str, Callable[[bytes], object]] = {
    "py": bounded_parsers.python,
    "pyi": bounded_parsers.python,
    "toml": lambda data: bounded_parsers.toml(data.decode()),
    "json": json.loads,
    "yml": _yaml,
    "yaml": _yaml,
}
