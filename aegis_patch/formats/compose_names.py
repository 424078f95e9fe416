"""A Compose file: which services, volumes and networks it has, and where it needs one.

Compose refuses the whole file if a service needs one that nobody defines. Files that it includes
are part of it.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache

from aegis_patch.formats import bounded_parsers
from aegis_patch.formats.compose_nodes import elements, line, mapping, text
from aegis_patch.values import dataclass, replace

NAME = re.compile(r"(docker-)?compose[\w.-]*\.ya?ml")
Find = Callable[[str], bytes]
"""The text of the file at a path, empty if there is none."""

_VOLUME = re.compile(r"([A-Za-z0-9][\w.-]+):")
_KINDS = ("service", "volume", "network")
_DEEPEST = 20  # files that include one another


@dataclass(frozen=True, slots=True)
class Compose:
    """Names that exist, as "service redis", and names that are needed: the line, by whom, which.

    `named` are volumes whose name doesn't depend on the project's. The file is `whole` if all its
    includes were found.
    """

    has: frozenset[str]
    needs: tuple[tuple[int, str, str], ...]
    name: str = ""
    named: frozenset[str] = frozenset()
    includes: tuple[str, ...] = ()
    whole: bool = True

    @property
    def own(self) -> frozenset[str]:
        """The volumes that Compose names after the project."""
        volumes = {each.partition(" ")[2] for each in self.has if each.startswith("volume ")}
        return frozenset(volumes - self.named)


@lru_cache(maxsize=64)
def read(data: bytes) -> Compose | None:
    """The names in one Compose file, without its includes; None if it isn't one."""
    try:
        documents = bounded_parsers.yaml(data.decode())
    except (ValueError, RecursionError):
        return None
    if len(documents) > 1:
        return None
    top = mapping(documents[0]) if documents else {}
    has = set[str]()
    for kind in _KINDS:
        has.update(f"{kind} {name}" for name in mapping(top.get(f"{kind}s")))
    needs = tuple(_needs(mapping(top.get("services"))))
    named = set[str]()
    for volume, node in mapping(top.get("volumes")).items():
        if {"name", "external"} & mapping(node).keys():
            named.add(volume)
    name, includes = text(top.get("name")), tuple(_included(top.get("include")))
    return Compose(frozenset(has), needs, name, frozenset(named), includes)


def project(find: Find, path: str) -> Compose | None:
    """The names in a Compose file, its includes and the files that override it."""
    found = _follow(find, path, set())
    stem = path.rpartition(".")[0]
    for name in (f"{stem}.override.yaml", f"{stem}.override.yml"):
        if found and (over := _follow(find, name, set())):
            found = replace(_both(found, over), name=over.name or found.name)
    return found


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


def _follow(find: Find, path: str, seen: set[str]) -> Compose | None:
    """A file with its includes; it isn't whole if one of them is missing or was `seen`."""
    seen.add(path)
    data = find(path)
    found = read(data) if data and len(seen) <= _DEEPEST else None
    if found is None:
        return None
    for name in found.includes:
        place = posixpath.normpath(posixpath.join(posixpath.dirname(path), name))
        other = None if place in seen else _follow(find, place, seen)
        found = _both(found, other) if other else replace(found, whole=False)
    return found


def _both(one: Compose, other: Compose) -> Compose:
    """Two files as one; its needs are those of the first."""
    return replace(
        one, has=one.has | other.has, named=one.named | other.named, whole=one.whole and other.whole
    )


def _included(node: object) -> Iterator[str]:
    """The files in `include`: a path, or a mapping with one or more at `path`."""
    for each in elements(node):
        path = mapping(each).get("path", each)
        for inner in (path, *elements(path)):
            if text(inner):
                yield text(inner)


def _needs(services: Mapping[str, object]) -> Iterator[tuple[int, str, str]]:
    """What each service needs: the line, by whom, which."""
    for by, service in services.items():
        for key, value in mapping(service).items():
            for need, at in _needed(key, value):
                yield at, by, need


def _needed(key: str, node: object) -> Iterator[tuple[str, int]]:
    """Names that a key of a service needs, with their lines."""
    if key == "extends":
        base = mapping(node) or {"service": node}
        if "file" not in base:
            yield f"service {text(base.get('service'))}", line(node)
        return
    for item in elements(node):
        name = text(item)
        if key == "depends_on":
            yield f"service {name}", line(item)
        elif key == "networks" and name != "default":
            yield f"network {name}", line(item)
        elif key == "volumes" and (volume := _mounted(item)):
            yield f"volume {volume}", line(item)


def _mounted(item: object) -> str:
    """The volume that an element of `volumes` mounts, if it is one."""
    if short := _VOLUME.match(text(item)):
        return short[1]
    mount = mapping(item)
    return text(mount.get("source")) if text(mount.get("type")) == "volume" else ""
