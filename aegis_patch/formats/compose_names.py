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
from aegis_patch.formats.compose_nodes import elements, line, mapping, text

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
        documents = bounded_parsers.yaml(data.decode())
    except (ValueError, RecursionError):
        return None
    if len(documents) > 1:
        return None
    top = mapping(documents[0]) if documents else {}
    has = set[str]()
    for kind in _KINDS:
        has.update(f"{kind} {name}" for name in mapping(top.get(f"{kind}s")))
    needs, services = list[tuple[int, str, str]](), dict[str, Service]()
    for by, node in mapping(top.get("services")).items():
        keys = mapping(node)
        for key, value in keys.items():
            needs += [(at, by, need) for need, at in _needed(key, value)]
        services[by] = _service(path, keys)
    named = set[str]()
    for volume, node in mapping(top.get("volumes")).items():
        if {"name", "external"} & mapping(node).keys():
            named.add(volume)
    return Compose(
        frozenset(has),
        tuple(needs),
        services,
        name=text(top.get("name")),
        named=frozenset(named),
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
    data = find(path)
    found = read(data, path) if data and len(seen) <= _DEEPEST else None
    if found is None:
        return None
    needs, services = [*found.needs], dict[str, Service]()
    for name, service in found.services.items():
        services[name], more = _extended(find, path, found, service, 0)
        needs += [(at, name, need) for at, need in more]
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
    file, name, at = service.extends
    place = _beside(path, file) if file else path
    there = read(find(place), place) if file else within
    if there is None or name not in there.services:
        return service, []
    base, needs = _extended(find, place, there, there.services[name], deep + 1)
    own = f"service {base.extends[1]}" if base.extends else ""
    needs += [(at, need) for _, by, need in there.needs if by == name and need != own]
    base = replace(base, names=dict.fromkeys(base.names, at))
    return _joined(service, base), [(at, need) for _, need in needs]


def _beside(path: str, name: str) -> str:
    return posixpath.normpath(posixpath.join(posixpath.dirname(path), name))


def _service(path: str, keys: Mapping[str, object]) -> Service:
    networks = None
    if "network_mode" not in keys:
        networks = frozenset(text(each) for each in elements(keys.get("networks")))
    extends = None
    if base := keys.get("extends"):
        by = mapping(base) or {"service": base}
        extends = (text(by.get("file")), text(by.get("service")), line(base))
    return Service(path, networks, _hosts(keys) | _awaited(keys.get("depends_on")), extends)


def _hosts(keys: Mapping[str, object]) -> dict[str, int]:
    """What may be hosts in the values of a service, with their lines."""
    names: dict[str, int] = {}
    for key in _SAYS_HOSTS & keys.keys():
        value = keys[key]
        for each in [*mapping(value).values()] or elements(value) or [value]:
            said = text(each).partition("=")[2] or text(each)
            for found in _HOST.finditer(said):
                names[found[1] or found[2]] = line(each)
    return names


def _awaited(node: object) -> dict[str, int]:
    """The services that one waits for and then talks to, with their lines."""
    conditions = mapping(node)
    names: dict[str, int] = {}
    for each in elements(node):
        how = mapping(conditions.get(text(each)))
        if text(how.get("condition")) != _ENDED:
            names[text(each)] = line(each)
    return names


def _included(node: object) -> Iterator[str]:
    """The files that `include` names: a path, or a mapping with one or more at `path`."""
    for each in elements(node):
        path = mapping(each).get("path", each)
        for inner in (path, *elements(path)):
            if text(inner):
                yield text(inner)


def _needed(key: str, node: object) -> Iterator[tuple[str, int]]:
    """What a key of a service needs, and the line."""
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
