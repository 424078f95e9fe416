"""What only a formatter changed meets nothing that a release changes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pygit2
import pytest

from aegis_patch.formats import same_meaning, syntax
from aegis_patch.formats.named_blocks import Texts
from aegis_patch.formats.statements import settled
from aegis_patch.merge import file_content
from aegis_patch.merge.file_content import Reason
from aegis_patch.objects import trees
from aegis_patch.stack import pristine
from aegis_patch.upstream import releases
from tests.conftest import NEWEST, OLDER

BASE = '''\
"""Doc."""

from app import one, two


def serve(host: str, port: int) -> None:
    """Serve."""
    if host == "here":
        start(host, port, reload=False)  # and wait
        note("started", host, port)
    elif port:
        refuse(host, port)
    else:
        wait(host, port)
    try:
        end(host, port)
    except OSError as error:
        note("no end", error, port)


def stop(host: str) -> None:
    """Stop."""
    end(host, "now", force=True)
'''


def wide(text: str) -> str:
    """As a formatter with short lines writes it."""
    for name in ("start", "note", "refuse", "wait", "end"):
        text = text.replace(f"        {name}(", f"        {name}(\n            ")
    return text.replace("(host: str", "(\n    host: str").replace('"""Doc."""\n\n', '"""Doc."""\n')


def merge(store: pygit2.Repository, ours: str, theirs: str, base: str = BASE) -> file_content.Text:
    return file_content.merge(store, "a.py", *(side.encode() for side in (base, ours, theirs)))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("port, reload=False", "port, reload=True"),
        ("        refuse(host, port)\n", "        refuse(host, port, why=1)\n"),
        ("    elif port:\n        refuse(host, port)\n", ""),
        ("        wait(host, port)\n", "        wait(host, port)\n        wait(port)\n"),
        ("error, port)", "error)"),
        ("serve(host: str, port: int)", "serve(host: str, port: int, times: int)"),
        ("one, two", "one, three, two"),
    ],
)
def test_a_statement_of_theirs_comes_and_the_layout_of_the_others_stays(
    store: pygit2.Repository, old: str, new: str
) -> None:
    theirs = BASE.replace(old, new)
    data, reason, _ = merge(store, wide(BASE), theirs)
    assert reason is None
    assert same_meaning.is_same("a.py", data, theirs.encode())
    assert b"            note" in data or b"            host" in data or b"note(\n" in data
    mine = wide(BASE).replace("force=True", "force=mine")  # and a change of the user's elsewhere
    data, reason, _ = merge(store, mine, theirs)
    assert reason is None
    expected = theirs.replace("force=True", "force=mine")
    assert same_meaning.is_same("a.py", data, expected.encode())


@pytest.mark.parametrize("mine", ["reload=mine", "reload=False, mine=1", "reload=False  # mine"])
def test_a_statement_that_both_changed_is_a_persons(store: pygit2.Repository, mine: str) -> None:
    ours = wide(BASE).replace("reload=False", mine)
    if "#" in mine:
        ours = ours.replace("# mine)  # and wait", "# mine\n        )  # and wait")
    result = merge(store, ours, BASE.replace("reload=False", "reload=True"))
    assert result.reason is Reason.TEXT
    assert "mine" in result.data.decode()


def test_imports_that_were_sorted_anew(store: pygit2.Repository) -> None:
    at = "from app import one, two\n"
    ours = BASE.replace(at, "from app import one\nfrom app import two\n")
    theirs = BASE.replace(at, "import os\nfrom app import one\n")
    data, reason, _ = merge(store, ours, theirs)
    assert reason is None
    assert data == theirs.encode()
    mine = ours.replace("import two\n", "import two as mine\n")
    assert merge(store, mine, theirs).reason is Reason.TEXT


def test_an_order_of_imports_is_a_choice(store: pygit2.Repository) -> None:
    base = "import app\nimport conf\n\nrun()\n"
    mine = base.replace("import app\nimport conf\n", "import conf\nimport app\n")
    data, reason, _ = merge(store, mine, base.replace("conf\n", "conf\nimport extra\n"), base)
    assert reason is not None or data.index(b"conf") < data.index(b"app")


def test_a_comment_that_was_moved_is_a_change(store: pygit2.Repository) -> None:
    base = "def f():\n    # lock first\n    a()\n\n\ndef g():\n    b(1, 2)\n"
    theirs = base.replace("a()", "a(1)").replace("b(1", "b(0")
    for mine in (
        "def f():\n    a()\n\n\ndef g():\n    # lock first\n    b(1, 2)\n",
        base.replace("b(1, 2)", "b(1,\n      2)  # lock first").replace(
            "    # lock first\n    a", "    a"
        ),
    ):
        data, reason, _ = merge(store, mine, theirs, base)
        assert reason is not None or b"# lock first\n    a" not in data


@pytest.mark.parametrize("indent", ["\t", "  ", "        "])
def test_indented_anew_as_a_whole(store: pygit2.Repository, indent: str) -> None:
    theirs = BASE.replace("reload=False", "reload=True")
    ours = BASE.replace("    ", indent)
    data, reason, _ = merge(store, ours, theirs)
    assert reason is None
    assert same_meaning.is_same("a.py", data, theirs.encode())
    mine = ours.replace("force=True", "force=mine")
    assert merge(store, mine, theirs).reason is Reason.TEXT


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("a = 1; b = 2\n", "a = 1\nb = 3\n"),
        ("if a: b = 2\n", "if a:\n    b = 3\n"),
        ("match a:\n  case 1:\n    b = 2\n", "match a:\n    case 1:\n        b = 3\n"),
        ("b = 2\n# end\n", "b = 3\n"),
        ("def f(\n", "b = 3\n"),
        ("", "b = 3\n"),
    ],
)
def test_each_side_says_what_it_said(ours: str, theirs: str) -> None:
    sides = Texts("b = 2\n", ours, theirs)
    try:
        made = settled(sides)
    except ValueError:
        return
    for before, after in zip(sides, made, strict=True):
        assert same_meaning.is_same("a.py", before.encode(), after.encode())


@pytest.mark.parametrize(
    "options", [["79"], ["120"], ["100", "--config=format.quote-style='single'"]]
)
def test_a_release_meets_a_formatted_project(
    store: pygit2.Repository, tmp_path: Path, options: list[str]
) -> None:
    """Every Python file that a component or the base has in two releases."""
    opened = [releases.open_release(store, releases.BUNDLED, each) for each in (OLDER, NEWEST)]
    files: dict[str, tuple[bytes, bytes]] = {}
    for name in ("scheduler+worker", "database", "ingress"):
        was, now = (pristine.after(store, each, name) for each in opened)
        for path in trees.changed(store, was, now):
            sides = trees.read(store, was, path), trees.read(store, now, path)
            if path.endswith(".py") and all(sides):
                files[path] = sides
    assert len(files) > 10
    for path, (base, _) in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(base)
    ruff = [sys.executable, "-m", "ruff", "format", "--quiet", "--isolated", "--line-length"]
    subprocess.run([*ruff, *options, "."], cwd=tmp_path, check=True)
    for path, (base, theirs) in files.items():
        ours = (tmp_path / path).read_bytes()
        data, reason, _ = file_content.merge(store, path, base, ours, theirs)
        assert (path, reason) == (path, None)
        assert same_meaning.is_same(path, data, theirs)
        assert syntax.syntax_error(path, data) is None
