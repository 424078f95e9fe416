"""pack.py: the objects of a landing as one file."""

from __future__ import annotations

from pathlib import Path

import pygit2
import pytest

from aegis_patch.errors import Refused
from aegis_patch.landing import pack
from aegis_patch.objects.scratch import scratch
from aegis_patch.upstream import releases
from tests import tiny
from tests.conftest import Start


def test_a_landing_writes_one_pack_and_no_loose_object(start: Start) -> None:
    project = start("cache", "ingress")
    objects = project.path / ".git/objects"
    assert len(list(objects.glob("pack/*.pack"))) == 1
    project.aegis("add", "worker")
    assert len(list(objects.glob("pack/*.pack"))) == 2
    assert not list(objects.glob("??/*"))
    assert project.is_sound()


def test_what_only_an_alternate_has_is_written_too(start: Start) -> None:
    """libgit2's own way to write a tree skips what any alternate of the store has."""
    project = start("worker")
    with scratch(releases.alternates()) as store:
        names = project.git("rev-list", "--objects", "--all").splitlines()
        known = pygit2.Repository(str(project.path))
        assert any(name.split()[0] in store for name in names)  # our release has it
        assert all(name.split()[0] in known for name in names)
    project.git("repack", "-adq")
    assert project.is_sound()


def test_a_repack_before_the_branch_moves_keeps_the_objects(start: Start) -> None:
    project = start()
    hook = project.path / ".git/hooks/reference-transaction"
    hook.parent.mkdir(exist_ok=True)
    collect = "git repack -adq && git prune --expire=now"
    hook.write_text(f'#!/bin/sh\n[ "$1" != prepared ] || {{ {collect}; }}\n')
    hook.chmod(0o755)
    project.aegis("add", "ingress")
    assert project.is_sound()
    assert {path.suffix for path in project.path.glob(".git/objects/pack/*")} == {".idx", ".pack"}
    assert sorted(path.name for path in project.path.glob(".git/objects/*")) == ["info", "pack"]


def test_git_gc_leaves_what_a_conflict_is_about(start: Start) -> None:
    project = start()
    project.write("app/components/ingress/health.py", "mine\n")
    project.commit("Mine")
    project.aegis("add", "ingress", code=3)
    project.git("gc", "--quiet", "--prune=now")
    project.git("add", "--all")
    project.git("-c", "core.editor=true", "cherry-pick", "--continue")
    assert project.subjects[0] == "Add ingress"
    assert project.is_sound()


def test_a_pack_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    with tiny.empty_store() as store:
        tree = tiny.tree(store, {"a": b"1"})
        wanted = {**dict.fromkeys(tree.objects(), store), pygit2.Oid(hex="1" * 40): store}
        with pytest.raises(Refused):
            pack.write(tmp_path, wanted, tmp_path / "kept")
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
