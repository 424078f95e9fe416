"""A Compose file: which services and volumes it has, and where it needs one.

Compose refuses the whole file where a service needs what nobody defines.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from aegis_patch import documents

NAME = re.compile(r"(docker-)?compose[\w.-]*\.ya?ml")
_VOLUME = re.compile(r"([A-Za-z0-9][\w.-]+):")


@dataclass(frozen=True, slots=True)
class Compose:
    """What a file has, as "service redis", and what it needs: the line, by whom, and what."""

    has: frozenset[str]
    needs: tuple[tuple[int, str, str], ...]


def read(data: bytes) -> Compose | None:
    """What a Compose file has and needs; None where it is none."""
    try:
        found = documents.yaml(data.decode())
    except (ValueError, RecursionError):
        return None
    if len(found) > 1:
        return None
    top = dict(item for node in found for item in _items(node))
    sections = {kind: _items(top.get(f"{kind}s")) for kind in ("service", "volume")}
    has = {f"{kind} {name}" for kind, found in sections.items() for name, _ in found}
    needs = [
        (line, by, f"{kind} {name}")
        for by, service in sections["service"]
        for key, value in _items(service)
        for kind, name, line in _needed(key, value)
    ]
    return Compose(frozenset(has), tuple(needs))


def _items(node: object) -> list[tuple[str, object]]:
    import yaml

    if not isinstance(node, yaml.MappingNode):
        return []
    return [(key.value, value) for key, value in node.value if isinstance(key, yaml.ScalarNode)]


def _needed(key: str, node: object) -> Iterator[tuple[str, str, int]]:
    import yaml

    if not isinstance(node, yaml.CollectionNode):
        return
    items = (each[0] if isinstance(each, tuple) else each for each in node.value)
    for item in items:
        if not isinstance(item, yaml.ScalarNode):
            continue
        line = item.start_mark.line + 1
        if key == "depends_on":
            yield "service", item.value, line
        elif key == "volumes" and (volume := _VOLUME.match(item.value)):
            yield "volume", volume[1], line


_PATHS = {"file", "env_file", "label_file", "path", "build", "context", "include", "source"}
_VARIABLE = re.compile(r"\$(?:\w+|\{\w+(?::?-([^${}]*)|[^{}]*)\})")  # as if none were set
_PLACE = re.compile(r"\.{1,2}/[^:]*|\.{1,2}(?=:)")


def paths(data: bytes) -> list[tuple[int, str]]:
    """The paths that a Compose file names, each with its line."""
    try:
        seen = set[int]()
        return [each for node in documents.yaml(data.decode()) for each in _paths("", node, seen)]
    except (ValueError, RecursionError):
        return []


def _paths(key: str, node: object, seen: set[int]) -> Iterator[tuple[int, str]]:
    import yaml

    if id(node) in seen:  # an alias: aliases of aliases are very many
        return
    seen.add(id(node))
    if isinstance(node, yaml.MappingNode):
        items = dict(_items(node))
        for inner, value in items.items():
            yield from _paths(inner, value, seen)
        at, file = items.get("context"), items.get("dockerfile")
        if isinstance(file, yaml.ScalarNode):
            context = at.value if isinstance(at, yaml.ScalarNode) else "."
            yield file.start_mark.line + 1, f"{context}/{file.value}"
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _paths(key, item, seen)
    elif isinstance(node, yaml.ScalarNode):
        text = _VARIABLE.sub(lambda found: found[1] or "", node.value)
        mounted = _PLACE.match(text) if key == "volumes" else None
        if mounted or key in _PATHS:
            yield node.start_mark.line + 1, mounted[0] if mounted else text
