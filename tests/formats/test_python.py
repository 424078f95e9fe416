"""Python by names: imports of both sides, and everything else that has a name."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import warnings
from pathlib import Path

import pygit2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aegis_patch.formats import bounded_parsers, same_meaning, syntax
from aegis_patch.formats.python import blocks, pieces
from aegis_patch.merge import file_content
from aegis_patch.merge.file_content import Three
from aegis_patch.upstream import releases
from tests import tiny
from tests.promises.test_laws import stack_of, tree_of

BASE = '''\
"""Doc."""

import os
from app import one, two

__all__ = ["one", "two"]


class A:
    """Like B."""

    def run(self):
        return 1


class B:
    """Like A."""

    def run(self):
        return 1
'''


def merged(base: str, ours: str, theirs: str) -> str | None:
    return tiny.structured("a.py", base, ours, theirs)


def both(old: str, mine: str, wanted: str) -> str | None:
    """What becomes of one place that both sides changed."""
    return merged(BASE, BASE.replace(old, mine, 1), BASE.replace(old, wanted, 1))


def test_an_import_from_each_side() -> None:
    at = "import os\n"
    expected = BASE.replace(at, f"{at}import theirs\nimport mine\n")
    assert both(at, f"{at}import mine\n", f"{at}import theirs\n") == expected


@pytest.mark.parametrize(
    ("old", "mine", "wanted"),
    [
        ("import one, two", "import one as x, two", "import two, one as y"),
        ("import one, two", "import one, two, x  # mine", "import one, two, y"),
        ("return 1", "return 2", "return 3"),
        ("import os\n", "import os\nx = 1\n", "import os\ny = 1\n"),
        ("import os\n", "import os; import re\n", "import os, sys\n"),
        ("import os\n", "", "import os\nos.umask(0)\n"),
        ("from app import one, two\n", "", "from app import one, two\none.run()\n"),
        ("import os\n", "import os\nfrom __future__ import a\n", "import os\nfrom x import y\n"),
    ],
)
def test_what_is_a_persons_to_decide(old: str, mine: str, wanted: str) -> None:
    for one, other in ((mine, wanted), (wanted, mine)):
        result = both(old, one, other)
        assert result is None or ("as x" in result and "as y" in result)


@pytest.mark.parametrize("end", ["", "\n", "\n\n"])
def test_an_import_at_a_lost_anchor_leaves_the_blank_lines_at_the_end(end: str) -> None:
    shared, came = "import a\n\n# yours below\n", "import a\n\nimport b\n\n# yours below\n"
    mine = f"import a\n{end}"
    added = merged(shared, mine, came)
    assert added == f"import a\n\nimport b\n{end}"
    assert merged(came, added, shared) == mine


def test_like_shaped_classes_are_told_by_their_names() -> None:
    """Theirs has a new class above; ours changed the method of A, and not that of the new one."""
    ours = BASE.replace("return 1", "return 'mine'", 1)
    new = BASE[BASE.index("class B") :].replace("B", "New").replace("A", "B")
    theirs = BASE.replace("class A", f"{new}\n\nclass A", 1)
    result = merged(BASE, ours, theirs)
    assert result is not None
    assert 'class A:\n    """Like B."""\n\n    def run(self):\n        return \'mine\'\n' in result
    assert result.count("'mine'") == 1


def test_a_method_from_each_side_into_classes_of_one_shape() -> None:
    def grown(name: str, method: str) -> str:
        doc = f'class {name}:\n    """Like {"BA"[name == "B"]}."""\n'
        return BASE.replace(doc, f"{doc}\n    def {method}(self):\n        return 1\n")

    result = merged(BASE, grown("A", "mine"), grown("B", "wanted"))
    assert result is not None
    first, second = result.split("class B")
    assert "def mine" in first
    assert "def wanted" in second


lines = st.sampled_from(
    [
        *(
            "import os",
            "import re",
            "from a import b",
            "from a import b, c",
            "from a import (c, d)",
        ),
        *("__all__ = ['b']", "__all__ = ['b', 'c']", "# note", "", "x = 1", "x = 2"),
        *("def f():\n    return 1", "def f():\n    return 2", "class C:\n    y = 1"),
        *("class C:\n    # why\n    y = 2\n    z = 1", "if x:\n    import os", "from . import e"),
    ]
)


@tiny.examples(500)
@given(st.lists(st.lists(lines, max_size=7), min_size=3, max_size=3))
def test_nothing_is_lost(sides: list[list[str]]) -> None:
    texts = ["".join(f"{line}\n" for line in side) for side in sides]
    result = merged(*texts)
    if result is None:
        return
    base, ours, theirs, now = (said(text) for text in (*texts, result))
    assert (ours - base) | (theirs - base) <= now <= ours | theirs


def said(text: str) -> set[str]:
    """Each imported or exported name and each other line, told by Python's own parser."""
    found = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom):
            found |= {f"{node.level}{node.module} {alias.name}" for alias in node.names}
        elif isinstance(node, ast.List):
            found |= {ast.unparse(item) for item in node.elts}
    others = (line.strip() for line in text.split("\n") if line.strip())
    return found | {line for line in others if not line.startswith(("from", "__all__"))}


