"""Prints lines for a person: wrapped and coloured on a terminal, unchanged on a pipe.

Styles are ANSI's own sequences, inside the text. Text from files or git has lost its control
characters before it gets here (`plain`), so the sequences can be taken out again. There is no
bright colour, no black and no white, which are unreadable on one background or the other; nor
yellow, unreadable on light.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from functools import partial
from typing import TextIO

from aegis_patch.values import dataclass

_STYLE = r"\x1b\[\d*m"
_GAP = r" (?=(?:[^`]*`[^`]*`)*[^`]*$)"  # not inside backticks
# Control characters, line separators, marks of direction, halves of a surrogate pair.
_STEERING = "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
_BYTE = "[\x00-\x1f\x7f\udc80-\udcff]"  # control characters, and bytes that aren't UTF-8


def _styled(code: int, text: str) -> str:
    return f"\x1b[{code}m{text}\x1b[0m" if text else ""


bold = partial(_styled, 1)  # what to see first
dim = partial(_styled, 2)  # what to see last
red = partial(_styled, 31)  # what went wrong, and lines that go
green = partial(_styled, 32)  # what went well, and lines that come
magenta = partial(_styled, 35)  # commits, and what changes
cyan = partial(_styled, 36)  # notes


def plain(text: str) -> str:
    """A text with control characters and direction marks spelled out."""
    if text.isprintable():  # as nearly all is, and none of these
        return text
    import json

    return re.sub(_STEERING, lambda found: json.dumps(found.group())[1:-1], text)


def pasted(command: str) -> str:
    """A command as a shell takes it. Anything that isn't plain text is a name's, inside quotes."""
    if command.isprintable():
        return command
    return plain(
        re.sub(_BYTE, lambda found: rf"'$'\{os.fsencode(found.group())[0]:03o}''", command)
    )


def length(text: str) -> int:
    """How many characters of a text are shown."""
    return len(re.sub(_STYLE, "", text))


@dataclass(frozen=True, slots=True)
class Screen:
    """A stream, and its width; 0 for a pipe, on which nothing is wrapped."""

    stream: TextIO
    width: int = 0
    has_colour: bool = False

    def line(self, text: str = "", hang: int = 0) -> None:
        """Lines, wrapped between words; `hang` indents what is wrapped. `a command` is one word."""
        for line in text.split("\n"):
            words = re.split(_GAP, line) if self.width else [line]
            for part in _wrapped(words, self.width, hang):
                self.raw(part)

    def entry(self, name: str, text: str, column: int) -> None:
        """A text beside its name."""
        self.line(name + " " * (column - length(name)) + text, hang=column)

    def raw(self, text: str) -> None:
        """A line as it is, but for the styles."""
        print(text if self.has_colour else re.sub(_STYLE, "", text), file=self.stream)

    def exact(self, text: str) -> None:
        """A text of git's, as the original bytes."""
        if reconfigure := getattr(self.stream, "reconfigure", None):
            reconfigure(errors="surrogateescape")
        print(text, end="", file=self.stream)


def screen(*, stderr: bool = False) -> Screen:
    """Standard output or error."""
    stream = sys.stderr if stderr else sys.stdout
    width = 0
    if is_terminal := stream.isatty():
        import shutil

        width = shutil.get_terminal_size().columns
    return Screen(stream, width, _is_coloured(is_terminal=is_terminal))


def _is_coloured(*, is_terminal: bool) -> bool:
    """By the rules of no-color.org and force-color.org; like git, none on a dumb terminal."""
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return is_terminal and os.environ.get("TERM", "dumb") != "dumb"


def _wrapped(words: list[str], width: int, hang: int) -> Iterator[str]:
    """Lines of at most `width` columns; a word that fits on none isn't broken."""
    line, empty = words[0], not words[0]
    for word in words[1:]:
        size = length(word)
        if word and not empty and hang + size <= width < length(line) + 1 + size:
            yield line
            line = " " * hang + word
        else:
            line = f"{line} {word}"
        empty = empty and not word
    yield line
