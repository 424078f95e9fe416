"""How lines are wrapped and coloured."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aegis_patch.terminal import as_text, screen
from aegis_patch.terminal.screen import Screen, bold, length

TEXTS = st.lists(st.sampled_from(["a", "of", "worker", "ü", "漢字", "x" * 70, "", "`git add x`"]))


def printed(width: int) -> tuple[Screen, io.StringIO]:
    out = io.StringIO()
    return Screen(out, width), out


@given(TEXTS, st.integers(24, 60), st.integers(0, 8))
def test_lines_break_between_words(words: list[str], width: int, hang: int) -> None:
    to, out = printed(width)
    to.line(" ".join(words), hang)
    lines = out.getvalue().splitlines()
    assert " ".join(lines).split() == " ".join(words).split()
    for line in lines:
        assert length(line.rstrip()) <= width or "x" * 70 in line
        assert line.count("`") % 2 == 0


def test_a_command_is_on_one_line_however_narrow_it_is() -> None:
    to, out = printed(24)
    as_text.show_next(to, "aegis add worker && aegis remove cache")
    assert out.getvalue() == "next aegis add worker && aegis remove cache\n"


def test_on_a_pipe_a_line_is_as_it_is() -> None:
    to, out = printed(0)
    to.line(f"  {bold('many words')} " * 20)
    assert out.getvalue() == "  many words " * 20 + "\n"


@pytest.mark.parametrize(
    ("environment", "is_terminal", "coloured"),
    [
        ({"TERM": "xterm"}, True, True),
        ({"TERM": "xterm"}, False, False),
        ({"TERM": "dumb"}, True, False),
        ({}, True, False),
        ({"TERM": "xterm", "NO_COLOR": "1"}, True, False),
        ({"TERM": "xterm", "NO_COLOR": ""}, True, True),
        ({"FORCE_COLOR": "1"}, False, True),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, True, False),
    ],
)
def test_when_there_is_colour(
    environment: dict[str, str], is_terminal: bool, coloured: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("TERM", "NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    out = io.StringIO()
    monkeypatch.setattr(out, "isatty", lambda: is_terminal)
    monkeypatch.setattr("sys.stdout", out)
    screen.screen().line(bold("text"))
    assert ("\x1b" in out.getvalue()) == coloured


def test_no_colour_is_unreadable_on_a_light_or_a_dark_terminal() -> None:
    codes = re.findall(r"_styled, (\d+)", Path(screen.__file__).read_text())
    assert codes
    assert not {30, 33, 37, *range(40, 110)} & {int(code) for code in codes}
