"""rules.py: each rule can be broken; test_catalogue.py holds that our series break none."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pygit2
import pytest

from aegis_patch.formats import anchors
from aegis_patch.maintain import rules
from aegis_patch.maintain.problem import Problem
from aegis_patch.objects import texts, trees
from aegis_patch.objects.trees import Tree
from aegis_patch.stack import component, pristine
from aegis_patch.stack.release import Upstream
from aegis_patch.values import replace
from tests import tiny
from tests.conftest import ROOT, Project
from tests.promises.test_laws import stack_of, subsets, tree_of
from tests.tiny import Files

RECORD = b"""\
[upstream]
url = ""
release = ""
commit = ""

[answers]
project_name = "Harbor Light"

[components]
# yours below
"""
BASE = {"aegis.toml": RECORD, "list": b"start\n# yours below\nend\n"}
MOST_IN_BASE, MOST_IN_CORE = 25, 15


def test_anchors_are_few(store: pygit2.Repository, head: Upstream) -> None:
    """They do not grow with the catalogue: a series brings some for its own lists alone."""
    core = anchors_in(store, tree_of(store, stack_of(head, frozenset())))
    assert len(anchors_in(store, head.base)) <= MOST_IN_BASE
    assert len(core) <= MOST_IN_CORE


def test_a_project_names_no_component_that_it_lacks(
    store: pygit2.Repository, head: Upstream
) -> None:
    """Neither in a comment nor in braces that hold nothing; prose may name what one can add."""
    chosen = [name for name, each in head.catalogue.items() if component.is_chosen(each)]
    for names in subsets(head):
        tree = pristine.fold(head, names)
        for path in ("compose.yaml", "pyproject.toml", ".env.example", "Makefile", "README.md"):
            for line in texts.lines(tree.read(path)):
                said = line.decode().strip()
                assert "slot:" not in said
                if said.startswith("#") or anchors.is_anchor(line):
                    named = {each for each in chosen if re.search(rf"(?<![\w-]){each}\b", said)}
                    assert named <= names, said


def test_common_hooks_change_no_file(head: Upstream) -> None:
    """As pre-commit's end-of-file-fixer, trailing-whitespace and mixed-line-ending would."""
    whole = pristine.fold(head, head.catalogue)
    for path in whole.files():
        text = whole.read(path)
        assert not re.search(rb"[ \t\r]$|\n\n\Z|[^\n]\Z", text, re.MULTILINE), path


@pytest.mark.long
def test_a_component_more_changes_nothing_else(store: pygit2.Repository, head: Upstream) -> None:
    """`search` comes with lines in every shared list; all sets there are fold with it."""
    more = b'search:\n    image: "opensearch"\n    healthcheck: { disable: true }\n\n'
    put_in = {
        "compose.yaml": [
            (b"    # yours below: environment\n", b'    SEARCH_URL: "http://search:9200"\n'),
            (b"    # yours below: webserver\n", b"    depends_on:\n      search: { x: y }\n"),
            (b"  # yours below: services\n", b"  " + more),
            (b"  # yours below: volumes\n", b"  search:\n"),
        ],
        "pyproject.toml": [
            (b"    # yours below: dependencies\n", b'    "opensearch-py>=3",\n'),
            (b"    # yours below: dev\n", b'    "opensearch-mock>=1",\n'),
        ],
        ".env.example": [(b"# yours below\n", b"# Where one searches\n# SEARCH_URL=\n\n")],
        "Dockerfile": [(b"# yours below\n", b"RUN apt-get install search\n")],
    }
    edits = {"app/components/search/__init__.py": trees.Entry.written(store, b"X = 1\n")}
    for path, places in put_in.items():
        text = head.base.read(path)
        for anchor, lines in places:
            assert text.count(anchor) == 1
            text = text.replace(anchor, lines + anchor)
        edits[path] = trees.Entry.written(store, text)
    after = head.base.replaced(edits)
    search = tiny.a_component("search", (), "component", ())
    grown = replace(head, catalogue={**head.catalogue, "search": search}, folds={"search": after})
    for names in subsets(head):
        without = pristine.fold(head, names)
        assert pristine.fold(grown, names) == without
        together = pristine.fold(grown, names | {"search"})
        assert set(without.changed(together)) == edits.keys()
        for path, places in put_in.items():
            text = together.read(path)
            for _, lines in places:
                assert all(line in text for line in texts.lines(lines))
            taken = without.read(path)
            assert len(text) - len(taken) <= sum(len(lines) for _, lines in places)


def having(lines: bytes, base: Files = BASE, path: str = "list") -> dict[str, bytes]:
    text = base[path]
    assert isinstance(text, bytes)
    files = {each: data for each, data in base.items() if isinstance(data, bytes)}
    return {**files, path: text.replace(b"# yours below\n", lines + b"# yours below\n")}


