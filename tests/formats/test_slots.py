"""merges.slots: who takes our slots out of a file has changed nothing that it says."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from aegis_patch.formats import slots
from aegis_patch.formats.adjacent_changes import Hunk
from aegis_patch.merge import file_content
from aegis_patch.merge.file_content import Reason
from aegis_patch.stack.record import RECORD
from tests import tiny
from tests.conftest import Project, Start
from tests.stacks import everything

NAMES = everything()
VERBS = [
    *[("", f"add {name}") for name in NAMES],
    *[("cache", f"add {name}") for name in ("ingress", "kubernetes", "worker")],
    *[("scheduler", f"add {name}") for name in ("cache", "database", "worker")],
    *[(",".join(NAMES), f"remove {name}") for name in NAMES if name != "cache"],
    (",".join(NAMES), "remove worker cache"),
    (",".join(NAMES), "rebase-upstream --to 0.3.0"),
]


def files(project: Project) -> dict[str, list[bytes]]:
    """What is in each file, but for slots and blank lines; the record has its own order."""
    found = {
        path: [line for line in slots.without(lines(project, path)) if line.strip()]
        for path in project.git("ls-files").splitlines()
    }
    return found | {RECORD: sorted(found[RECORD])}


def lines(project: Project, path: str) -> list[bytes]:
    return (project.path / path).read_bytes().splitlines(keepends=True)


@pytest.mark.parametrize(("having", "verb"), VERBS)
def test_they_can_be_taken_out(start: Start, tmp_path: Path, having: str, verb: str) -> None:
    other = start(having)
    mine = Project(shutil.copytree(other.path, tmp_path / "mine"))
    for path in mine.git("ls-files").splitlines():
        (mine.path / path).write_bytes(b"".join(slots.without(lines(mine, path))))
    mine.commit("Take out what says nothing")
    for project in (mine, other):
        project.aegis(*verb.split())
    assert files(mine) == files(other)


BASE = [b"a\n", b"# slot: x\n", b"# slot: y\n", b"b\n"]


def test_they_are_put_back_where_nothing_replaced_them() -> None:
    hunks = [Hunk(1, 3, ())]
    assert slots.restored(BASE, hunks, BASE[1:2]) == [b"a\n", b"# slot: x\n", b"b\n"]
    assert slots.restored(BASE, hunks, BASE[1:3]) == BASE
    replaced = [Hunk(1, 3, (b"mine\n",))]
    assert slots.restored(BASE, replaced, BASE[1:3]) == [b"a\n", b"mine\n", b"b\n"]


def test_they_are_put_back_where_nothing_went_with_them() -> None:
    with_code = [Hunk(0, 3, ())]
    assert slots.restored(BASE, with_code, BASE[1:3]) == [b"b\n"]
    below = [b"a\n", b"\n", b"# slot: x\n", b"\n", b"b\n"]
    assert slots.restored(below, [Hunk(2, 4, ())], below[2:3]) == [*below[:3], *below[4:]]
    page = [line.replace(b"# slot: x", b"<!-- slot: x -->") for line in below]
    assert slots.restored(page, [Hunk(2, 4, ())], page[2:3]) == [*page[:2], page[4]]


CODE = """\
def other(app):
    foo(app)


def setup(app):
    # slot: a
    # slot: b
    # slot: c
    return app


def last():
    pass
"""
PAGE = "# A\n\nIntro.\n\n<!-- slot: a -->\n<!-- slot: b -->\n<!-- slot: c -->\n\nLast.\n"


@pytest.mark.parametrize(
    ("path", "base", "ours", "brought"),
    [
        (
            "a.py",
            CODE,
            CODE[: CODE.index("\n\ndef setup")] + "\n\ndef last():\n    pass\n",
            "    b()\n",
        ),
        ("a.md", PAGE, "# A\n\nIntro.\n\nLast.\n", "\nNew.\n"),
        ("a.md", PAGE, "# A\n\nIntro.\nLast.\n", "\nNew.\n"),
    ],
)
def test_what_went_with_them_is_for_a_person(path: str, base: str, ours: str, brought: str) -> None:
    mark = "# slot: b\n" if path.endswith("py") else "<!-- slot: b -->\n"
    sides = (base, ours, base.replace(mark, mark + brought))
    with tiny.empty_store() as store:
        result = file_content.merge(store, path, *(side.encode() for side in sides))
    assert result.reason is Reason.TEXT


def test_what_is_missing_is_nowhere() -> None:
    assert slots.missing(BASE, {b"a\n", b"# slot: y\n"}) == {b"# slot: x\n"}
    assert slots.missing(BASE, set(BASE)) == set()
    assert slots.missing(BASE, {b"    # slot: y\r\n"}) == {b"# slot: x\n"}
