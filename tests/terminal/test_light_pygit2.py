"""A light pygit2 does what pygit2 does."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT, Project, Start

LOOK = """
import sys
sys.path.insert(0, sys.argv[1])
from aegis_patch.terminal import light_pygit2
for_real = sys.argv[3] == "real"
if not for_real:
    light_pygit2.install()
import pygit2
from pygit2 import enums
from pygit2.index import Index
spoilt = sys.argv[3] == "spoilt"
repo = pygit2.Repository(sys.argv[2])
head = repo[repo.head.target]
tree = head.tree
modes = [(each.name, int(each.filemode), each.type, str(each.id)) for each in tree]
modes += [each.filemode == enums.FileMode.TREE for each in tree]
index = Index(repo.path + "index")
staged = [(each.path, int(each.mode), str(each.id)) for each in index]
parents = [str(each.id) for each in repo.walk(head.id, enums.SortMode.TOPOLOGICAL)]
diff = tree.diff_to_tree(repo[head.parents[0].id].tree, flags=enums.DiffOption.SHOW_BINARY)
changed = [(each.delta.status_char(), each.delta.new_file.path, each.line_stats) for each in diff]
missing = pygit2.Oid(hex="1" * 40)
try:
    repo[missing]
except KeyError as error:
    no = str(error)
whole = "pygit2.repository" in sys.modules
assert whole == (for_real or spoilt), sys.argv
print(modes, staged, parents, changed, missing in repo, head.id in repo, no)
sides = [tree.id, tree.id, head.parents[0].tree.id]
merged = repo.merge_trees(*sides, enums.MergeFavor.UNION, enums.MergeFlag(0))
print(sorted(entry.path for entry in merged), "core.bare" in repo.config, int(repo.state()))
print(isinstance(repo, pygit2.Repository), isinstance(tree, pygit2.Tree))
"""


def _look(project: Project, which: str, before: str = "") -> str:
    words = [sys.executable, "-c", before + LOOK, str(ROOT), str(project.path), which]
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout


def test_it_reads_as_pygit2_does_and_becomes_it_where_it_must(start: Start) -> None:
    project = start("worker")
    assert _look(project, "light") == _look(project, "real") != ""


@pytest.mark.parametrize("lost", ["_pygit2.GIT_FILEMODE_LINK", "_pygit2.init_file_backend"])
def test_a_pygit2_that_it_does_not_fit_is_loaded_whole(start: Start, lost: str) -> None:
    # A C part that lacks a name has to be seen before pygit2 is, which needs the name itself.
    project = start("worker")
    module, _, name = lost.partition(".")
    before = f"""
from aegis_patch.terminal import light_pygit2 as light
fill = light._fill
class Lacking:
    def __getattr__(self, name):
        import pygit2.{module} as c
        if name == "{name}":
            raise AttributeError(name)
        return getattr(c, name)
light._fill = lambda module, c: fill(module, Lacking())
"""
    assert _look(project, "spoilt", before) == _look(project, "real")


def test_only_it_knows_the_c_part() -> None:
    users = [
        str(path.relative_to(ROOT))
        for path in Path(ROOT, "aegis_patch").rglob("*.py")
        if re.search(r"\b_pygit2\b", path.read_text())
    ]
    assert users == ["aegis_patch/terminal/light_pygit2.py"]
