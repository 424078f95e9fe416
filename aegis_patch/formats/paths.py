"""The paths in a file: Compose, Dockerfile, Makefile, CI and other settings."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from aegis_patch.formats import compose_names

_SETTINGS = r"(.*/)?(Makefile|[^/]+\.(mk|ya?ml|toml|ini|cfg|sh))"
_DOCKERFILE = r"(.*/)?(Dockerfile|Containerfile)[^/]*|.*\.[Dd]ockerfile"
_COPY = r"(?i)\s*(?:COPY|ADD)\s+(?!.*--from=)((?:--\S+\s+)*)(.+)"
_PATH = (
    r"(?<![\w@+:./$}-])(?:(?:\./)?(?:[\w@+-][\w@.+-]*(?:/[\w@.+-]+)+|[\w-]+\.[a-z]\w+)|\./[\w+-]+)"
)


def may_name(path: str) -> bool:
    """Whether other files may refer to this one by its path."""
    return not path.endswith(("/__init__.py", ".lock"))


def named(path: str, data: bytes) -> Iterator[tuple[int, str]]:
    """The paths in a file, if its kind is known, each with its line."""
    of = _copied if re.fullmatch(_DOCKERFILE, path) else _written
    if of is _copied or re.fullmatch(_SETTINGS, path):
        for number, words in enumerate(data.decode("utf-8", "replace").splitlines(), 1):
            if not words.lstrip().startswith("#"):
                yield from ((number, name) for name in of(words))


def places(path: str, name: str) -> list[str]:
    """The paths that a name may mean: from the file's directory or (not in Compose) the top."""
    above = posixpath.dirname(path)
    bases = {above} if re.fullmatch(compose_names.NAME, posixpath.basename(path)) else {above, ""}
    found = [posixpath.normpath(posixpath.join(base, name)) for base in sorted(bases)]
    return [place for place in found if place != "." and not place.startswith(("..", "/"))]


def _written(words: str) -> list[str]:
    """The paths in a line of settings."""
    return re.findall(_PATH, words)


def _copied(words: str) -> list[str]:
    """The paths that a line of a Dockerfile copies from its context."""
    copies = re.match(_COPY, words)
    if not copies:
        return []
    names = re.findall(r"[^\s\"',\[\]]+", copies[2])
    return [name for name in names[:-1] if not re.search(r"[*?$<]|://", name)]
