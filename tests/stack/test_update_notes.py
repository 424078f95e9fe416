"""Notes of an upstream that one does not trust."""

from __future__ import annotations

import re

import pytest

from aegis_patch.stack.update_notes import LONGEST_TEXT, MOST_BYTES, joined, parse


@pytest.mark.parametrize(
    ("notes", "says"),
    [
        ("[[setting", "Expected"),
        ("setting = ['A']", "'setting' is no note; notes: [[setting]], [[file]], [[data]], [[beh"),
        ("[[settings]]", "'settings' is no note"),
        ("[[setting]]\nnow = 'A'", "[[setting]]: name is missing"),
        ("[[data]]\ntext = 'a'\nname = 'A'", "[[data]]: unknown key 'name'; known: text, back"),
        ('[[data]]\ntext = "\\u001b[31m"', "[[data]]: text must be one line of at most 500"),
        (
            f"[[data]]\ntext = '{'a' * LONGEST_TEXT}b'",
            "[[data]]: text must be one line of at most 500",
        ),
        ("[[data]]\ntext = 'a'\ncomponents = 'cache'", "[[data]]: components must be"),
        (f"# {'a' * MOST_BYTES}", "more than 64 KiB"),
        ("a = " + "[" * 5000, "nested too deep"),
    ],
)
def test_what_is_refused(notes: str, says: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(says)}"):
        parse("1.0", notes.encode())


def test_what_is_no_text() -> None:
    with pytest.raises(ValueError, match="can't decode"):
        parse("1.0", b"\xff")


def test_a_note_of_each_kind() -> None:
    notes = parse(
        "1.0",
        b"""
[[setting]]
name = "OLD"
now = "NEW"
[[file]]
name = "app/old/"
components = ["cache"]
[[data]]
text = "Migrate."
[[behaviour]]
text = "Slower."
back = "Faster."
if_set = ["NEW"]
""",
    )
    assert [note.kind for note in notes] == ["setting", "file", "data", "behaviour"]
    assert not parse("1.0", b"# nothing to do")


def test_two_settings_that_became_one_which_moved() -> None:
    notes = parse(
        "1.1",
        b"""
setting = [{name = "A", now = "C"}, {name = "B", now = "C"}, {name = "X", now = "Y"}]
""",
    )
    later = parse("1.2", b'setting = [{name = "C", now = "D"}, {name = "Y", now = "X"}]')
    found = joined([*notes, *later], ())
    assert [(note.name, note.now) for note in found] == [("A", "D"), ("B", "D")]
