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
    "half written": "tests/landing/faults.py: a disk that is full while files move",
    "; nothing was changed": "tests/landing/faults.py; the command is pasted below",
    "git couldn't write the files": "tests/landing/faults.py; the command is pasted below",
    "Another aegis is running": "tests/landing/test_land.py; there is nothing to paste",
    "partial clone lacks": "tests/verbs/test_repositories.py pastes it",
    "git expects this repository's worktree": "tests/verbs/test_repositories.py pastes it",
    "a plain unified diff": "tests/stack/test_patch.py; a maintainer's, in another repository",
    "git isn't installed": "tests/terminal/test_cli.py; there is nothing to paste here",
    "Your current directory was deleted": "tests/terminal/test_cli.py",
    "Interrupted.": "tests/verbs/test_found.py",
    "A bug in aegis": "none is known",
    "error.format_message()": "of Typer; see `a_verb_that_does_not_exist`",
    "raise Refused(error.what, ": "see `a_record_with_conflict_markers`",
    "look_at_disk(Path(path))": "see `a_file_that_is_in_the_way_of_the_journal`",
    "Refused(stray.what, ": "see `a_component_of_another_release`",
}
"""What other messages say, and where they are tested; or what stands in the source instead."""


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
    says: str, *, solves: bool = True, fills: dict[str, str] | None = None
) -> Callable[[Provoke], Provoke]:
    """Register what provokes the message that says this.

    `fills` replaces what a user has to choose (BRANCH, PATH …). `solves` says that the refused
    command is not refused for that reason any more, once the `next` was pasted.
    """

    def register(provoke: Provoke) -> Provoke:
        CASES[provoke.__name__] = (says, provoke, fills or {}, solves)
        return provoke

    return register


def at(project: Project, *words: str) -> Words:
    return ["-C", project.path, *words]


# --- the command line


@case("--help", solves=False)
def a_verb_that_does_not_exist(world: World) -> Words:
    return at(world.project(), "grow")


@case("--help", solves=False)
def a_name_that_is_missing(world: World) -> Words:
    return at(world.project(), "add")


@case("ls -ld", solves=False)
def a_file_that_is_in_the_way_of_the_journal(world: World) -> Words:
    project = world.project()
    (project.path / ".git/aegis").write_text("")
    return at(project, "add", "ingress")


@case("isn't valid UTF-8", solves=False)
def an_answer_that_is_not_utf8(world: World) -> Words:
    return at(world.project(), "answers", "description=\udcff")


# --- names


@case("Name at least one component", solves=False)
def no_name_but_a_comma(world: World) -> Words:
    return at(world.project(), "add", ",")


@case("core is always included", solves=False)
def the_core(world: World) -> Words:
    return at(world.project(), "add", "core")


@case("No component", solves=False)
def an_unknown_name(world: World) -> Words:
    return at(world.project(), "add", "nonsense")


@case("is an integration", solves=False)
def an_integration_to_add(world: World) -> Words:
    return at(world.project(), "add", "cache+ingress")


@case("Which one? `aegis remove", solves=False)
def an_integration_to_remove(world: World) -> Words:
    return at(world.project("cache", "ingress"), "remove", "cache+ingress")


@case("Want both?", solves=False, fills={"PATH": "new"})
def an_integration_to_start_with(world: World) -> Words:
    return ["init", world.path / "there", "-y", "--components", "cache+ingress"]


@case("doesn't have")
def what_only_a_newer_release_has(world: World) -> Words:
    files = series("mail", new("mail.txt"))
    return at(world.fork(v1_0={}, v2_0=files), "add", "mail")


@case("Can't remove")
def what_another_component_needs(world: World) -> Words:
    return at(world.project("worker"), "remove", "cache")


@case("doesn't have")
def what_the_other_release_lacks(world: World) -> Words:
    files = series("mail", new("mail.txt"))
    project = world.fork(v1_0=files, v2_0={})
    project.aegis("add", "mail")
    return at(project, "rebase-upstream")


# --- releases and answers


@case("has no release", solves=False)
def a_release_that_does_not_exist(world: World) -> Words:
    return at(world.project(), "rebase-upstream", "--to", "9.9.9")


@case("names no upstream", solves=False)
def a_record_without_an_upstream(world: World) -> Words:
    project = world.project()
    record = re.sub(r'(url|commit) = ".*"', r'\1 = ""', project.read("aegis.toml"))
    project.write("aegis.toml", record)
    project.commit()
    return at(project, "add", "ingress")


