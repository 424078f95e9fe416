"""TOML documents that one does not trust.

Python's parser takes a time that grows with the square of a dotted key's length: seven seconds for
a key of 40 kB.
"""

from __future__ import annotations

import re
import tomllib
from typing import Any

MOST_PARTS = 100
_PART = r"""(?:[\w-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+\.[ \t]*+"""
_LONG = re.compile(rf"(?<![\w-])(?:{_PART}){{{MOST_PARTS}}}")


def read(text: str) -> dict[str, Any]:
    """What a document says.

    Raises:
        ValueError: it is not TOML, or a key in it has more parts than anybody writes.
    """
    if long := _LONG.search(text):
        line = text.count("\n", 0, long.start()) + 1
        raise ValueError(f"line {line}: a key of more than {MOST_PARTS} parts")
    return tomllib.loads(text)
