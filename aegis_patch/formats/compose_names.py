"""A Compose file: the names of its services, volumes and networks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache

from aegis_patch.formats import bounded_parsers
from aegis_patch.values import dataclass

NAME = r"(docker-)?compose[\w.-]*\.ya?ml"
_VARIABLE = r"\$(?:\w+|\{\w+(?::?-([^${}]*)|[^{}]*)\})"


@dataclass(frozen=True, slots=True)
class Compose:
    """The project's name, and the services, volumes and networks, as "service redis".

    `own` are the volumes that Compose names after the project.
    """

    name: str
    has: frozenset[str]
    own: frozenset[str]


@lru_cache(maxsize=64)
def read(data: bytes) -> Compose | None:
    """The names in one Compose file; None if it can't be read as one."""
    try:
        documents = bounded_parsers.yaml(data.decode())
    except (ValueError, RecursionError):
        return None
    if len(documents) != 1:
        return None
    top = _mapping(documents[0])
    has = set[str]()
    for kind in ("service", "volume", "network"):
        has.update(f"{kind} {name}" for name in _mapping(top.get(f"{kind}s")))
    own = frozenset(_own_volumes(_mapping(top.get("volumes"))))
    return Compose(_text(top.get("name")), frozenset(has), own)


def names(data: bytes) -> frozenset[str]:
    """The services, volumes and networks of a file, as "service redis"."""
    found = read(data)
    return found.has if found else frozenset()


def _own_volumes(volumes: Mapping[str, object]) -> Iterator[str]:
    for volume, node in volumes.items():
        if not {"name", "external"} & _mapping(node).keys():
            yield volume


def warning(was: Compose | None, now: Compose | None) -> str:
    """A warning before the next `docker compose up`: volumes are renamed with the project. "" if
    none.

    "" if there is nothing to know.
    """
    if not was or not now or not was.name or not now.name or was.name == now.name:
        return ""
    kept = sorted(was.own & now.own)
    old, new = (", ".join(f"{name}_{each}" for each in kept) for name in (was.name, now.name))
    if not kept:
        return ""
    return (
        f"Compose will use new, empty volumes ({new}) and leave your data in {old}. "
        f'To keep using it, set: name: "{was.name}"'
    )


def _mapping(node: object) -> dict[str, object]:
    """The values of a mapping by key, without those merged from another (`<<`)."""
    import yaml

    found: dict[str, object] = {}
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode):
                found[key.value] = value
    return found


def _text(node: object) -> str:
    """A plain value, as if no variable in it were set."""
    import yaml

    if not isinstance(node, yaml.ScalarNode):
        return ""
    return re.sub(_VARIABLE, lambda found: found[1] or "", node.value)
