"""A series of quilt's becomes a component's, and goes back."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conftest import Project, needs

NICE = """Description: Be nice
 Whoever runs the program likes to be asked how they are.
 .
 So does everybody else.
Author: Dora Debian <dora@debian.example>
Bug-Debian: https://bugs.example/1

--- a/docs/nice.md
+++ b/docs/nice.md
@@ -1,2 +1,3 @@
 one
+nice
 two
"""
PLAIN = "Index: x\n--- docs/plain.md.orig\n+++ docs/plain.md\n@@ -0,0 +1 @@\n+plain\n"
PLAINLY = """patches/nice/component.toml: its summary is still what `series new` wrote
  next Which summary?
patches/nice/component.toml: its implementation is still what `series new` wrote
  next Which implementation?
patches/nice/plain.patch: the body doesn't say why, in more than 40 characters
  next aegis upstream series open nice
"""
SAID = """nice: 3 patches, 3 changed
Say what it is in patches/nice/component.toml, then:
  next aegis upstream series check nice
"""
MAIL = """From 0123456789012345678901234567890123456789 Mon Sep 17 00:00:00 2001
From: Dora Debian <dora@debian.example>
Date: Thu, 1 Jan 2026 00:00:00 +0000
Subject: [PATCH 3/3] Be
 nice

Nicer still, because once was not enough for anybody.
---
 docs/nice.md | 1 +

--- a/docs/nice.md
+++ b/docs/nice.md
@@ -1,3 +1,4 @@
 one
 nice
+nicer
 two
"""


@pytest.fixture(name="own")
def beside_a_series_of_quilts(own: Project, tmp_path: Path) -> Project:
    own.write("base/docs/nice.md", "one\ntwo\n")
    own.commit("A page")
    debian = Project(tmp_path / "debian")
    debian.write("series", "# in order\nnice.diff\nplain.diff -p0 # new\n\nnicer.patch\n")
    debian.write("nice.diff", NICE)
    debian.write("plain.diff", PLAIN)
    debian.write("nicer.patch", MAIL)
    return own


def test_a_series_of_quilts_is_imported(own: Project) -> None:
    said = own.aegis("upstream", "series", "import", "nice", "../debian").out
    assert said == SAID
    assert own.read("patches/nice/series") == "be-nice.patch\nplain.patch\nnicer.patch\n"
    wanted = "Whoever runs the program likes to be asked how they are.\n\nSo does everybody else.\n"
    wanted += "Author: Dora Debian <dora@debian.example>\nBug-Debian: https://bugs.example/1\n"
    mail = own.read("patches/nice/be-nice.patch")
    assert f"Subject: Be nice\n\n{wanted}" in mail
    assert "because once was not enough" in own.read("patches/nice/nicer.patch")
    assert "Author: Dora" in own.read("patches/nice/nicer.patch")
    assert "docs/nice.md | 1" not in own.read("patches/nice/nicer.patch")
    assert own.aegis("upstream", "series", "check", "nice", code=1).out == PLAINLY
    place = Project(own.path / ".series/nice")
    assert place.read("docs/nice.md") == "one\nnice\nnicer\ntwo\n"
    assert place.read("docs/plain.md") == "plain\n"
    assert own.aegis("upstream", "check").out == "Nothing is wrong.\n"


def test_what_stgit_exports_is_imported(own: Project) -> None:
    needs("stg")
    theirs = Project(own.path.parent / "theirs")
    shutil.copytree(own.path / "base", theirs.path)
    theirs.git("init", "--quiet")
    theirs.commit("Start")
    subprocess.run(["stg", "init"], cwd=theirs.path, check=True)
    for title, path in (("Be nice", "nice.md"), ("Be brief", "brief.md")):
        command = ["stg", "new", "--message", f"{title}\n\nWhoever reads it likes that."]
        subprocess.run(command, cwd=theirs.path, check=True)
        theirs.write(path, "yes\n")
        theirs.git("add", path)
        subprocess.run(["stg", "refresh"], cwd=theirs.path, check=True)
    subprocess.run(["stg", "export", "--dir", "../stgit"], cwd=theirs.path, check=True)
    own.aegis("upstream", "series", "import", "nice", "../stgit")
    place = Project(own.path / ".series/nice")
    assert place.subjects[:2] == ["Be brief", "Be nice"]
    assert "Whoever reads it likes that." in place.git("log", "-1", "--format=%B")
    assert place.read("brief.md") == place.read("nice.md") == "yes\n"


def test_a_patch_is_placed_as_debian_does(own: Project) -> None:
    """A file has another name on one side."""
    needs("patch")
    near = NICE.replace("--- a/docs/nice.md", "--- a/docs/nice")
    Project(own.path.parent / "debian").write("nice.diff", near)
    said = own.aegis("upstream", "series", "import", "nice", "../debian").out
    assert said == SAID
    assert Project(own.path / ".series/nice").read("docs/nice.md") == "one\nnice\nnicer\ntwo\n"


def test_a_patch_may_go_backwards_and_have_any_name(own: Project) -> None:
    away = NICE.replace("-1,2 +1,3", "-1,3 +1,2").replace("+nice", "-nice")
    there = own.path.parent / "debian"
    (there / "series").write_bytes(b"n\xefce -p1 -R\nplain.diff -p0\n")
    Path(os.fsdecode(bytes(there / "n") + b"\xefce")).write_text(away)
    own.aegis("upstream", "series", "import", "nice", "../debian")
    assert Project(own.path / ".series/nice").read("docs/nice.md") == "one\nnice\ntwo\n"


def test_a_series_with_any_subjects_is_imported(own: Project) -> None:
    """Twice the same, and one that `git am` would take for the mail's."""
    debian = Project(own.path.parent / "debian")
    debian.write("plain.diff", f"Subject: Plain\n\nSubject: Another\nBecause.\n\n{PLAIN}")
    debian.write("series", "nice.diff\nplain.diff -p0\nsub/plain.diff\n")
    debian.write(
        "sub/plain.diff",
        NICE.replace("nice.md", "new.md")
        .replace("-1,2 +1,3", "-0,0 +1")
        .replace(" one\n", "")
        .replace(" two\n", "")
        .replace("--- a/docs/new.md", "--- /dev/null"),
    )
    own.aegis("upstream", "series", "import", "nice", "../debian")
    wanted = "be-nice.patch\nplain.patch\nplain-3.patch\n"
    assert own.read("patches/nice/series") == wanted
    own.commit()
    own.git("clean", "-qffdx")
    own.aegis("upstream", "series", "open", "nice")
    place = Project(own.path / ".series/nice")
    assert place.subjects[:3] == ["plain 3", "Plain", "Be nice"]
    assert "\n Subject: Another\n" in place.git("log", "-2", "--format=%B")


