"""The paths that a Compose file names."""

from __future__ import annotations

import re
from collections.abc import Iterator

from aegis_patch.formats import bounded_parsers
from aegis_patch.formats.compose_nodes import line, mapping, text

_PATHS = {"file", "env_file", "label_file", "path", "build", "context", "include", "source"}
_PLACE = re.compile(r"\.{1,2}/[^:]*|\.{1,2}(?=:)")


def paths(data: bytes) -> list[tuple[int, str]]:
    """The paths that a Compose file names, each with its line."""
    try:
        documents = bounded_parsers.yaml(data.decode())
    except (ValueError, RecursionError):
        return []
    seen = set[int]()
    found = list[tuple[int, str]]()
    for document in documents:
        found += _paths("", document, seen)
    return found


def _paths(key: str, node: object, seen: set[int]) -> Iterator[tuple[int, str]]:
    import yaml

    if id(node) in seen:  # an alias: aliases of aliases are very many
        return
    seen.add(id(node))
    if isinstance(node, yaml.MappingNode):
        items = mapping(node)
        for inner, value in items.items():
            yield from _paths(inner, value, seen)
        file = items.get("dockerfile")
        if isinstance(file, yaml.ScalarNode):
            yield line(file), f"{text(items.get('context')) or '.'}/{file.value}"
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _paths(key, item, seen)
    elif key == "volumes" and (mounted := _PLACE.match(text(node))):
        yield line(node), mounted[0]
    elif key in _PATHS:
        yield line(node), text(node)
