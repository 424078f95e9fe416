"""Nothing that a user wrote is ever lost: everyday edits, each through the command."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pygit2
import pytest
from _pytest.mark import ParameterSet

from aegis_patch.merge.written_twice import units
from tests import stacks
from tests.conftest import Project
from tests.promises.survival.cases import EVERY, Case
from tests.promises.test_laws import without_by

Begin = Callable[[str, str | None], Project]


@pytest.fixture(scope="module")
def begin(tmp_path_factory: pytest.TempPathFactory) -> Begin:
    """A fresh project with some components; each kind is made once, then copied."""
    made: dict[tuple[str, str | None], Path] = {}

    def begin(names: str, version: str | None) -> Project:
        if (names, version) not in made:
            path = tmp_path_factory.mktemp("made") / "my-api"
            stacks.make(path, *names.split(",") if names else (), version=version)
            made[names, version] = path
        copy = tmp_path_factory.mktemp("copy") / "my-api"
        return Project(shutil.copytree(made[names, version], copy, symlinks=True))

    return begin


def params() -> list[ParameterSet]:
    """Every case, under the words that tell it."""
    return [pytest.param(case, id=f"{case.did}: {', '.join(case.verbs)}") for case in EVERY]


@pytest.mark.parametrize("case", params())
def test_it_survives(begin: Begin, case: Case) -> None:
    project = begin(case.having, case.version)
    case.edit(project)
    mine = project.commit("Mine")
    for verb in case.verbs[:-1]:
        project.aegis(*verb.split())
    before = project.tree
    ran = project.aegis(*case.verbs[-1].split(), code=3 if case.conflict else 0)
    assert not lost(project, mine)
    if case.conflict:
        assert case.conflict in ran.out
        project.git("cherry-pick", "--abort")
        assert project.tree == before
    assert project.is_sound()
    if case.like is not None:
        wanted = begin(case.like, case.version)
        case.edit(wanted)
        wanted.commit("Mine")
        assert without_by(project) == without_by(wanted)


def test_there_are_enough() -> None:
    told = Counter((case.did, case.verbs) for case in EVERY)
    assert len(EVERY) >= 60
    assert not [one for one, times in told.items() if times > 1]


def lost(project: Project, mine: str) -> list[bytes]:
    """Lines that a commit of the user's added, and that are in no file any more."""
    there = Counter[bytes]()
    for file in project.path.rglob("*"):
        if file.is_symlink():
            there[bytes(file.readlink())] += 1
        elif file.is_file() and ".git" not in file.relative_to(project.path).parts:
            there += units(file.name, file.read_bytes())
    repository = pygit2.Repository(str(project.path))
    was, now = Counter[bytes](), Counter[bytes]()  # of all files at once: a moved line is not new
    for name in project.git("diff", "-z", "--name-only", "--no-renames", f"{mine}~", mine).split(
        "\0"
    ):
        was += units(name, content(repository, f"{mine}~:{name}"))
        now += units(name, content(repository, f"{mine}:{name}"))
    return sorted((now - was) - there)


def content(repository: pygit2.Repository, name: str) -> bytes:
    """A file of a commit; nothing where there is none."""
    try:
        found = repository.revparse_single(name)
    except KeyError:
        return b""
    return found.data if isinstance(found, pygit2.Blob) else b""
