"""A requirement by what it says, in whatever spelling: `Foo_Bar [b, a] <2, >=1.0;x=='y'`.

As `packaging` reads it, which the tests ask; its import takes longer than a merge does.
"""

from __future__ import annotations

import re
from typing import Any

_SHAPE = re.compile(
    r"\s*(?P<name>[A-Za-z0-9][\w.-]*)\s*(?:\[(?P<extras>[\w\s.,-]*)\])?"
    r"\s*\(?\s*(?P<versions>(?:[<>=!~]=?=?\s*[\w.*+!-]+\s*,?\s*)*)\)?\s*(?:;(?P<marker>.*))?"
)
_VERSION = re.compile(r"([<>=!~]+)\s*([\w.*+!-]+)")
_WORD = re.compile(r"""(["'])(.*?)\1|[<>=!~]+|[()]|[^\s<>=!~()"']+""")
_ARRAYS = re.compile(
    r"\.project\.(dependencies|optional-dependencies\.[^.]+)|\.build-system\.requires"
    r"|\.dependency-groups\.[^.]+|\.tool\.uv\.[\w-]*dependencies"
)


class Requirement(str):
    """A text of which only the meaning counts, where its `repr` is asked."""

    __slots__ = ()

    def __repr__(self) -> str:
        """What it says."""
        return f"requirement {meaning(self)}"


def meaning(text: str) -> str:
    """One spelling for all that say the same; a text that is no such requirement as it is."""
    found = _SHAPE.fullmatch(text)
    if found is None:
        return text
    extras = sorted({_name(extra) for extra in re.findall(r"[\w.-]+", found["extras"] or "")})
    versions = sorted({_version(*each) for each in _VERSION.findall(found["versions"])})
    words = (f'"{w[2]}"' if w[1] else w[0] for w in _WORD.finditer(found["marker"] or ""))
    said = f"[{','.join(extras)}]{','.join(versions)}; {' '.join(words)}"
    return _name(found["name"]) + said.removeprefix("[]").removesuffix("; ")


def in_line(text: str) -> str:
    """The same of a text in quotes, which is one of many things; a name alone means no more."""
    inner = text[1:-1].replace('\\"', '"')
    return text if re.fullmatch(r"[\w.-]*", inner) else f'"{meaning(inner)}"'


def marked(value: Any, path: str = "") -> Any:
    """A TOML document in which requirements are known as such."""
    if isinstance(value, dict):
        return {key: marked(inner, f"{path}.{key}") for key, inner in value.items()}
    if isinstance(value, list) and _ARRAYS.fullmatch(path):
        return [Requirement(item) if isinstance(item, str) else item for item in value]
    if isinstance(value, str) and path == ".project.requires-python":
        return Requirement(value)
    return value


def _name(text: str) -> str:
    return re.sub(r"[-_.]+", "-", text).lower()


def _version(how: str, version: str) -> str:
    if how not in ("~=", "===") and "+" not in version:
        version = re.sub(r"(\.0+)+$", "", version)
    return how + version.lower()
