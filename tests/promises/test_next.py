"""The `next` of a message is one command that works when pasted, or a question with its choices.

Every place of the engine that writes one is found in its source, provoked, and pasted.
"""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from aegis_patch import errors
from aegis_patch.project import repository
from aegis_patch.upstream import releases
from tests import tiny
from tests.conftest import ROOT, Project, git, run
from tests.promises.test_hostile import BASE, new, publish, series

PACKAGE = ROOT / "aegis_patch"
Words = list[str | Path]
Provoke = Callable[["World"], Words]

CASES: dict[str, tuple[str, Provoke, dict[str, str], bool]] = {}
ELSEWHERE = {
    "landing.journal.settle": "tests/landing/faults.py: a disk that is full while files move",
    "landing.land.land": "tests/landing/faults.py; the command is pasted below",
    "landing.land._aside": "tests/landing/faults.py; the command is pasted below",
    "landing.locks.hold": "tests/landing/test_land.py; there is nothing to paste",
    "project.repository._refuse_partial": "tests/verbs/test_repositories.py pastes it",
    "project.repository._refuse_elsewhere": "tests/verbs/test_repositories.py pastes it",
    "stack.patch.parse": "tests/stack/test_patch.py; a maintainer's, in another repository",
}
"""Places that are provoked by other tests, which paste what they find."""


class World:
    """A directory with whatever leads to one message."""

    def __init__(self, path: Path, templates: Path, patch: pytest.MonkeyPatch) -> None:
        self.path = path
        self.patch = patch
        self._templates = templates
        path.mkdir()

    def project(self, *components: str) -> Project:
        """A project with some components; each kind is made once."""
        made = self._templates / ("+".join(components) or "core")
        if not made.exists():
            ran = run("init", made, "-y", "--components", ",".join(components))
            assert ran.code == 0, ran.err
        shutil.copytree(made, self.path / "project", symlinks=True)
        return Project(self.path / "project")

    def fork(self, **tags: tiny.Files) -> Project:
        """A project of a fork, at its first release; each keyword is a tag and its files."""
        place = self.path / "fork.git"
        for tag, files in tags.items():
            publish(place, {**BASE, "patches/.keep": b"", **files}, tag.replace("_", "."))
        first = next(iter(tags)).replace("_", ".").removeprefix("v")
        words = ("--upstream", place, "--upstream-version", first)
        ran = run("init", self.path / "project", "-y", *words)
        assert ran.code == 0, ran.err
        return Project(self.path / "project")


def case(
    place: str, *, solves: bool = True, fills: dict[str, str] | None = None
) -> Callable[[Provoke], Provoke]:
    """Register what provokes the message of a place in the source.

    `fills` replaces what a user has to choose (BRANCH, PATH …). `solves` says that the refused
    command is not refused for that reason any more, once the `next` was pasted.
    """

    def register(provoke: Provoke) -> Provoke:
        CASES[provoke.__name__] = (place, provoke, fills or {}, solves)
        return provoke

    return register


def at(project: Project, *words: str) -> Words:
    return ["-C", project.path, *words]


# --- the command line


@case("terminal.cli._run", solves=False)
def a_verb_that_does_not_exist(world: World) -> Words:
    return at(world.project(), "grow")


@case("terminal.cli._run", solves=False)
def a_name_that_is_missing(world: World) -> Words:
    return at(world.project(), "add")


@case("terminal.cli._system_error", solves=False)
def a_file_that_is_in_the_way_of_the_journal(world: World) -> Words:
    project = world.project()
    (project.path / ".git/aegis").write_text("")
    return at(project, "add", "ingress")


@case("terminal.cli._not_utf8", solves=False)
def an_answer_that_is_not_utf8(world: World) -> Words:
    return at(world.project(), "answers", "description=\udcff")


# --- names


@case("verbs.naming.refuse_none", solves=False)
def no_name_but_a_comma(world: World) -> Words:
    return at(world.project(), "add", ",")


@case("verbs.naming.checked", solves=False)
def the_core(world: World) -> Words:
    return at(world.project(), "add", "core")


@case("verbs.naming.checked", solves=False)
def an_unknown_name(world: World) -> Words:
    return at(world.project(), "add", "nonsense")


@case("verbs.naming.checked", solves=False)
def an_integration_to_add(world: World) -> Words:
    return at(world.project(), "add", "cache+ingress")


@case("verbs.naming.checked", solves=False)
def an_integration_to_remove(world: World) -> Words:
    return at(world.project("cache", "ingress"), "remove", "cache+ingress")