@case("its tags are its releases", solves=False)
def a_fork_without_a_tag(world: World) -> Words:
    fork = publish(world.path / "fork.git", {**BASE, "patches/.keep": b""})
    git(fork, "tag", "--delete", "v1.0")
    return ["init", world.path / "project", "-y", "--upstream", fork]


@case("Use the aegis that wrote it", solves=False)
def a_release_that_was_recorded_again(world: World) -> Words:
    project = world.project()
    commit = releases.versions()[releases.latest()]
    project.edit("aegis.toml", commit, "1" * 40)
    project.commit()
    return at(project, "add", "ingress")


@case("has no base/ and patches/", solves=False)
def a_tag_of_something_else(world: World) -> Words:
    fork = publish(world.path / "fork.git", {"README": b"else\n"})
    return ["init", world.path / "project", "-y", "--upstream", fork]


@case("isn't in this installation", solves=False)
def a_commit_of_a_checkout_elsewhere(world: World) -> Words:
    project = world.project()
    record = project.read("aegis.toml")
    record = record.replace(releases.versions()[releases.latest()], "1" * 40)
    project.write("aegis.toml", record.replace(f'"{releases.latest()}"', '"work"'))
    project.commit()
    return at(project, "add", "ingress")


@case("no valid commit id", solves=False)
def a_commit_that_is_none(world: World) -> Words:
    project = world.fork(v1_0={})
    record = re.sub(r'commit = "\w+"', 'commit = "none"', project.read("aegis.toml"))
    project.write("aegis.toml", record)
    project.commit()
    return at(project, "answers", "description=x")


@case("no longer has commit", solves=False)
def a_commit_that_the_fork_lost(world: World) -> Words:
    project = world.fork(v1_0={})
    record = re.sub(r'commit = "\w+"', f'commit = "{"1" * 40}"', project.read("aegis.toml"))
    project.write("aegis.toml", record)
    project.commit()
    return at(project, "answers", "description=x")


@case("exists only in a checkout", solves=False)
def work_without_a_checkout(world: World) -> Words:
    world.patch.setattr(releases, "_CHECKOUT", world.path)
    return ["init", world.path / "project", "-y", "--upstream-version", "work"]


@case("Can't fetch this upstream", solves=False)
def a_fork_that_is_not_there_yet(world: World) -> Words:
    return ["init", world.path / "project", "-y", "--upstream", world.path / "fork.git"]


@case("at most. Update it", solves=False)
def a_record_of_a_newer_aegis(world: World) -> Words:
    project = world.project()
    project.edit("aegis.toml", f'release = "{releases.latest()}"', 'release = "99.0.0"')
    project.commit()
    return at(project, "add", "ingress")


@case("aegis repair")
def a_record_with_a_name_that_nobody_knows(world: World) -> Words:
    project = world.project("cache")
    project.edit("aegis.toml", "\ncache = {", "\nredsi = {")
    project.commit()
    return at(project, "add", "ingress")


@case("aegis rebase-upstream --to")
def a_component_of_another_release(world: World) -> Words:
    project = world.fork(v1_0={}, v2_0=series("mail", new("mail.txt")))
    project.git("branch", "release")
    project.aegis("rebase-upstream")
    project.aegis("add", "mail")
    project.git("switch", "--quiet", "release")
    project.git("cherry-pick", "-X", "theirs", "main")
    return at(project, "repair")


@case("No answer ", solves=False)
def an_answer_that_nobody_asks_for(world: World) -> Words:
    return at(world.project(), "answers", "colour=red")


@case("Invalid answer", solves=False)
def an_answer_that_is_not_valid(world: World) -> Words:
    return at(world.project(), "answers", "author_email=me")


# --- where a project is


@case("No such directory", solves=False, fills={"PATH": "."})
def a_directory_that_does_not_exist(world: World) -> Words:
    return ["-C", world.project().path / "nowhere", "status"]


@case("Not an aegis project", solves=False, fills={"PATH": "new", "PROJECT": "."})
def a_directory_that_is_no_project(world: World) -> Words:
    return ["-C", world.path, "status"]


@case("isn't in the last commit")
def a_record_that_was_never_committed(world: World) -> Words:
    project = world.project()
    record = project.read("aegis.toml")
    project.git("rm", "--quiet", "aegis.toml")
    project.git("commit", "--quiet", "--amend", "--message", "Start")
    project.write("aegis.toml", record)
    return at(project, "add", "ingress")


