"""A Compose file: which services, volumes and networks it has, and where it needs one.

Compose refuses the whole file if a service needs one that nobody defines.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache

from aegis_patch.formats import bounded_parsers
from aegis_patch.formats.compose_nodes import elements, line, mapping, text
from aegis_patch.values import dataclass

NAME = re.compile(r"(docker-)?compose[\w.-]*\.ya?ml")
_VOLUME = re.compile(r"([A-Za-z0-9][\w.-]+):")
_KINDS = ("service", "volume", "network")


@dataclass(frozen=True, slots=True)
class Compose:
    """Names that exist, as "service redis", and names that are needed: the line, by whom, which.

    `own` are the volumes that Compose names after the project. A file that includes others isn't
    `whole`.
    """

    has: frozenset[str]
    needs: tuple[tuple[int, str, str], ...]
    name: str
    own: frozenset[str]
    whole: bool


@lru_cache(maxsize=64)
def read(data: bytes) -> Compose | None:
    """The names in one Compose file; None if it isn't one."""
    try:
        documents = bounded_parsers.yaml(data.decode())
    except (ValueError, RecursionError):
        return None
    if len(documents) != 1:
        return None
    top = mapping(documents[0])
    has = set[str]()
    for kind in _KINDS:
        has.update(f"{kind} {name}" for name in mapping(top.get(f"{kind}s")))
    needs = tuple(_needs(mapping(top.get("services"))))
    own = frozenset(_own_volumes(mapping(top.get("volumes"))))
    return Compose(frozenset(has), needs, text(top.get("name")), own, whole="include" not in top)


def _own_volumes(volumes: Mapping[str, object]) -> Iterator[str]:
    for volume, node in volumes.items():
        if not {"name", "external"} & mapping(node).keys():
            yield volume


def warning(was: Compose | None, now: Compose | None) -> str:
    """What to know before Compose runs the next time: volumes that change names with the project.

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


def _needs(services: Mapping[str, object]) -> Iterator[tuple[int, str, str]]:
    """What each service needs: the line, by whom, which."""
    for by, service in services.items():
        for key, value in mapping(service).items():
            for need, at in _needed(key, value):
                yield at, by, need


def _needed(key: str, node: object) -> Iterator[tuple[str, int]]:
    """Names that a key of a service needs, with their lines."""
    if key == "extends":
        yield from _extended(node)
        return
    for item in elements(node):
        name = text(item)
        if key == "depends_on":
            yield f"service {name}", line(item)
        elif key == "networks" and name != "default":
            yield f"network {name}", line(item)
        elif key == "volumes" and (volume := _mounted(item)):
            yield f"volume {volume}", line(item)


def _extended(node: object) -> Iterator[tuple[str, int]]:
    """The service of this file that one extends."""
    base = mapping(node) or {"service": node}
    if "file" not in base:
        yield f"service {text(base.get('service'))}", line(node)


def _mounted(item: object) -> str:
    """The volume that an element of `volumes` mounts, if it is one."""
    if short := _VOLUME.match(text(item)):
        return short[1]
    mount = mapping(item)
    return text(mount.get("source")) if text(mount.get("type")) == "volume" else ""