@case("verbs.naming.checked", solves=False, fills={"PATH": "new"})
def an_integration_to_start_with(world: World) -> Words:
    return ["init", world.path / "there", "-y", "--components", "cache+ingress"]


@case("verbs.naming.chosen")
def what_only_a_newer_release_has(world: World) -> Words:
    files = series("mail", new("mail.txt"))
    return at(world.fork(v1_0={}, v2_0=files), "add", "mail")


@case("verbs.remove._removals")
def what_another_component_needs(world: World) -> Words:
    return at(world.project("worker"), "remove", "cache")


@case("verbs.rebase_upstream.rebase")
def what_the_other_release_lacks(world: World) -> Words:
    files = series("mail", new("mail.txt"))
    project = world.fork(v1_0=files, v2_0={})
    project.aegis("add", "mail")
    return at(project, "rebase-upstream")


# --- releases and answers


@case("upstream.releases.resolve", solves=False)
def a_release_that_does_not_exist(world: World) -> Words:
    return at(world.project(), "rebase-upstream", "--to", "9.9.9")


@case("upstream.releases.resolve", solves=False)
def a_record_without_an_upstream(world: World) -> Words:
    project = world.project()
    record = re.sub(r'(url|commit) = ".*"', r'\1 = ""', project.read("aegis.toml"))
    project.write("aegis.toml", record)
    project.commit()
    return at(project, "add", "ingress")


@case("upstream.releases._no_release", solves=False)
def a_fork_without_a_tag(world: World) -> Words:
    fork = publish(world.path / "fork.git", {**BASE, "patches/.keep": b""})
    git(fork, "tag", "--delete", "v1.0")
    return ["init", world.path / "project", "-y", "--upstream", fork]


@case("upstream.releases._found", solves=False)
def a_release_that_was_recorded_again(world: World) -> Words:
    project = world.project()
    commit = releases.versions()[releases.latest()]
    project.edit("aegis.toml", commit, "1" * 40)
    project.commit()
    return at(project, "add", "ingress")


@case("upstream.releases._unreadable", solves=False)
def a_tag_of_something_else(world: World) -> Words:
    fork = publish(world.path / "fork.git", {"README": b"else\n"})
    return ["init", world.path / "project", "-y", "--upstream", fork]


@case("upstream.releases._unreadable", solves=False)
def a_commit_of_a_checkout_elsewhere(world: World) -> Words:
    project = world.project()
    record = project.read("aegis.toml")
    record = record.replace(releases.versions()[releases.latest()], "1" * 40)
    project.write("aegis.toml", record.replace(f'"{releases.latest()}"', '"work"'))
    project.commit()
    return at(project, "add", "ingress")


@case("upstream.releases._attach", solves=False)
def a_commit_that_is_none(world: World) -> Words:
    project = world.fork(v1_0={})
    record = re.sub(r'commit = "\w+"', 'commit = "none"', project.read("aegis.toml"))
    project.write("aegis.toml", record)
    project.commit()
    return at(project, "answers", "description=x")


@case("upstream.releases._attach", solves=False)
def a_commit_that_the_fork_lost(world: World) -> Words:
    project = world.fork(v1_0={})
    record = re.sub(r'commit = "\w+"', f'commit = "{"1" * 40}"', project.read("aegis.toml"))
    project.write("aegis.toml", record)
    project.commit()
    return at(project, "answers", "description=x")


@case("upstream.releases._work_commit", solves=False)
def work_without_a_checkout(world: World) -> Words:
    world.patch.setattr(releases, "_CHECKOUT", world.path)
    return ["init", world.path / "project", "-y", "--upstream-version", "work"]


@case("upstream.fork._git", solves=False)
def a_fork_that_is_not_there_yet(world: World) -> Words:
    return ["init", world.path / "project", "-y", "--upstream", world.path / "fork.git"]


@case("upstream.workbench.at", solves=False)
def a_record_of_a_newer_aegis(world: World) -> Words:
    project = world.project()
    project.edit("aegis.toml", f'release = "{releases.latest()}"', 'release = "99.0.0"')
    project.commit()
    return at(project, "add", "ingress")


@case("upstream.workbench.upstream")
def a_record_with_a_name_that_nobody_knows(world: World) -> Words:
    project = world.project("cache")
    project.edit("aegis.toml", "\ncache = {", "\nredsi = {")
    project.commit()
    return at(project, "add", "ingress")


@case("verbs.opening.refuse_stranded")
def a_component_of_another_release(world: World) -> Words:
    project = world.fork(v1_0={}, v2_0=series("mail", new("mail.txt")))
    project.git("branch", "release")
    project.aegis("rebase-upstream")
    project.aegis("add", "mail")
    project.git("switch", "--quiet", "release")
    project.git("cherry-pick", "-X", "theirs", "main")
    return at(project, "repair")


