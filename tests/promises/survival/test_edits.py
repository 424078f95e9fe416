"""Nothing that a user wrote is ever lost: everyday edits, each through the command."""

from __future__ import annotations

from collections import Counter

import pygit2
import pytest
from _pytest.mark import ParameterSet

from aegis_patch.merge.written_twice import units
from tests.conftest import Project, Start
from tests.promises.survival.cases import EVERY, Case
from tests.promises.survival.edits import to_package
from tests.promises.test_laws import without_by


def params() -> list[ParameterSet]:
    """Every case, under the words that tell it."""
    return [pytest.param(case, id=f"{case.did}: {', '.join(case.verbs)}") for case in EVERY]


@pytest.mark.parametrize("case", params())
def test_it_survives(start: Start, case: Case) -> None:
    project = start(*case.having.split(","), version=case.version)
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
        wanted = start(*case.like.split(","), version=case.version, name="wanted/my-api")
        case.edit(wanted)
        wanted.commit("Mine")
        assert without_by(project) == without_by(wanted)


def test_what_a_release_and_the_user_both_wrote_is_asked(start: Start, fork: Project) -> None:
    """The same line, the same new file, and a line of a module that was split."""
    fork.edit("base/Makefile", "python -m app dev\n", "python -m app dev --new\n")
    files = "(ENV_FILE, DEV_FILE) if"
    fork.edit("base/app/core/settings.py", files, "(ENV_FILE, DEV_FILE, NEW) if")
    fork.write("base/app/new.py", "THEIRS = 1\n")
    fork.commit("A release")
    fork.git("tag", "v2.0")
    project = start(version="1.0", upstream=fork)
    project.edit("Makefile", "python -m app dev\n", "python -m app dev --mine\n")
    to_package("app/core/settings.py", "def ", "more.py")(project)
    project.edit("app/core/settings/more.py", files, "(MINE, DEV_FILE) if")
    project.write("app/new.py", "MINE = 1\n")
    mine = project.commit("Mine")
    project.aegis("rebase-upstream", code=3)
    asked = project.git("diff", "--name-only", "--diff-filter=U").splitlines()
    assert asked == ["Makefile", "app/core/settings/more.py", "app/new.py"]
    assert not lost(project, mine)


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