@case("was deleted, so this is no longer")
def a_record_that_was_deleted(world: World) -> Words:
    project = world.project()
    project.git("rm", "--quiet", "aegis.toml")
    project.commit()
    return at(project, "add", "ingress")


@case("aegis repair")
def a_record_with_conflict_markers(world: World) -> Words:
    project = world.project()
    project.write("aegis.toml", "<<<<<<< ours\n" + project.read("aegis.toml"))
    project.commit()
    return at(project, "add", "ingress")


@case("can't be parsed", solves=False)
def a_record_that_never_made_sense(world: World) -> Words:
    project = Project(world.path / "project")
    project.path.mkdir()
    project.git("init", "--quiet")
    project.write("aegis.toml", "x\n")
    project.commit()
    return at(project, "status")


@case("A bare repository", solves=False)
def a_bare_repository(world: World) -> Words:
    git(world.path, "clone", "--quiet", "--bare", str(world.project().path), "bare")
    return ["-C", world.path / "bare", "status"]


@case("has no commit yet")
def a_repository_without_a_commit(world: World) -> Words:
    project = world.project()
    shutil.rmtree(project.path / ".git")
    project.git("init", "--quiet")
    return at(project, "add", "ingress")


@case("Not a git repository")
def a_project_without_a_repository(world: World) -> Words:
    project = world.project()
    shutil.rmtree(project.path / ".git")
    return at(project, "add", "ingress")


@case("leads to no repository", fills={"MAIN-WORKTREE": "main"})
def a_worktree_whose_repository_moved(world: World) -> Words:
    project = world.project()
    project.git("worktree", "add", "--quiet", "-b", "other", "../linked")
    project.path.rename(world.path / "main")
    return ["-C", world.path / "linked", "status"]


@case("can't be opened", solves=False)
def a_repository_of_another_kind(world: World) -> Words:
    project = world.project()
    project.git("config", "core.repositoryFormatVersion", "1")
    project.git("config", "extensions.unheardOf", "true")
    return at(project, "status")


@case("filter from git's configuration", solves=False)
def a_filter_that_fails(world: World) -> Words:
    project = world.project()
    project.write(".gitattributes", "*.md filter=mine -text\n")
    project.commit()
    project.git("config", "filter.mine.smudge", "false")
    project.git("config", "filter.mine.required", "true")
    return at(project, "add", "worker")


@case("git status", solves=False)
def a_git_that_fails(world: World) -> Words:
    project = world.project()
    hook = project.path / ".git/hooks/reference-transaction"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    return at(project, "add", "ingress")


# --- where a project starts


@case("Which new or empty directory", solves=False, fills={"PATH": "new"})
def a_directory_that_is_not_empty(world: World) -> Words:
    return ["init", world.project().path, "-y"]


@case("You can't write to this directory", solves=False)
def a_directory_that_nobody_may_write(world: World) -> Words:
    world.patch.setattr(os, "access", lambda *_: False)  # root may write anywhere
    return ["init", world.path / "project", "-y"]


@case("inside git's own directory", solves=False, fills={"PATH": "../../new"})
def a_directory_of_gits_own(world: World) -> Words:
    return ["init", world.project().path / ".git/new", "-y"]


@case("but git has files at this path", solves=False)
def a_directory_whose_files_git_has(world: World) -> Words:
    project = world.project()
    project.write("inner/file", "mine\n")
    project.commit()
    shutil.rmtree(project.path / "inner")
    return ["-C", project.path, "init", "inner", "-y"]


@case("git doesn't know who you are", fills={"NAME": "Uma", "EMAIL": "uma@example.org"})
def nobody_starts_a_project_in_a_repository(world: World) -> Words:
    project = world.project()
    nobody(world, project)
    return ["-C", project.path, "init", "inner", "-y"]


@case("git doesn't know who you are", fills={"NAME": "Uma", "EMAIL": "uma@example.org"})
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


@case("detached HEAD", fills={"NEW-BRANCH": "new", "BRANCH": "main"})
def a_detached_head(world: World) -> Words:
    project = world.project()
    project.git("switch", "--quiet", "--detach")
    return at(project, "add", "ingress")


@case("is in progress")
def a_cherry_pick_under_way(world: World) -> Words:
    project = world.project()
    project.git("commit", "--quiet", "--allow-empty", "--message", "Empty")
    project.git("switch", "--quiet", "-c", "other", "HEAD~1")
    project.git("cherry-pick", "main", check=False)
    project.write("mine", "mine\n")
    project.git("add", "mine")
    return at(project, "add", "ingress")


