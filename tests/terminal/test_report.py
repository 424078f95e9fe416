"""What people and programs read."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from aegis_patch.errors import Refused
from aegis_patch.merge.outcome import Conflict, Note, Sides
from aegis_patch.merge.reason import Reason
from aegis_patch.terminal import as_json, as_text
from aegis_patch.terminal.screen import Screen
from aegis_patch.verbs.step import Commit, FileChange, Result
from tests.conftest import ROOT

FILE = FileChange("a[b].py", "added", 3, 0)


def shown(result: Result) -> str:
    out = io.StringIO()
    as_text.show_result(Screen(out), result)
    as_text.show_notes(Screen(out), result, Path())
    return out.getvalue()


def test_names_are_shown_as_they_are() -> None:
    commit = Commit("Start a :bug: [red]b[/]", "1" * 40, (FILE,), notes=(Note("[x]", "[y]"),))
    text = shown(Result((commit,), ("a [dim]note[/]",)))
    for words in (":bug: [red]b[/]", "a[b].py", "[x]: [y]", "a [dim]note[/]"):
        assert words in text


def test_many_files_are_counted() -> None:
    files = tuple(FileChange(f"{number}", "added", 1, 0) for number in range(20))
    edited = FileChange("edited", "modified", 1, 0)
    text = shown(Result((Commit("Add x", None, (*files, edited)),), dry=True))
    assert "edited" in text
    assert "and 20 added" in text
    assert "Dry run" in text


@pytest.mark.parametrize("reason", list(Reason))
def test_every_conflict_says_what_to_do(reason: Reason) -> None:
    conflict = Conflict(Sides("path", None, None, None), reason, None, "line 3: why")
    text = shown(Result((Commit("Add x", None, (), (conflict,)),), (), ("aegis add y",)))
    assert "git add" in text or "git rm" in text
    assert "line 3: why" in text
    assert f"\n| {reason} |" in (ROOT / "docs/guides/conflicts.md").read_text()
    assert "git cherry-pick --continue" in text
    assert "git cherry-pick --continue\n  aegis add y\n" in text  # not after the way back


def test_json_has_the_keys_of_the_contract_and_no_more() -> None:
    conflict = Conflict(Sides("p", None, None, None), Reason.TEXT, None)
    made = Commit("Add x", None, (FILE,), (conflict,), (Note("n", "told"),))
    (commit,) = as_json.result_json(Result((made,)))["commits"]
    assert commit == {
        "subject": "Add x",
        "files": [{"path": "a[b].py", "change": "added", "added": 3, "removed": 0}],
        "conflicts": [{"path": "p", "reason": "both changed the same lines"}],
        "notes": [{"path": "n", "text": "told"}],
    }
    assert json.dumps(commit)


def test_what_is_not_applied_is_beside_the_commits_and_no_note() -> None:
    left = tuple(Note(f"tests/{n}/x.py", "left out", applied=False) for n in range(9))
    made = Commit("Add x", None, (FILE,), (), (Note("n", "told"), *left))
    result = Result((made,), not_applied=left)
    found = as_json.result_json(result)
    assert found.keys() == {"commits", "dangling", "not_applied", "update_notes"}
    assert found["commits"][0]["notes"] == [{"path": "n", "text": "told"}]
    assert found["not_applied"][8] == {"path": "tests/8/x.py", "reason": "left out"}
    assert shown(result).count("left out") == 1
    assert "not applied tests/0/x.py, tests/1/x.py, tests/2/x.py and 6 more: left out\n" in shown(
        result
    )


def test_an_error_says_what_where_and_next() -> None:
    out = io.StringIO()
    error = Refused("what", where="/a/very/long/" + "path/" * 30, next="type this")
    as_text.show_error(Screen(out, width=40), error)
    assert out.getvalue().splitlines() == [
        "error what",
        f"   at {error.where}",
        " next type this",
    ]