@pytest.mark.parametrize(
    ("after", "says"),
    [
        (having(b"x\n"), None),
        (having(b"Harbor Light\n"), "it holds the base's project_name, 'Harbor Light'"),
        (having(b"harbor-light\n"), "it holds the base's slug, 'harbor-light'"),
        ({**BASE, "list": BASE["list"] + b"x\n"}, "its first and its last line"),
        ({**BASE, "list": b"x\n" + BASE["list"]}, "its first and its last line"),
        (having(b"x\n" * 16), "it changes 16 lines of existing files"),
        (having(b"x = 1\n", path="aegis.toml"), "aegis writes it"),
    ],
)
def test_a_series_that_breaks_one(
    small: pygit2.Repository, after: dict[str, bytes], says: str | None
) -> None:
    opened = tiny.an_upstream(small, BASE, (tiny.a_component("cache"), after))
    of_git = ("say why", "its subject")  # of tiny patches, which git names
    found = [
        said(each)
        for each in (*rules.breaches(opened, "cache"), *rules.advice(opened, "cache"))
        if not any(words in each.what for words in of_git)
    ]
    assert len(found) == (says is not None), found
    assert says is None or says in found[0]


def said(problem: Problem) -> str:
    """A problem on one line."""
    return f"{problem.where}: {problem.what}"


@pytest.mark.parametrize(
    ("one", "other", "item"),
    [
        (b"x\n", b"y\n", None),
        (b"x\nz\n", b"y\nz\n", "z"),
        (b"# why\nx\n", b"# why\ny\n", None),
        (b"x:\n  a\n", b"x:\n  b\n", None),
        (b"x:\n  a\n  c\n", b"x:\n  b\n  c\n", "x: c"),
        (b"x:\n  a\n  c\n", b"y:\n  b\n  c\n", None),
        (b"x:\n  a:\n    1\n", b"x:\n  b:\n    2\n", "x:"),
        (b"- x:\n    1\n", b"- x:\n    2\n", None),
        (b"- x:\n    1\n", b"- y\n- x:\n    1\n", "- x:"),
    ],
)
def test_an_item_is_one_series_alone(
    small: pygit2.Repository, one: bytes, other: bytes, item: str | None
) -> None:
    opened = tiny.an_upstream(
        small, BASE,
        (tiny.a_component("cache"), having(one)), (tiny.a_component("mail"), having(other)),
    )  # fmt: skip
    expected = [f"list: cache and mail both have {item!r}"] if item else []
    assert [said(each) for each in rules.breaches_between(opened)] == expected


def test_an_anchor_stands_once_in_a_file(small: pygit2.Repository) -> None:
    base = {**BASE, "list": BASE["list"] + b"  # yours below\nend of it\n"}
    opened = tiny.an_upstream(small, base, (tiny.a_component("cache"), {**base, "new": b"x\n"}))
    assert [said(each) for each in rules.breaches_between(opened)] == [
        "list: the anchor '# yours below' stands there 2 times"
    ]


def anchors_in(store: pygit2.Repository, tree: Tree) -> list[tuple[str, bytes]]:
    """Every anchor, with its file."""
    return [
        (path, line)
        for path in tree.files()
        for line in texts.lines(tree.read(path))
        if anchors.is_anchor(line)
    ]


def test_a_fork_checks_its_own(tmp_path: Path) -> None:
    """In the fork's own directory, with nothing but its base/ and patches/."""
    fork = Project(tmp_path / "fork")
    for each in ("base", "patches/ingress"):
        shutil.copytree(ROOT / each, fork.path / each)
    fork.git("init", "--quiet")
    check = ("upstream", "series", "check")
    assert fork.aegis(*check).out == "Nothing is wrong.\n"
    fork.commit("Start")
    fork.git("tag", "v1.0")
    fork.git("rm", "--quiet", "base/Makefile", "base/README.md")
    [lacking] = fork.aegis(*check, "--json", code=1).json["problems"]
    wanted = '[[file]]\nname = "Makefile"\n\n[[file]]\nname = "README.md"\n'
    assert lacking["what"] == f"gone without a note; write into notes/VERSION.toml:\n\n{wanted}"
    assert '    [[file]]\n    name = "Makefile"\n' in fork.aegis(*check, code=1).out
    fork.git("reset", "--quiet", "--hard")
    first = f"patches/ingress/{fork.read('patches/ingress/series').split()[0]}"
    head, _, rest = fork.read(first).partition("\n\n")
    diff = "diff --git" + rest.partition("\ndiff --git")[2]
    fork.write(first, f"{head}\n\nBecause.\n\n{diff}")
    [short] = fork.aegis(*check, "--json", code=1).json["problems"]
    assert short["where"] == first
    assert short["what"] == "the body doesn't say why, in more than 40 characters"