@case("is in progress")
def a_merge_under_way(world: World) -> Words:
    project = world.project()
    project.git("switch", "--quiet", "-c", "other")
    project.write("mine", "mine\n")
    project.commit()
    project.git("switch", "--quiet", "main")
    project.git("merge", "--quiet", "--no-commit", "--no-ff", "other")
    return at(project, "add", "ingress")


@case("unresolved conflict", solves=False)
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


@case("has locked the index")
def a_lock_that_git_left(world: World) -> Words:
    project = world.project()
    project.write(".git/index.lock", "")
    return at(project, "add", "ingress")


@case("An untracked file")
def an_untracked_file(world: World) -> Words:
    project = world.project()
    project.write("docs/components/ingress.md", "mine\n")
    return at(project, "add", "ingress")


@case("aegis needs to edit them")
def an_uncommitted_change(world: World) -> Words:
    project = world.project()
    project.write("compose.yaml", "# mine\n" + project.read("compose.yaml"))
    return at(project, "add", "ingress")


@case("you changed them and marked them")
def a_change_that_git_does_not_look_at(world: World) -> Words:
    project = world.project()
    project.git("update-index", "--assume-unchanged", "compose.yaml")
    project.write("compose.yaml", "# mine\n" + project.read("compose.yaml"))
    return at(project, "add", "ingress")


@case("would drop your staged changes")
def a_conflict_beside_staged_work(world: World) -> Words:
    project = world.project("worker")
    project.write("docs/components/worker.md", "mine\n")
    project.commit()
    project.write("mine", "mine\n")
    project.git("add", "mine")
    return at(project, "remove", "worker")


@case("where aegis needs a directory")
def a_file_where_a_directory_has_to_come(world: World) -> Words:
    project = world.project()
    project.write("app/components/ingress", "mine\n")
    project.commit()
    return at(project, "add", "ingress")


@case("The result would have", solves=False)
def a_result_with_a_broken_reference(world: World) -> Words:
    project = world.project("worker")
    project.write("mine.py", "import app.components.worker\n")
    project.commit()
    return at(project, "remove", "worker", "--strict")


@case("git changed this repository", solves=False)
def git_at_work_at_the_same_time(world: World) -> Words:
    project = world.project()
    smudge(project, "touch .git/index")
    return at(project, "add", "ingress")


@case("You saved this file")
def an_editor_at_work_at_the_same_time(world: World) -> Words:
    project = world.project()
    smudge(project, "test -e .git/saved || { touch .git/saved; echo '# mine' >> pyproject.toml; }")
    return at(project, "add", "ingress")


@case("left a journal", solves=False)
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


@case("git already uses the merge driver", solves=False)
def another_merge_driver(world: World) -> Words:
    project = world.project()
    project.git("config", "merge.default", "mine")
    return at(project, "merge-driver", "on")


# --- the tests


def functions() -> Iterator[tuple[str, str, int]]:
    """Every function that gives errors a `next`: its name, its source, and how many it gives."""
    for path in sorted(PACKAGE.rglob("*.py")):
        source = path.read_text()
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.FunctionDef):
                words = [each for each in ast.walk(node) if isinstance(each, ast.keyword)]
                count = sum(word.arg == "next" for word in words)
                text = ast.unparse(node).replace("\\'", "'")
                yield f"{path.relative_to(PACKAGE)}: {node.name}", text, count


@pytest.mark.parametrize(
    ("text", "count"), [pytest.param(text, n, id=name) for name, text, n in functions() if n]
)
def test_every_next_is_provoked(text: str, count: int) -> None:
    known = {says for says, *_ in CASES.values()} | ELSEWHERE.keys()
    found = [says for says in known if says in text]
    assert len(found) >= count, (found, text)


@pytest.fixture(scope="session")
def templates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Projects that are copied; beside them the command that is pasted."""
    made = tmp_path_factory.mktemp("templates")
    (made / "bin").mkdir()
    command = made / "bin/aegis"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m aegis_patch "$@"\n')
    command.chmod(0o755)
    return made


@pytest.mark.parametrize("name", CASES)
def test_next_works_when_pasted(name: str, templates: Path, tmp_path: Path) -> None:
    says, provoke, fills, solves = CASES[name]
    number, count = 0, 1
    while number < count:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("PATH", str(templates / "bin"), prepend=":")
            world = World(tmp_path / f"world{number}", templates, patch)
            words = provoke(world)
            error = run("--json", *words).json["error"]
            assert says in error["what"] + error["next"]
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