@case("upstream.identity_files.ask", solves=False)
def an_answer_that_nobody_asks_for(world: World) -> Words:
    return at(world.project(), "answers", "colour=red")


@case("upstream.identity_files._invalid", solves=False)
def an_answer_that_is_not_valid(world: World) -> Words:
    return at(world.project(), "answers", "author_email=me")


# --- where a project is


@case("project.find.find", solves=False, fills={"PATH": "."})
def a_directory_that_does_not_exist(world: World) -> Words:
    return ["-C", world.project().path / "nowhere", "status"]


@case("project.find._no_project", solves=False, fills={"PATH": "new", "PROJECT": "."})
def a_directory_that_is_no_project(world: World) -> Words:
    return ["-C", world.path, "status"]


@case("project.find.find")
def a_record_that_was_never_committed(world: World) -> Words:
    project = world.project()
    record = project.read("aegis.toml")
    project.git("rm", "--quiet", "aegis.toml")
    project.git("commit", "--quiet", "--amend", "--message", "Start")
    project.write("aegis.toml", record)
    return at(project, "add", "ingress")


@case("project.find._deleted_record")
def a_record_that_was_deleted(world: World) -> Words:
    project = world.project()
    project.git("rm", "--quiet", "aegis.toml")
    project.commit()
    return at(project, "add", "ingress")


@case("project.find._nonsense")
def a_record_with_conflict_markers(world: World) -> Words:
    project = world.project()
    project.write("aegis.toml", "<<<<<<< ours\n" + project.read("aegis.toml"))
    project.commit()
    return at(project, "add", "ingress")


@case("stack.record._nonsense", solves=False)
def a_record_that_never_made_sense(world: World) -> Words:
    project = Project(world.path / "project")
    project.path.mkdir()
    project.git("init", "--quiet")
    project.write("aegis.toml", "x\n")
    project.commit()
    return at(project, "status")


@case("project.find._refuse_empty", solves=False)
def a_bare_repository(world: World) -> Words:
    git(world.path, "clone", "--quiet", "--bare", str(world.project().path), "bare")
    return ["-C", world.path / "bare", "status"]


@case("project.find._refuse_empty")
def a_repository_without_a_commit(world: World) -> Words:
    project = world.project()
    shutil.rmtree(project.path / ".git")
    project.git("init", "--quiet")
    return at(project, "add", "ingress")


@case("project.repository._not_found")
def a_project_without_a_repository(world: World) -> Words:
    project = world.project()
    shutil.rmtree(project.path / ".git")
    return at(project, "add", "ingress")


@case("project.repository._not_found", fills={"MAIN-WORKTREE": "main"})
def a_worktree_whose_repository_moved(world: World) -> Words:
    project = world.project()
    project.git("worktree", "add", "--quiet", "-b", "other", "../linked")
    project.path.rename(world.path / "main")
    return ["-C", world.path / "linked", "status"]


@case("project.repository._closed", solves=False)
def a_repository_of_another_kind(world: World) -> Words:
    project = world.project()
    project.git("config", "core.repositoryFormatVersion", "1")
    project.git("config", "extensions.unheardOf", "true")
    return at(project, "status")


@case("project.git._filter_failed", solves=False)
def a_filter_that_fails(world: World) -> Words:
    project = world.project()
    project.write(".gitattributes", "*.md filter=mine -text\n")
    project.commit()
    project.git("config", "filter.mine.smudge", "false")
    project.git("config", "filter.mine.required", "true")
    return at(project, "add", "worker")


@case("project.git.run", solves=False)
def a_git_that_fails(world: World) -> Words:
    project = world.project()
    hook = project.path / ".git/hooks/reference-transaction"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    return at(project, "add", "ingress")


# --- where a project starts


@case("verbs.init._refuse_filled", solves=False, fills={"PATH": "new"})
def a_directory_that_is_not_empty(world: World) -> Words:
    return ["init", world.project().path, "-y"]


@case("verbs.init._refuse_filled", solves=False)
def a_directory_that_nobody_may_write(world: World) -> Words:
    world.patch.setattr(os, "access", lambda *_: False)  # root may write anywhere
    return ["init", world.path / "project", "-y"]


@case("verbs.init._outer", solves=False, fills={"PATH": "../../new"})
def a_directory_of_gits_own(world: World) -> Words:
    return ["init", world.project().path / ".git/new", "-y"]


