"""A Compose file: which services, volumes and networks it has, and where it needs one.

Compose refuses the whole file where a service needs what nobody defines. What a file includes is
part of it, and a service has what the one has that it extends.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from aegis_patch.formats import bounded_parsers

NAME = re.compile(r"(docker-)?compose[\w.-]*\.ya?ml")
Find = Callable[[str], bytes]
"""The text of the file at a path; nothing where there is none."""

_VOLUME = re.compile(r"([A-Za-z0-9][\w.-]+):")
_HOST = re.compile(r"(?:@|//)([A-Za-z0-9][\w.-]*)|^([A-Za-z0-9][\w.-]*):\d+$")
_SAYS_HOSTS = {"command", "entrypoint", "environment", "labels"}
_KINDS = ("service", "volume", "network")
_DEFAULT = frozenset({"default"})
_ENDED = "service_completed_successfully"
_DEEPEST = 20  # files that include, or services that extend one another


@dataclass(frozen=True, slots=True)
class Service:
    """A service: its file, and the names in it that may be other services, with their lines.

    `networks` are those that it names, None where it has the host's or another service's.
    `extends` is a file ("" for its own), the service there and the line.
    """

    path: str
    networks: frozenset[str] | None
    names: Mapping[str, int]
    extends: tuple[str, str, int] | None = None

    def reaches(self, other: Service) -> bool:
        """Whether the two share a network."""
        if self.networks is None or other.networks is None:
            return True
        return bool((self.networks or _DEFAULT) & (other.networks or _DEFAULT))


@dataclass(frozen=True, slots=True)
class Compose:
    """What there is, as "service redis", and what it needs: the line, by whom, and what.

    `named` are volumes with a name that does not depend on the project's. It is `whole` if all was
    found that it includes.
    """

    has: frozenset[str]
    needs: tuple[tuple[int, str, str], ...]
    services: Mapping[str, Service] = field(default_factory=dict)
    name: str = ""
    named: frozenset[str] = frozenset()
    includes: tuple[str, ...] = ()
    whole: bool = True

    @property
    def own(self) -> frozenset[str]:
        """The volumes that Compose names after the project."""
        volumes = {each.partition(" ")[2] for each in self.has if each.startswith("volume ")}
        return frozenset(volumes - self.named)


def read(data: bytes, path: str = "") -> Compose | None:
    """What a Compose file has and needs by itself; None where it is none."""
    try:
        found = bounded_parsers.yaml(data.decode())
    except (ValueError, RecursionError):
        return None
    if len(found) > 1:
        return None
    top = dict(item for node in found for item in _items(node))
    sections = {kind: _items(top.get(f"{kind}s")) for kind in _KINDS}
    has = {f"{kind} {name}" for kind, found in sections.items() for name, _ in found}
    needs, services = list[tuple[int, str, str]](), dict[str, Service]()
    for by, node in sections["service"]:
        keys = dict(_items(node))
        for key, value in keys.items():
            needs += [(line, by, f"{kind} {name}") for kind, name, line in _needed(key, value)]
        services[by] = _service(path, keys)
    fixed = {"name", "external"}
    return Compose(
        frozenset(has),
        tuple(needs),
        services,
        name=_text(top.get("name")),
        named=frozenset(n for n, each in sections["volume"] if fixed & dict(_items(each)).keys()),
        includes=tuple(_included(top.get("include"))),
    )


def project(find: Find, path: str) -> Compose | None:
    """What a Compose file has, with what it includes and extends and what overrides it."""
    found = _follow(find, path, set())
    stem = path.rpartition(".")[0]
    for name in (f"{stem}.override.yaml", f"{stem}.override.yml"):
        if found and (over := _follow(find, name, set())):
            found = replace(_both(found, over), name=over.name or found.name)
    return found


def warnings(was: Compose | None, now: Compose | None) -> Iterator[tuple[str, str]]:
    """What is worth knowing before Compose runs the next time: a path, and what."""
    if not was or not now:
        return
    if was.name and now.name and was.name != now.name and (kept := sorted(was.own & now.own)):
        old, new = (", ".join(f"{name}_{each}" for each in kept) for name in (was.name, now.name))
        yield (
            "",
            f"Compose will use new, empty volumes ({new}) and leave your data in {old}. "
            f'To keep using it, set: name: "{was.name}"',
        )
    for name, service in sorted(now.services.items()):
        yield from _apart(was, now, name, service)


def _apart(was: Compose, now: Compose, name: str, service: Service) -> Iterator[tuple[str, str]]:
    """The services that one names and cannot reach, as was not so before."""
    others = {each: now.services[each] for each in service.names if each in now.services}
    for other, there in others.items():
        before, target = (was.services.get(each) for each in (name, other))
        known = before and target and other in before.names and not before.reaches(target)
        if not service.reaches(there) and not known:
            new = other if name in was.services else name
            networks = (service.networks or _DEFAULT) | (there.networks or _DEFAULT)
            yield (
                service.path,
                f"line {service.names[other]}: {name} uses {other}, but they share no network. "
                f"For {new}, set: networks: [{', '.join(sorted(networks))}]",
            )


def _follow(find: Find, path: str, seen: set[str]) -> Compose | None:
    """A file with what it includes; it is not whole where that is one that was `seen`."""
    seen.add(path)
    text = find(path)
    found = read(text, path) if text and len(seen) <= _DEEPEST else None
    if found is None:
        return None
    needs, services = [*found.needs], dict[str, Service]()
    for name, service in found.services.items():
        services[name], more = _extended(find, path, found, service, 0)
        needs += [(line, name, need) for line, need in more]
    found = replace(found, needs=tuple(needs), services=services)
    for place in (_beside(path, name) for name in found.includes):
        other = None if place in seen else _follow(find, place, seen)
        found = _both(found, other) if other else replace(found, whole=False)
    return found


def _both(one: Compose, other: Compose) -> Compose:
    """Two files as one; its needs are those of the first."""
    services = {**other.services, **one.services}
    for name in one.services.keys() & other.services.keys():
        services[name] = _joined(one.services[name], other.services[name])
    return replace(
        one,
        has=one.has | other.has,
        services=services,
        named=one.named | other.named,
        whole=one.whole and other.whole,
    )


def _joined(one: Service, other: Service) -> Service:
    unknown = one.networks is None or other.networks is None
    networks = None if unknown else (one.networks or frozenset()) | (other.networks or frozenset())
    return replace(one, networks=networks, names={**other.names, **one.names})


def _extended(
    find: Find, path: str, within: Compose, service: Service, deep: int
) -> tuple[Service, list[tuple[int, str]]]:
    """A service with what it has from the one that it extends, and what that one needs."""
    if service.extends is None or deep > _DEEPEST:
        return service, []
    file, name, line = service.extends
    place = _beside(path, file) if file else path
    there = read(find(place), place) if file else within
    if there is None or name not in there.services:
        return service, []
    base, needs = _extended(find, place, there, there.services[name], deep + 1)
    own = f"service {base.extends[1]}" if base.extends else ""
    needs += [(line, need) for _, by, need in there.needs if by == name and need != own]
    base = replace(base, names=dict.fromkeys(base.names, line))
    return _joined(service, base), [(line, need) for _, need in needs]


def _beside(path: str, name: str) -> str:
    return posixpath.normpath(posixpath.join(posixpath.dirname(path), name))


# Nodes of YAML.


def _items(node: object) -> list[tuple[str, object]]:
    """The keys of a mapping, those that it merges from others first."""
    import yaml

    found: dict[str, object] = {}
    pending, seen = [node], set[int]()
    while pending:
        each = pending.pop()
        if isinstance(each, yaml.SequenceNode):
            pending += reversed(each.value)
        if not isinstance(each, yaml.MappingNode) or id(each) in seen:
            continue
        seen.add(id(each))
        for key, value in each.value:
            if isinstance(key, yaml.ScalarNode) and key.value == "<<":
                pending.append(value)
            elif isinstance(key, yaml.ScalarNode):
                found.setdefault(key.value, value)
    return list(found.items())


def _elements(node: object) -> list[object]:
    """The elements of a sequence, or the keys of a mapping."""
    import yaml

    if not isinstance(node, yaml.CollectionNode):
        return []
    return [each[0] if isinstance(each, tuple) else each for each in node.value]


def _text(node: object) -> str:
    import yaml

    return _filled(node.value) if isinstance(node, yaml.ScalarNode) else ""


def _line(node: object) -> int:
    import yaml

    return node.start_mark.line + 1 if isinstance(node, yaml.Node) else 0


def _filled(text: str) -> str:
    return _VARIABLE.sub(lambda found: found[1] or "", text)


def _service(path: str, keys: Mapping[str, object]) -> Service:
    names: dict[str, int] = {}
    for value in (keys[key] for key in _SAYS_HOSTS & keys.keys()):
        for each in [each for _, each in _items(value)] or _elements(value) or [value]:
            said = _text(each).partition("=")[2] or _text(each)
            hosts = (found[1] or found[2] for found in _HOST.finditer(said))
            names |= dict.fromkeys(hosts, _line(each))
    waits = keys.get("depends_on")
    awaits = {
        each for each, how in _items(waits) if _text(dict(_items(how)).get("condition")) == _ENDED
    }
    names |= {_text(each): _line(each) for each in _elements(waits) if _text(each) not in awaits}
    networks = (
        None if "network_mode" in keys else {_text(n) for n in _elements(keys.get("networks"))}
    )
    extends = None
    if base := keys.get("extends"):
        by = dict(_items(base)) or {"service": base}
        extends = (_text(by.get("file")), _text(by.get("service")), _line(base))
    there = None if networks is None else frozenset(networks)
    return Service(path, there, names, extends)


def _included(node: object) -> Iterator[str]:
    """The files that `include` names: a path, or a mapping with one or more at `path`."""
    for each in _elements(node):
        path = dict(_items(each)).get("path", each)
        yield from filter(None, [_text(path), *(_text(inner) for inner in _elements(path))])


def _needed(key: str, node: object) -> Iterator[tuple[str, str, int]]:
    if key == "extends":
        said = dict(_items(node)) or {"service": node}
        if "file" not in said:
            yield "service", _text(said.get("service")), _line(node)
        return
    for item in _elements(node):
        text, line = _text(item), _line(item)
        if key == "depends_on":
            yield "service", text, line
        elif key == "networks" and text != "default":
            yield "network", text, line
        elif key == "volumes" and (volume := _VOLUME.match(text)):
            yield "volume", volume[1], line
        elif key == "volumes" and _text((said := dict(_items(item))).get("type")) == "volume":
            yield from [("volume", _text(said["source"]), line)] * ("source" in said)


_PATHS = {"file", "env_file", "label_file", "path", "build", "context", "include", "source"}
_VARIABLE = re.compile(r"\$(?:\w+|\{\w+(?::?-([^${}]*)|[^{}]*)\})")  # as if none were set
_PLACE = re.compile(r"\.{1,2}/[^:]*|\.{1,2}(?=:)")


def paths(data: bytes) -> list[tuple[int, str]]:
    """The paths that a Compose file names, each with its line."""
    try:
        seen = set[int]()
        return [
            each for node in bounded_parsers.yaml(data.decode()) for each in _paths("", node, seen)
        ]
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
