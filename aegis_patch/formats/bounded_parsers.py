"""Parsers for documents that we don't trust, or shouldn't warn about.

For TOML, Python's parser takes a time that grows with the square of a dotted key's length: seven
seconds for a key of 40 kB. For YAML, libyaml ends the process where it is nested too deep. For
Python, it warns on standard error of what is bad style.
"""

from __future__ import annotations

import re
import tomllib
import warnings
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import ast

    from yaml import Node

MOST_PARTS = 100
DEEPEST = 500
_PART = r"""(?:[\w-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+\.[ \t]*+"""
_LONG = rf"(?<![\w-])(?:{_PART}){{{MOST_PARTS}}}"


def toml(text: str) -> dict[str, Any]:
    """The values of a TOML document.

    Raises:
        ValueError: it is not TOML, or a key in it has more parts than anybody writes.
    """
    if text.count(".") >= MOST_PARTS and (long := re.search(_LONG, text)):
        line = text.count("\n", 0, long.start()) + 1
        raise ValueError(f"line {line}: a key of more than {MOST_PARTS} parts")
    return tomllib.loads(text)


def yaml(text: str) -> list[Node]:
    """The documents of a YAML stream, as nodes.

    Raises:
        ValueError: it is not YAML.
        RecursionError: it is nested deeper than anybody writes.
    """
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    depth = 0
    try:
        for event in yaml.parse(text, loader):
            depth += isinstance(event, yaml.CollectionStartEvent)
            depth -= isinstance(event, yaml.CollectionEndEvent)
            if depth > DEEPEST:
                raise RecursionError  # libyaml's composer would end the process
        return list(yaml.compose_all(text, loader))
    except yaml.YAMLError as error:
        raise ValueError(" ".join(str(error).split())) from error


def python(source: str | bytes) -> ast.Module:
    """A Python module, parsed.

    Raises:
        SyntaxError, ValueError, RecursionError, MemoryError: it is none, or too deep.
    """
    import ast

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(source)
