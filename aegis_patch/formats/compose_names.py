"""A Compose file: which services, volumes and networks it has, and where it needs one.

Compose refuses the whole file where a service needs what nobody defines. What a file includes, and
its override, are part of it.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from aegis_patch.formats import bounded_parsers

NAME = re.compile(r"(docker-)?compose[\w.-]*\.ya?ml")
Find = Callable[[str], bytes]
"""The text of the file at a path; nothing where there is none."""

_MOST_FILES = 20  # that include one another
_KINDS = ("service", "volume", "network")
_VOLUME = re.compile(r"([A-Za-z0-9][\w.-]+):")
_VARIABLE = re.compile(r"\$(?:\w+|\{\w+(?::?-([^${}]*)|[^{}]*)\})")  # as if none were set
_PLACE = re.compile(r"\.{1,2}/[^:]*|\.{1,2}(?=:)")
_NAME_PATHS = {"file", "env_file", "label_file", "path", "build", "context", "include", "source"}


@dataclass(frozen=True, slots=True)
class Compose:
    """What there is, as "service redis", and what it needs: the line, by whom, and what.

    `fixed` are volumes with a name that does not depend on the project's. It is `whole` if every
    file was found that it includes.
    """

    has: frozenset[str]
    needs: tuple[tuple[int, str, str], ...]
    name: str = ""
    fixed: frozenset[str] = frozenset()
    includes: tuple[str, ...] = ()
    whole: bool = True

    @property
    def own_volumes(self) -> frozenset[str]:
        """The volumes that Compose names after the project."""
        volumes = {each.partition(" ")[2] for each in self.has if each.startswith("volume ")}
        return frozenset(volumes - self.fixed)


def read(data: bytes) -> Compose | None:
    """What a Compose file has and needs by itself; None where it is none."""
    try:
        documents = bounded_parsers.yaml(data.decode())
    except (ValueError, RecursionError):
        return None
    if len(documents) > 1:
        return None
    top = _mapping(documents[0]) if documents else {}
    has = set[str]()
    for kind in _KINDS:
        has.update(f"{kind} {name}" for name in _mapping(top.get(f"{kind}s")))
    needs = list[tuple[int, str, str]]()
    for service, node in _mapping(top.get("services")).items():
        for key, value in _mapping(node).items():
            needs += [(line, service, need) for need, line in _needed(key, value)]
    fixed = set[str]()
    for volume, node in _mapping(top.get("volumes")).items():
        if {"name", "external"} & _mapping(node).keys():
            fixed.add(volume)
    includes = tuple(_included(top.get("include")))
    name = _text(top.get("name"))
    return Compose(frozenset(has), tuple(needs), name, frozenset(fixed), includes)


def project(find: Find, path: str) -> Compose | None:
    """What a Compose file has, with what it includes and what overrides it."""
    found = _with_includes(find, path, set())
    stem = path.rpartition(".")[0]
    for name in (f"{stem}.override.yaml", f"{stem}.override.yml"):
        if found and (override := _with_includes(find, name, set())):
            found = replace(_both(found, override), name=override.name or found.name)
    return found


def warnings(was: Compose | None, now: Compose | None) -> Iterator[tuple[str, str]]:
    """What is worth knowing before Compose runs the next time: a path, and a text."""
    if not was or not now or not was.name or not now.name or was.name == now.name:
        return
    kept = sorted(was.own_volumes & now.own_volumes)
    if kept:
        old, new = (", ".join(f"{name}_{each}" for each in kept) for name in (was.name, now.name))
        yield (
            "",
            f"Compose will use new, empty volumes ({new}), and leave the data in {old}. "
            f'To keep using it, change the line `name:` to: name: "{was.name}"',
        )


def paths(data: bytes) -> list[tuple[int, str]]:
    """The paths that a Compose file names, each with its line."""
    try:
        documents = bounded_parsers.yaml(data.decode())
    except (ValueError, RecursionError):
        return []
    found = list[tuple[int, str]]()
    seen = set[int]()
    for document in documents:
        found += _paths("", document, seen)
    return found


def _with_includes(find: Find, path: str, seen: set[str]) -> Compose | None:
    """A file with those it includes; it is not whole where that is one that was `seen`."""
    seen.add(path)
    text = find(path)
    found = read(text) if text and len(seen) <= _MOST_FILES else None
    if found is None:
        return None
    for name in found.includes:
        place = posixpath.normpath(posixpath.join(posixpath.dirname(path), name))
        other = None if place in seen else _with_includes(find, place, seen)
        found = _both(found, other) if other else replace(found, whole=False)
    return found


def _both(one: Compose, other: Compose) -> Compose:
    """Two files as one; its needs are those of the first."""
    return replace(
        one,
        has=one.has | other.has,
        fixed=one.fixed | other.fixed,
        whole=one.whole and other.whole,
    )


def _needed(key: str, node: object) -> Iterator[tuple[str, int]]:
    """What a key of a service needs, and the line."""
    if key == "extends":
        base = _mapping(node) or {"service": node}
        if "file" not in base:
            yield f"service {_text(base.get('service'))}", _line(node)
        return
    for item in _elements(node):
        text, line = _text(item), _line(item)
        if key == "depends_on":
            yield f"service {text}", line
        elif key == "networks" and text != "default":
            yield f"network {text}", line
        elif key == "volumes":
            mount = _mapping(item)
            if volume := _VOLUME.match(text):
                yield f"volume {volume[1]}", line
            elif _text(mount.get("type")) == "volume" and "source" in mount:
                yield f"volume {_text(mount['source'])}", line


def _included(node: object) -> Iterator[str]:
    """The files that `include` names: a path, or a mapping with one or more at `path`."""
    for each in _elements(node):
        path = _mapping(each).get("path", each)
        for inner in (path, *_elements(path)):
            if text := _text(inner):
                yield text


def _paths(key: str, node: Any, seen: set[int]) -> Iterator[tuple[int, str]]:
    import yaml

    if id(node) in seen:  # an alias: aliases of aliases are very many
        return
    seen.add(id(node))
    if isinstance(node, yaml.MappingNode):
        items = _mapping(node)
        for inner, value in items.items():
            yield from _paths(inner, value, seen)
        file = items.get("dockerfile")
        if isinstance(file, yaml.ScalarNode):
            yield _line(file), f"{_text(items.get('context')) or '.'}/{file.value}"
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _paths(key, item, seen)
    elif isinstance(node, yaml.ScalarNode):
        text = _text(node)
        if key == "volumes" and (mounted := _PLACE.match(text)):
            yield _line(node), mounted[0]
        elif key in _NAME_PATHS:
            yield _line(node), text


def _mapping(node: Any) -> Mapping[str, object]:
    """The values of a mapping by key, those that it merges from others first."""
    import yaml

    found = dict[str, object]()
    pending, seen = [node], set[int]()
    while pending:
        each = pending.pop()
        if isinstance(each, yaml.SequenceNode) and each is not node:
            pending += reversed(each.value)
        if not isinstance(each, yaml.MappingNode) or id(each) in seen:
            continue
        seen.add(id(each))
        for key, value in each.value:
            if isinstance(key, yaml.ScalarNode) and key.value == "<<":
                pending.append(value)
            elif isinstance(key, yaml.ScalarNode):
                found.setdefault(key.value, value)
    return found


def _elements(node: Any) -> list[Any]:
    """The elements of a sequence, or the keys of a mapping."""
    import yaml

    if isinstance(node, yaml.MappingNode):
        return [key for key, _ in node.value]
    return node.value if isinstance(node, yaml.SequenceNode) else []


def _text(node: Any) -> str:
    import yaml

    if not isinstance(node, yaml.ScalarNode):
        return ""
    return _VARIABLE.sub(lambda found: found[1] or "", str(node.value))


def _line(node: Any) -> int:
    return int(node.start_mark.line) + 1