def test_what_python_only_warns_of_is_not_ours_to_say() -> None:
    """Told with each parse on standard error, or as an error where warnings are errors."""
    odd = 'PATTERN = "\\d"\nX = 1if PATTERN else 0\n'
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        assert syntax.syntax_error("x.py", odd.encode()) is None
        assert blocks(odd)
    assert not said


# Layout.

WIDE = BASE.replace("return 1", "return (\n            1\n        )").replace('"two"]', "'two',\n]")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("import os\n", "import re\n"),
        ("return 1", "return 2"),
        ('"two"]', '"two", "x"]'),
        ("Like A", "Not like A"),
        ("class B", "def f():\n    return 3\n\n\nclass B"),
    ],
)
def test_layout_is_nothing_that_a_user_wrote(old: str, new: str) -> None:
    """What theirs changes comes in its layout, what it leaves alone stays in ours."""
    theirs = BASE.replace(old, new, 1)
    result = merged(BASE, WIDE, theirs)
    assert result is not None
    assert same_meaning.is_same("a.py", result.encode(), theirs.encode())
    assert "(\n            1\n" in result
    mine = WIDE.replace("import os", "import mine")
    both = merged(BASE, mine, theirs)
    assert both is None or "import mine" in both


def test_a_class_that_was_only_formatted_goes_with_the_release() -> None:
    """Also where the user has changed something else in the file."""
    mine = WIDE.replace("import os", "import mine")
    theirs = BASE[: BASE.index("class B")].rstrip() + "\n"
    assert merged(BASE, mine, theirs) == mine[: mine.index("class B")].rstrip() + "\n"
    edited = mine.replace("Like A", "Not like A")
    assert merged(BASE, edited, theirs) is None


def test_what_is_in_another_layout_and_says_something_else_is_a_change() -> None:
    theirs = BASE.replace("return 1", "return 2", 1)
    assert merged(BASE, WIDE.replace("            1\n", "            mine\n", 1), theirs) is None
    assert (
        merged(BASE, WIDE.replace("            1\n", "            1  # mine\n", 1), theirs) is None
    )


@pytest.mark.long
@pytest.mark.parametrize(
    "options",
    [["79"], ["120"], ["100", "--config=format.quote-style='single'"]],
)
def test_a_formatted_project_meets_a_change_of_each_file(
    store: pygit2.Repository, tmp_path: Path, options: list[str]
) -> None:
    newest = releases.open_release(store, releases.BUNDLED, releases.latest())
    tree = tree_of(store, stack_of(newest, frozenset(newest.catalogue)))
    files = {}
    for path in tree.files():
        text = tree.read(path)
        if path.endswith(".py") and b"  return " in text:
            files[path] = text
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path).write_bytes(text)
    assert len(files) > 20
    ruff = [sys.executable, "-m", "ruff", "format", "--quiet", "--isolated", "--line-length"]
    subprocess.run([*ruff, *options, "."], cwd=tmp_path, check=True)
    for path, base in files.items():
        theirs = re.sub(rb"\n( +)return ", rb"\n\1pass\n\1return ", base, count=1)
        ours = (tmp_path / path).read_bytes()
        data, reason, _ = file_content.merge(Three(store, path, base, ours, theirs))
        assert (path, reason) == (path, None)
        assert same_meaning.is_same(path, data, theirs)


def test_a_text_that_was_read_is_not_parsed_again(monkeypatch: pytest.MonkeyPatch) -> None:
    read = blocks(BASE), pieces(BASE)
    monkeypatch.delattr(bounded_parsers, "python")
    assert read == (blocks(BASE), pieces(BASE))