def test_nothing_of_a_patch_is_executed(own: Project, tmp_path: Path) -> None:
    """Git takes no path into .git, but `patch` does: a hook, or a setting that is a command."""
    needs("patch")
    hook = f"""diff --git a/.git/hooks/pre-commit b/.git/hooks/pre-commit
new file mode 100755
--- /dev/null
+++ b/.git/hooks/pre-commit
@@ -0,0 +1,2 @@
+#!/bin/sh
+touch {tmp_path}/executed
"""
    asked = ("upstream", "series", "import", "nice", "../debian", "--json")
    for text in (hook, NICE.replace("--- a/docs/nice.md", "--- a/docs/nice") + hook):
        Project(own.path.parent / "debian").write("nice.diff", text)
        error = own.aegis(*asked, code=1).json["error"]
        assert not (tmp_path / "executed").exists()
        assert not (own.path / "patches/nice").exists()
    assert error["what"].startswith("This patch changes files of git's own")
    assert ".git/hooks/pre-commit" in own.paste(error["next"])


def test_a_file_that_git_ignores_is_imported(own: Project) -> None:
    needs("patch")
    own.write("base/.gitignore", "new.md\n")
    text = NICE.replace("--- a/docs/nice.md", "--- a/docs/nice")
    text += "--- /dev/null\n+++ b/docs/new.md\n@@ -0,0 +1 @@\n+new\n"
    Project(own.path.parent / "debian").write("nice.diff", text)
    own.aegis("upstream", "series", "import", "nice", "../debian")
    assert Project(own.path / ".series/nice").read("docs/new.md") == "new\n"


def test_a_subject_that_makes_no_file_name_is_kept(own: Project) -> None:
    Project(own.path.parent / "debian").write("nice.diff", NICE.replace("Be nice", "親切に"))
    own.aegis("upstream", "series", "import", "nice", "../debian")
    assert own.read("patches/nice/series") == "nice.patch\nplain.patch\nbe-nice.patch\n"
    mail = own.read("patches/nice/nice.patch")
    assert "Subject: nice\n" in mail
    assert "\n\n親切に\n\nWhoever" in mail


@pytest.mark.parametrize(
    ("path", "text", "says"),
    [
        ("nice.diff", NICE.replace(" two", " three"), "doesn't apply to base/"),
        ("nice.diff", NICE.replace("1,3 @@\n one", "1,2 @@\n-uno"), "doesn't apply to base/"),
        ("series", "gone.diff\n", "It lists gone.diff"),
        ("nice.diff", "no diff\n", "doesn't apply to base/"),
    ],
)
def test_what_does_not_fit_is_refused(own: Project, path: str, text: str, says: str) -> None:
    Project(own.path.parent / "debian").write(path, text)
    asked = ("upstream", "series", "import", "nice", "../debian", "--json")
    error = own.aegis(*asked, code=1).json["error"]
    assert says in error["what"]
    assert not own.git("status", "--porcelain")
    assert not [*own.path.glob(".series/*/")]
    own.paste(error["next"])


def test_both_are_named(own: Project) -> None:
    for words in (["nice"], ["nice", "nowhere"]):
        code = len(words) % 2 + 1
        ran = own.aegis("upstream", "series", "import", *words, "--json", code=code)
        assert ran.json["error"]["next"]