@case("verbs.init._begin", solves=False)
def a_directory_whose_files_git_has(world: World) -> Words:
    project = world.project()
    project.write("inner/file", "mine\n")
    project.commit()
    shutil.rmtree(project.path / "inner")
    return ["-C", project.path, "init", "inner", "-y"]


@case("verbs.init._enter", fills={"NAME": "Uma", "EMAIL": "uma@example.org"})
def nobody_starts_a_project_in_a_repository(world: World) -> Words:
    project = world.project()
    nobody(world, project)
    return ["-C", project.path, "init", "inner", "-y"]


@case("verbs.perform._land", fills={"NAME": "Uma", "EMAIL": "uma@example.org"})
def nobody_adds_a_component(world: World) -> Words:
    project = world.project()
    nobody(world, project)
    return at(project, "add", "ingress")


def nobody(world: World, project: Project) -> None:
    for name in list(os.environ):
        if name.startswith(("GIT_AUTHOR_", "GIT_COMMITTER_")):
            world.patch.delenv(name)
    world.patch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    project.git("config", "user.useConfigOnly", "true")


# --- work of the user's that a verb would meet


@case("landing.preconditions.verb", fills={"NEW-BRANCH": "new", "BRANCH": "main"})
def a_detached_head(world: World) -> Words:
    project = world.project()
    project.git("switch", "--quiet", "--detach")
    return at(project, "add", "ingress")


@case("landing.preconditions.verb")
def a_cherry_pick_under_way(world: World) -> Words:
    project = world.project()
    project.git("commit", "--quiet", "--allow-empty", "--message", "Empty")
    project.git("switch", "--quiet", "-c", "other", "HEAD~1")
    project.git("cherry-pick", "main", check=False)
    project.write("mine", "mine\n")
    project.git("add", "mine")
    return at(project, "add", "ingress")


@case("landing.preconditions.verb")
def a_merge_under_way(world: World) -> Words:
    project = world.project()
    project.git("switch", "--quiet", "-c", "other")
    project.write("mine", "mine\n")
    project.commit()
    project.git("switch", "--quiet", "main")
    project.git("merge", "--quiet", "--no-commit", "--no-ff", "other")
    return at(project, "add", "ingress")


@case("landing.preconditions.verb", solves=False)
def a_file_that_is_unmerged(world: World) -> Words:
    project = world.project()
    for text in ("one\n", "two\n"):
        project.write("mine", text)
        project.git("add", "mine")
        project.git("stash", "push", "--quiet")
    project.git("stash", "pop", "--quiet")
    project.git("commit", "--quiet", "--message", "Two")
    project.git("stash", "pop", check=False)
    return at(project, "add", "ingress")


@case("landing.locks._is_locked")
def a_lock_that_git_left(world: World) -> Words:
    project = world.project()
    project.write(".git/index.lock", "")
    return at(project, "add", "ingress")


@case("landing.preconditions.files")
def an_untracked_file(world: World) -> Words:
    project = world.project()
    project.write("docs/components/ingress.md", "mine\n")
    return at(project, "add", "ingress")


@case("landing.preconditions._uncommitted")
def an_uncommitted_change(world: World) -> Words:
    project = world.project()
    project.write("compose.yaml", "# mine\n" + project.read("compose.yaml"))
    return at(project, "add", "ingress")


@case("landing.preconditions._uncommitted")
def a_change_that_git_does_not_look_at(world: World) -> Words:
    project = world.project()
    project.git("update-index", "--assume-unchanged", "compose.yaml")
    project.write("compose.yaml", "# mine\n" + project.read("compose.yaml"))
    return at(project, "add", "ingress")


@case("landing.preconditions.index")
def a_conflict_beside_staged_work(world: World) -> Words:
    project = world.project("worker")
    project.write("docs/components/worker.md", "mine\n")
    project.commit()
    project.write("mine", "mine\n")
    project.git("add", "mine")
    return at(project, "remove", "worker")


@case("verbs.perform._refuse_taken")
def a_file_where_a_directory_has_to_come(world: World) -> Words:
    project = world.project()
    project.write("app/components/ingress", "mine\n")
    project.commit()
    return at(project, "add", "ingress")


@case("verbs.perform._refuse_unresolved", solves=False)
def a_result_with_a_broken_reference(world: World) -> Words:
    project = world.project("worker")
    project.write("mine.py", "import app.components.worker\n")
    project.commit()
    return at(project, "remove", "worker", "--strict")


@case("landing.journal.begin", solves=False)
def git_at_work_at_the_same_time(world: World) -> Words:
    project = world.project()
    smudge(project, "touch .git/index")
    return at(project, "add", "ingress")


