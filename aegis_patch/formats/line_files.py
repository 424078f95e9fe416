"""Files of lines: .env, .gitignore and their like.

A blank line belongs to what stands above it, a comment stands for itself.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator

from aegis_patch.formats.named_blocks import Block, Unusual, behind_blank_lines, split_lines

# A line's name, and whether it is free.
_Read = Callable[[str], tuple[str, bool]]
_ENV = re.compile(r"(?:#\s*)?(?:export\s+)?([A-Za-z_][\w.]*)\s*=\s*(.*)")
_QUOTED = re.compile(r"""(["'`])(?:(?!\1).)*\1\s*(#.*)?$""")


def env(text: str) -> tuple[Block, ...]:
    """A file of settings, one a line; one that is commented out keeps its name.

    Raises:
        Unusual: a value goes on over several lines, or a line is no setting.
    """
    return tuple(_blocks(text, _setting))


def ignore(text: str) -> tuple[Block, ...]:
    """A file of patterns; one that begins with `!` has to stay behind what it takes back."""
    return tuple(_blocks(text, _pattern))


def pieces(text: str) -> Counter[str]:
    """The lines of a text."""
    return Counter(line.strip() for line in text.splitlines() if line.strip())


def _blocks(text: str, read: _Read) -> Iterator[Block]:
    """Each line as a block."""
    lines = split_lines(text)
    at = 0
    while at < len(lines):
        name, free = read(lines[at].strip()) if lines[at].strip() else ("", True)
        stop = behind_blank_lines(lines, at + 1)
        yield Block(name, "".join(lines[at:stop]), free=free)
        at = stop


def _setting(line: str) -> tuple[str, bool]:
    found = _ENV.match(line)
    if not found:
        if line.startswith("#"):
            return line, True
        raise Unusual("a line that is no setting")
    value = found.group(2)
    if value[:1] in ("'", '"', "`") and not _QUOTED.match(value) and not line.startswith("#"):
        raise Unusual("a value of several lines")
    return f"{found.group(1)}=", "$" not in value


def _pattern(line: str) -> tuple[str, bool]:
    return line, not line.startswith("!")
