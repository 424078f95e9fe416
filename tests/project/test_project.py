"""A project at HEAD: found from anywhere inside, read through its history."""

from __future__ import annotations

import errno
import subprocess
from pathlib import Path

import pytest

from aegis_patch.errors import Refused
from aegis_patch.history import record_log
from aegis_patch.project import repository
from aegis_patch.project.find import find
from tests.conftest import Start, run


def test_it_is_found_from_any_directory_below(start: Start) -> None:
    made = start("ingress")
    for place in (made.path, made.path / "app", made.path / "app/core"):
        found = find(place)
        assert (found.root, found.prefix) == (made.path, "")
    assert found.stack.chosen() == {"ingress"}


def test_an_error_without_a_file_is_about_the_disk_for_what_is_computed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    said = repository.of_system(OSError("failed to write out file: No space left on device"))
    assert said.next == f"ls -ld {tmp_path} && df -h {tmp_path}"
    said = repository.of_system(OSError(errno.ENOSPC, "No space left on device"))
    assert (said.where, said.next) == ("", "ls -ld . && df -h .")  # of a file that Python wrote


def test_the_nearest_of_two_is_meant(start: Start) -> None:
    outer = start(name="outer")
    assert run("init", outer.path / "services/inner", "--components", "cache", "-y").code == 0
    found = find(outer.path / "services/inner/app")
    assert found.prefix == "services/inner"
    assert found.stack.chosen() == {"cache"}


def test_a_record_that_is_only_in_the_worktree_is_none(start: Start) -> None:
    made = start()
    made.git("rm", "--quiet", "--cached", "aegis.toml")
    made.git("commit", "--quiet", "-m", "Without")
    with pytest.raises(Refused, match="isn't in the last commit"):
        find(made.path)


def test_a_record_deleted_in_the_worktree_is_still_that_of_head(start: Start) -> None:
    made = start("ingress")
    (made.path / "aegis.toml").unlink()
    assert find(made.path).stack.chosen() == {"ingress"}
    assert "aegis.toml" in made.aegis("add", "worker", code=1).err


def test_a_record_that_was_deleted_and_committed_comes_back_with_what_is_said(start: Start) -> None:
    made = start("ingress")
    before = made.git("rev-parse", "HEAD^{tree}")
    made.git("rm", "--quiet", "aegis.toml")
    made.git("commit", "--quiet", "-m", "Leave aegis")
    said = made.aegis("status", code=1).err
    assert "aegis.toml was deleted" in said
    remedy = said.partition("git checkout")[2].split(" && aegis repair")[0]
    subprocess.run(f"git checkout{remedy}", shell=True, check=True, cwd=made.path)
    assert made.git("rev-parse", "HEAD^{tree}") == before
    assert made.aegis("status").code == 0


def test_turns_are_the_commits_that_changed_the_record(start: Start) -> None:
    made = start("cache")
    made.write("mine", "1\n")
    made.commit("Mine")
    made.aegis("add", "ingress")
    found = find(made.path)
    subjects = [turn.commit.message.partition("\n")[0] for turn in record_log.turns(found)]
    assert subjects == ["Add ingress", "Add cache"]


def test_gained_is_the_newest_commit(start: Start) -> None:
    made = start()
    for _ in range(2):
        made.aegis("add", "ingress")
        newest = made.head
        made.aegis("remove", "ingress")
    commit = record_log.gained(find(made.path), "ingress")
    assert commit
    assert str(commit.id) == newest
    assert record_log.gained(find(made.path), "worker") is None


@pytest.mark.parametrize(("below", "prefix"), [("", ""), (".api", ".api"), ("a/.b", "a/.b")])
def test_prefixes(tmp_path: Path, below: str, prefix: str) -> None:
    assert repository.prefix_of(tmp_path, tmp_path / below) == prefix
