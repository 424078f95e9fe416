"""The paths in a file: Compose, Dockerfile, Makefile, CI and other settings."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from aegis_patch.formats import compose_names

_SETTINGS = re.compile(r"(.*/)?(Makefile|[^/]+\.(mk|ya?ml|toml|ini|cfg|sh))")
_DOCKERFILE = re.compile(r"(.*/)?(Dockerfile|Containerfile)[^/]*|.*\.[Dd]ockerfile")
_COPY = re.compile(r"\s*(?:COPY|ADD)\s+(?!.*--from=)((?:--\S+\s+)*)(.+)", re.IGNORECASE)
_PATH = re.compile(
    r"(?<![\w@+:./$}-])(?:(?:\./)?(?:[\w@+-][\w@.+-]*(?:/[\w@.+-]+)+|[\w-]+\.[a-z]\w+)|\./[\w+-]+)"
)


def may_name(path: str) -> bool:
    """Whether other files may name this one by its path."""
    return not path.endswith(("/__init__.py", ".lock"))


def named(path: str, data: bytes) -> Iterator[tuple[int, str]]:
    """The paths in a file, if its kind is known, each with its line."""
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