@case("landing.journal._saved")
def an_editor_at_work_at_the_same_time(world: World) -> Words:
    project = world.project()
    smudge(project, "test -e .git/saved || { touch .git/saved; echo '# mine' >> pyproject.toml; }")
    return at(project, "add", "ingress")


@case("landing.journal._recover", solves=False)
def a_journal_that_the_power_cut(world: World) -> Words:
    project = world.project()
    project.write(".git/aegis/journal", "")
    return at(project, "status")


def smudge(project: Project, command: str) -> None:
    """Have a command run while aegis writes its new files."""
    project.write(".gitattributes", "*.md filter=late\n")
    project.commit()
    script = project.path / ".git/late"
    script.write_text(f"#!/bin/sh\ncd '{project.path}'\n{command}\ncat\n")
    script.chmod(0o755)
    project.git("config", "filter.late.smudge", f"'{script}'")


# --- the tests


def places() -> Iterator[str]:
    """Every function that gives an error a `next`, by its module."""
    for path in sorted(PACKAGE.rglob("*.py")):
        module = ".".join(path.relative_to(PACKAGE).with_suffix("").parts)
        if module.startswith("maintain."):
            continue
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, ast.FunctionDef) and gives_a_next(node):
                yield f"{module}.{node.name}"


def gives_a_next(function: ast.FunctionDef) -> bool:
    words = [each for each in ast.walk(function) if isinstance(each, ast.keyword)]
    return any(word.arg == "next" for word in words)


def test_every_next_is_provoked() -> None:
    covered = {place for place, *_ in CASES.values()} | ELSEWHERE.keys()
    assert {*places()} == covered


@pytest.fixture(scope="session")
def templates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Projects that are copied; beside them the command that is pasted."""
    made = tmp_path_factory.mktemp("templates")
    (made / "bin").mkdir()
    command = made / "bin/aegis"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m aegis_patch "$@"\n')
    command.chmod(0o755)
    return made


@pytest.fixture
def raised(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The places that made an error with a `next`, in order."""
    found: list[str] = []
    make = errors.AegisError.__init__

    def noted(self: errors.AegisError, what: str, *, where: str = "", next: str = "") -> None:
        make(self, what, where=where, next=next)
        caller = sys._getframe(1).f_code
        module = Path(caller.co_filename).relative_to(PACKAGE).with_suffix("")
        found.append(".".join([*module.parts, caller.co_name]))

    monkeypatch.setattr(errors.AegisError, "__init__", noted)
    return found


@pytest.mark.parametrize("name", CASES)
def test_next_works_when_pasted(
    name: str, templates: Path, tmp_path: Path, raised: list[str]
) -> None:
    place, provoke, fills, solves = CASES[name]
    number, count = 0, 1
    while number < count:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("PATH", str(templates / "bin"), prepend=":")
            world = World(tmp_path / f"world{number}", templates, patch)
            words = provoke(world)
            error = run("--json", *words).json["error"]
            assert place in raised
            typed = choices(error["next"])
            count = len(typed)
            if not typed:
                return
            here = world.path / "project"
            here = here if here.is_dir() else world.path
            pasted = filled(typed[number], fills)
            if name == "a_fork_that_is_not_there_yet":
                publish(world.path / "fork.git", BASE)  # as if the network were back
            done = subprocess.run(
                pasted, shell=True, cwd=here, capture_output=True, text=True, check=False
            )
            assert done.returncode == 0, (pasted, done.stdout, done.stderr)
            if solves:
                again = run("--json", *words)
                assert again.code in (0, 3) or again.json["error"]["what"] != error["what"]
        number += 1


def choices(next: str) -> list[str]:
    """What can be pasted: the whole, or of a question each choice."""
    if "?" not in next:
        assert re.match(r"(git|aegis|ls|cd) ", next), next
        assert "…" not in next
        return [next]
    assert re.match(r"[A-Z][^`]*\?( |$)|Is it an argument", next), next
    return re.findall(r"`([^`]+)`", next)


def filled(command: str, fills: dict[str, str]) -> str:
    for word in sorted(fills, key=len, reverse=True):
        command = re.sub(rf"\b{word}\b", fills[word], command)
    assert not re.search(r"\b(PATH|NAME|EMAIL|BRANCH|PROJECT)\b", command), command
    return command


@pytest.mark.parametrize("place", ["", "file", "nowhere/else"])
def test_the_look_at_the_disk_works_when_pasted(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").touch()
    command = repository.look_at_disk(tmp_path / place)
    subprocess.run(command, shell=True, check=True, capture_output=True)
