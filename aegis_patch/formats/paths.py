"""The paths in a file: Compose, Dockerfile, Makefile, CI and other settings."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from aegis_patch.formats import bounded_parsers, compose_names
from aegis_patch.formats.compose_nodes import line, mapping, text

_SETTINGS = re.compile(r"(.*/)?(Makefile|[^/]+\.(mk|ya?ml|toml|ini|cfg|sh))")
_DOCKERFILE = re.compile(r"(.*/)?(Dockerfile|Containerfile)[^/]*|.*\.[Dd]ockerfile")
_COPY = re.compile(r"\s*(?:COPY|ADD)\s+(?!.*--from=)((?:--\S+\s+)*)(.+)", re.IGNORECASE)
# In Compose: the keys that hold a path, and a directory that is mounted.
_KEYS = {"file", "env_file", "label_file", "path", "build", "context", "include", "source"}
_MOUNTED = re.compile(r"\.{1,2}/[^:]*|\.{1,2}(?=:)")
_PATH = re.compile(r"(?<![\w@+:./$}-])(?:\./)?(?:[\w@+-][\w@.+-]*(?:/[\w@.+-]+)+|[\w-]+\.[a-z]\w+)")


def may_name(path: str) -> bool:
    """Whether other files may name this one by its path."""
    return not path.endswith(("/__init__.py", ".lock"))


def named(path: str, data: bytes) -> Iterator[tuple[int, str]]:
    """The paths in a file, if its kind is known, each with its line."""
    if compose_names.NAME.fullmatch(posixpath.basename(path)):
        yield from _in_compose(data)
        return
    of = _copied if _DOCKERFILE.fullmatch(path) else _PATH.findall
    if of is _copied or _SETTINGS.fullmatch(path):
        for number, words in enumerate(data.decode("utf-8", "replace").splitlines(), 1):
            if not words.lstrip().startswith("#"):
                yield from ((number, name) for name in of(words))


def places(path: str, name: str) -> list[str]:
    """The paths that a name may mean: from the file's directory or (not in Compose) the top."""
    above = posixpath.dirname(path)
    bases = {above} if compose_names.NAME.fullmatch(posixpath.basename(path)) else {above, ""}
    found = [posixpath.normpath(posixpath.join(base, name)) for base in sorted(bases)]
    return [place for place in found if place != "." and not place.startswith(("..", "/"))]


def _copied(words: str) -> list[str]:
    """The paths that a line of a Dockerfile copies from its context."""
    copies = _COPY.match(words)
    if not copies:
        return []
    names = re.findall(r"[^\s\"',\[\]]+", copies[2])
    return [name for name in names[:-1] if not re.search(r"[*?$<]|://", name)]


def _in_compose(data: bytes) -> list[tuple[int, str]]:
    """The paths that a Compose file names, each with its line."""
    try:
        documents = bounded_parsers.yaml(data.decode())
    except (ValueError, RecursionError):
        return []
    seen = set[int]()
    found = list[tuple[int, str]]()
    for document in documents:
        found += _under("", document, seen)
    return found


def _under(key: str, node: object, seen: set[int]) -> Iterator[tuple[int, str]]:
    import yaml

    if id(node) in seen:  # an alias: aliases of aliases are very many
        return
    seen.add(id(node))
    if isinstance(node, yaml.MappingNode):
        items = mapping(node)
        for inner, value in items.items():
            yield from _under(inner, value, seen)
        file = items.get("dockerfile")
        if isinstance(file, yaml.ScalarNode):
            yield line(file), f"{text(items.get('context')) or '.'}/{file.value}"
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _under(key, item, seen)
    elif key == "volumes" and (mounted := _MOUNTED.match(text(node))):
        yield line(node), mounted[0]
    elif key in _KEYS:
        yield line(node), text(node)
