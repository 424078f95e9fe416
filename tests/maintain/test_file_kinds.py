"""Executable files, links, binary files and renames: in base/, in a series, in a user's project."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from tests.conftest import Project, begun

LOGO = b"\x89PNG\0\xff" + random.Random(1).randbytes(3000)
DRAWN = LOGO[:1000] + b"another" + LOGO[1000:]


@pytest.fixture(name="own")
def with_each_kind(own: Project) -> Project:
    own.write("base/run.sh", "#!/bin/sh\n")
    (own.path / "base/run.sh").chmod(0o755)
    own.write("base/plain.sh", "#!/bin/sh\nexit 0\n")
    own.write("base/docs/old.md", "one\ntwo\nthree\nfour\n")
    (own.path / "base/docs/logo.png").write_bytes(LOGO)
    (own.path / "base/docs/old.png").write_bytes(LOGO[1:])
    (own.path / "base/docs/run").symlink_to("../run.sh")
    own.commit("Start")
    own.git("tag", "v1.0")
    own.aegis("upstream", "series", "new", "kinds")
    own.aegis("upstream", "series", "open", "kinds")
    return own


def test_each_kind_of_file_lives_as_any_other(tmp_path: Path, own: Project) -> None:
    place = Project(own.path / ".series/kinds")
    (place.path / "plain.sh").chmod(0o755)
    place.write("new.sh", "#!/bin/sh\n")
    (place.path / "new.sh").chmod(0o755)
    place.git("mv", "docs/old.md", "docs/new.md")
    place.edit("docs/new.md", "two", "2")
    (place.path / "docs/link").symlink_to("new.md")
    (place.path / "start.bat").write_bytes(b"echo 1\r\n")
    (place.path / "docs/logo.png").write_bytes(DRAWN)
    (place.path / "pic.png").write_bytes(LOGO[::-1])
    place.git("rm", "--quiet", "docs/old.png")
    place.commit("Have each kind\n\nBecause an upstream may need any of them, one day.")
    own.aegis("upstream", "series", "save", "kinds")
    mail = own.read("patches/kinds/have-each-kind.patch")
    assert "\ndelta " in mail
    assert "\nliteral " in mail
    own.git("clean", "-qffdx", ".series")
    own.aegis("upstream", "series", "open", "kinds")
    assert (place.path / "start.bat").read_bytes() == b"echo 1\r\n"
    own.aegis("upstream", "series", "refresh")
    assert own.aegis("upstream", "check").out == "Nothing is wrong.\n"
    own.commit("Kinds")
    own.git("tag", "v1.1")
    made = tmp_path / "made"
    project = begun(made, "--upstream", str(own.path), "--upstream-version", "1.0")
    assert (made / "docs/logo.png").read_bytes() == LOGO
    assert (made / "docs/old.png").read_bytes() == LOGO[1:]
    project.edit("plain.sh", "exit 0\n", "exit 0 # mine\n")
    project.commit("Mine")
    project.aegis("rebase-upstream")
    before = project.tree
    project.aegis("add", "kinds")
    assert project.read("docs/new.md") == "one\n2\nthree\nfour\n"
    assert not (made / "docs/old.md").exists()
    assert os.access(made / "plain.sh", os.X_OK)
    assert os.access(made / "new.sh", os.X_OK)
    assert (made / "docs/logo.png").read_bytes() == DRAWN
    assert (made / "pic.png").read_bytes() == LOGO[::-1]
    assert not (made / "docs/old.png").exists()
    assert (made / "docs/link").readlink() == Path("new.md")
    assert (made / "docs/run").readlink() == Path("../run.sh")
    project.aegis("remove", "kinds")
    assert project.tree == before
    assert project.is_sound()
