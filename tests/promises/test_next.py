"""A refusal changes nothing, and its `next` is one command that works when pasted, or a question.

Every place of the engine that writes one is found in its source, provoked, and pasted.
"""

from __future__ import annotations

import ast
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from aegis_patch.project import repository
from aegis_patch.terminal.here import cd
from aegis_patch.upstream import fork, releases
from tests import tiny
from tests.conftest import ROOT, Project, begun, copied, forget_the_user, git, run
from tests.small_forks import ABOUT, BASE, new, publish, series

PACKAGE = ROOT / "aegis_patch"
Words = list[str | Path]
Provoke = Callable[["World"], Words]
ELSEWHERE = {
    "half written": "tests/landing/faults.py: a disk that is full while files move",
    "; nothing was changed": "tests/landing/faults.py; the command is pasted below",
    "git couldn't write the files": "tests/landing/faults.py; the command is pasted below",
    "Another aegis is running": "tests/landing/test_kill.py; there is nothing to paste",
    "partial clone lacks": "tests/verbs/test_repositories.py pastes it",
    "git expects this repository's worktree": "tests/verbs/test_repositories.py pastes it",
    "This repository is damaged": "tests/verbs/test_repositories.py; git fsck fails, and says more",
    "no change with git's header": "tests/stack/test_patch.py; in a maintainer's repository",
    "This URL has a password": "tests/upstream/test_fork.py; no server is there to be asked",
    "git isn't installed": "tests/terminal/test_cli.py; there is nothing to paste here",
    "Your current directory was deleted": "tests/terminal/test_cli.py",
    "Interrupted.": "tests/verbs/test_found.py",
    "Interrupted after": "tests/verbs/test_fleet.py; there is nothing to paste",
    "A bug in aegis": "none is known",
    "error.format_message()": "of Typer; see `a verb that does not exist`",
    "errors.Refused(error.what, where": "tests/maintain/test_series.py; for a maintainer",
    "raise Refused(error.what, ": "see `a record with conflict markers`",
    "look_at_disk(Path(path))": "see `a file in the way of the journal`",
    "Refused(stray.what, ": "see `a_component_of_another_release`",
}
"""What other messages say, and where they are tested; or what stands in the source instead."""
FOR_MAINTAINERS = {"series", "upstream", "upstream_output"}
FILLS = {
    **{"PATH": "new", "PROJECT": ".", "MAIN-WORKTREE": "main"},
    **{"NEW-BRANCH": "new", "BRANCH": "main", "NAME": "Uma", "EMAIL": "uma@example.org"},
}
"""What a user has to choose in a `next`."""


class World:
    """A directory with whatever leads to one message."""

    def __init__(self, path: Path, templates: Path, patch: pytest.MonkeyPatch) -> None:
        self.path = path
        self.patch = patch
        self._templates = templates
        path.mkdir()

    def project(self, components: str = "", shell: str = "") -> Project:
        """A project with some components, where a shell was used; each kind is made once."""
        made = self._templates / (components or "core")
        if not made.exists():
            begun(made, "--components", components)
        project = copied(made, self.path / "project")
        commit = f"commit() {{ git add -A; git commit -qm Mine; }}; set -e; {shell}"
        subprocess.run(["sh", "-c", commit], cwd=project.path, check=True, capture_output=True)
        return project

    def fork(self, **tags: tiny.Files) -> Project:
        """A project of a fork, at its first release; each keyword is a tag and its files."""
        place = self.path / "fork.git"
        for tag, files in tags.items():
            publish(place, {**BASE, "patches/.keep": b"", **files}, tag.replace("_", "."))
        first = next(iter(tags)).replace("_", ".").removeprefix("v")
        words = ("--upstream", str(place), "--upstream-version", first)
        return begun(self.path / "project", *words)


@dataclass(frozen=True, slots=True)
class Case:
    """A message that says this, and what provokes it.

    solves   the command is not refused for that reason any more, once its `next` was pasted
    """

    says: str
    provoke: Provoke
    solves: bool


def typed(says: str, verb: str, shell: str = "", having: str = "", *, solves: bool = False) -> Case:
    """A verb that is typed in a project, where a shell was used before."""
    words = shlex.split(verb)
    return Case(says, lambda world: at(world.project(having, shell), *words), solves)


def solved(says: str, verb: str, shell: str = "", having: str = "") -> Case:
    """One whose `next` takes the reason away."""
    return typed(says, verb, shell, having, solves=True)


def at(project: Project, *words: str) -> Words:
    return ["-C", project.path, *words]


def smudge(command: str) -> str:
    """Have a command run while aegis writes its new files."""
    return f"""echo '*.md filter=late' > .gitattributes; commit
        git config filter.late.smudge {shlex.quote(f"{command}; cat")}"""


INGRESS, WORKER = "app/components/ingress", "app/components/worker"
NEWEST = releases.latest()
COMMIT = releases.versions()[NEWEST]
UNMERGED = """for text in one two; do echo $text > mine; git add mine; git stash push -q; done
    git stash pop -q; commit; git stash pop || true"""
MINE_AND_THEIRS = """echo base > notes; commit; git switch -qc other; echo theirs > notes; commit
    git switch -q main; echo ours > notes; commit; """
NO_REPOSITORY = "rm -rf .git; "
MAIL = "From: A <a@b>\nSubject: x\n\n---\ndiff --git a/no b/no\n--- a/no\n+++ b/no\n@@ -1 +1 @@\n"
CASES = {
    # The command line.
    "a verb that does not exist": typed("--help", "grow"),
    "no dry run": typed("git shows what it wrote", "upstream new ../x --dry-run"),
    "an option without its value": typed("aegis rebase-upstream --help", "rebase-upstream --to"),
    "an option that was given nothing": typed("got no value", "rebase-upstream --to="),
    "an answer without a value": typed("aegis answers --help", "answers project_name"),
    "an answer to init without one": typed("aegis init --help", "init ../x --answer project_name"),
    "a name that is missing": typed("Name at least one component", "add"),
    "an answer that is not UTF-8": typed("isn't valid UTF-8", "answers description=\udcff"),
    # Names.
    "no name but a comma": typed("Name at least one component", "add ,"),
    "the core": typed("core is always included", "add core"),
    "the core to remove": typed("core is always included", "remove core"),
    "an unknown name": typed("aegis components", "add nonsense-xyz"),
    "an unknown name to remove": typed("aegis status", "remove nonsense-xyz"),
    "an unknown name to start with": typed(
        "Which one? ai, ", "init ../there -y --components nonsense-xyz"
    ),
    "a name of what a component is built on": typed("It comes with: ", "add redis"),
    "a name with a typing error": typed("Did you mean worker?", "add workr"),
    "only what can be named is suggested": typed("Did you mean scheduler?", "add sheduler"),
    "an integration to add": typed("aegis add cache ingress", "add cache+ingress"),
    "an integration to remove": typed(
        "Which one? `aegis remove cache` or `aegis remove ingress`",
        *("remove cache+ingress", "", "cache,ingress"),
    ),
    "an integration to start with": typed(
        "Want both? `aegis init PATH --components cache,ingress`",
        "init ../there -y --components cache+ingress",
    ),
    "what another component needs": solved(
        "Can't remove cache: worker depends on it.", "remove cache", "", "worker"
    ),
    # Releases and answers.
    "a release that does not exist": typed(NEWEST, "rebase-upstream --to 9.9.9"),
    "a record without an upstream": typed(
        *("names no upstream", "add ingress"),
        r"""sed -Ei 's/(url|commit) = ".*"/\1 = ""/' aegis.toml; commit""",
    ),
    "a release that was recorded again": typed(
        *("Use the aegis that wrote it", "add ingress"),
        f"sed -i s/{COMMIT}/{'1' * 40}/ aegis.toml; commit",
    ),
    "a commit of a checkout elsewhere": typed(
        *("isn't in this installation", "add ingress"),
        f"""sed -i 's/{COMMIT}/{"1" * 40}/; s/"{NEWEST}"/"work"/' aegis.toml; commit""",
    ),
    "a record of a newer aegis": typed(
        *("at most. Update it", "add ingress"),
        f"""sed -i '0,/"{NEWEST}"/s//"99.0.0"/' aegis.toml; commit""",
    ),
    "a record with a name that nobody knows": solved(
        *("aegis repair", "add ingress", "sed -i s/^cache/redsi/ aegis.toml; commit", "cache"),
    ),
    "a command that fails": typed("failed on the result", "add ingress --verify false"),
    "a path elsewhere": typed("outside the project", "diff .."),
    "a path that nobody has": typed("doesn't track this file", "diff nothing"),
    "a file that the user deleted": typed(
        "You deleted or moved this file", "explain Dockerfile", "git rm -q Dockerfile; commit"
    ),
    "a file that nobody has": typed("doesn't track this file", "explain nothing"),
    "a word too many": typed("Unexpected argument: 0.5.0.", "status 0.5.0"),
    "a release without --to": typed(
        f"aegis rebase-upstream --to {NEWEST}", f"rebase-upstream {NEWEST}"
    ),
    "a component that is not there": typed("isn't installed.", "diff --component worker"),
    "a line that is not there": typed("has no line", "explain empty:1", ">empty; git add empty"),
    "a home that nobody has": Case(
        "leads nowhere", lambda _: ["init", "~no-such-user/new", "-y"], False
    ),
    "a file of no answers": typed("TOML file of answers", "init ../x -y --answers README.md"),
    "answers in no file": typed("answers: No such file", "init ../x -y --answers nothing"),
    "an answer that nobody asks for": typed("No answer ", "answers colour=red"),
    "an answer to init that nobody asks for": typed("No", "init ../x -y --answer colour=red"),
    "an answer that is not valid": typed("Invalid answer", "answers author_email=me"),
    "an answer that is no address": typed("author_email", "init ../x -y --answer author_email=me"),
    "an answer that is empty": typed("project_name", "init ../x -y --answer project_name="),
    "an answer without a letter": typed("project_name", "init ../x -y --answer project_name=??"),
    # Where a project is.
    "a record that was deleted": solved(
        "was deleted, so this is no longer", "add ingress", "git rm -q aegis.toml; commit"
    ),
    "a record with conflict markers": solved(
        "aegis repair", "add ingress", "sed -i '1i <<<<<<< ours' aegis.toml; commit"
    ),
    "a record with an answer that is none": typed(
        *("has an invalid answer", "add ingress"),
        r"""sed -i 's/^project_name = .*/project_name = "?"/' aegis.toml; commit""",
    ),
    "a record that is no TOML": solved(
        *("aegis repair", "add worker", r"sed -i 's/\[upstream\]/[upstream/' aegis.toml; commit"),
    ),
    "a record without answers": solved(
        "aegis repair", "add worker", r"sed -i 's/\[answers\]/[questions]/' aegis.toml; commit"
    ),
    "a record of nobody's choice": solved(
        *("aegis repair", "add worker"),
        """sed -i 's/by = "you"/by = "me"/' aegis.toml; commit""",
        "ingress",
    ),
    "a record that never made sense": typed(
        *("can't be parsed", "status"),
        "rm -rf .git *; git init -q; echo x > aegis.toml; commit",
    ),
    "a repository without a commit": solved(
        "has no commit yet", "add ingress", f"{NO_REPOSITORY} git init -q"
    ),
    "a project without a repository": solved("Not a git repository", "add ingress", NO_REPOSITORY),
    "a repository of another kind": typed(
        *("can't be opened", "status"),
        """git config core.repositoryFormatVersion 1
        git config extensions.unheardOf true""",
    ),
    "a filter that fails": typed(
        *("filter from git's configuration", "add worker"),
        """echo '*.md filter=mine -text' > .gitattributes; commit
        git config filter.mine.smudge false; git config filter.mine.required true""",
    ),
    "a git that fails": typed(
        *("git status", "add ingress"),
        r"""mkdir -p .git/hooks; cd .git/hooks; printf '#!/bin/sh\nexit 1' > reference-transaction
        chmod +x reference-transaction""",
    ),
    # Where a project starts.
    "a directory that is not empty": typed("Which new or empty directory", "init . -y"),
    "a directory of git's own": typed("inside git's own directory", "init .git/new -y"),
    "a directory whose files git has": typed(
        *("but git has files at this path", "init inner -y"),
        "mkdir inner; touch inner/file; commit; rm -r inner",
    ),
    # Work of the user's that a verb would meet.
    "a detached HEAD": solved("detached HEAD", "add ingress", "git switch -q --detach"),
    "a cherry-pick under way": solved(
        *("git cherry-pick --abort", "add ingress"),
        f"{MINE_AND_THEIRS} git cherry-pick other || git add notes",
    ),
    "a merge under way": solved(
        "git merge --abort", "add ingress", f"{MINE_AND_THEIRS} git merge other || git add notes"
    ),
    "a rebase under way": solved(
        "git rebase --abort", "add ingress", f"{MINE_AND_THEIRS} git rebase other || git add notes"
    ),
    "a revert under way": solved(
        "git revert --abort",
        "add ingress",
        f"{MINE_AND_THEIRS} echo > notes; commit; git revert HEAD~ || git add notes",
    ),
    "patches that are being applied": solved(
        *("git am --abort", "add ingress"),
        f"printf {shlex.quote(MAIL)}'-a\\n+b\\n' > ../m; git am ../m || touch no; git add no",
    ),
    "a file that is unmerged": typed("unresolved conflict", "add ingress", UNMERGED),
    "a lock that git left": solved("has locked the index", "add ingress", "touch .git/index.lock"),
    "a file in the way of the journal": typed("ls -ld", "add ingress", "touch .git/aegis"),
    "a journal that the power cut": typed(
        "left a journal", "status", "mkdir .git/aegis; touch .git/aegis/journal"
    ),
    "an untracked file": solved(
        "An untracked file",
        "add ingress",
        "mkdir docs/components; echo mine > docs/components/ingress.md",
    ),
    "an empty directory in the way of a file": solved(
        "An untracked file", "add ingress", "mkdir -p docs/components/ingress.md"
    ),
    "a pipe in the way": solved(
        "An untracked file",
        "add ingress",
        "mkdir docs/components; mkfifo docs/components/ingress.md",
    ),
    "a signature that fails": typed(
        *("git config --show-origin --get-regexp", "add ingress"),
        "git config commit.gpgSign true; git config gpg.program /nothing",
    ),
    "a hook that refuses": typed(
        *("no ticket; fatal: ref updates aborted by hook", "add ingress"),
        """mkdir -p .git/hooks; cd .git/hooks; echo '[ $1 != prepared ] || {
        echo no ticket >&2; exit 1; }' > reference-transaction; chmod +x reference-transaction""",
    ),
    "an ignored file": solved(
        *("An untracked file", "add ingress"),
        f"echo {INGRESS}/ >> .gitignore; commit; mkdir {INGRESS}; echo > {INGRESS}/__init__.py",
    ),
    "a staged file": solved(
        *("__init__.py", "add ingress"),
        f"mkdir {INGRESS}; echo mine > {INGRESS}/__init__.py; git add .",
    ),
    "an uncommitted change": solved(
        "aegis needs to edit them", "add ingress", "echo '# mine' >> compose.yaml"
    ),
    "an uncommitted change where a person would be asked": solved(
        *("aegis needs to edit them", "remove worker"),
        f"echo MINE = 1 >> {WORKER}/api.py; commit; echo MORE = 1 >> {WORKER}/api.py",
        "worker",
    ),
    "a staged change where a person would be asked": solved(
        *(f"{WORKER}/api.py", "remove worker"),
        f"echo MINE = 1 >> {WORKER}/api.py; commit; echo M = 1 >> {WORKER}/api.py; git add .",
        "worker",
    ),
    "a change that git does not look at": solved(
        *("you changed them and marked them", "add ingress"),
        "git update-index --assume-unchanged compose.yaml; echo '# mine' >> compose.yaml",
    ),
    "a conflict beside staged work": solved(
        *("would drop your staged changes", "remove worker"),
        "echo mine > docs/components/worker.md; commit; echo mine > mine; git add mine",
        "worker",
    ),
    "a conflict beside a file that is only intended to be added": solved(
        *("would drop your staged changes", "remove worker"),
        "echo mine > docs/components/worker.md; commit; echo mine > mine; git add -N mine",
        "worker",
    ),
    "a file where a directory has to come": solved(
        "where aegis needs a directory", "add cache,worker", f"echo mine > {WORKER}; commit"
    ),
    "a link where a directory has to come": solved(
        "where aegis needs a directory", "add cache,worker", f"ln -s ../../docs {WORKER}; commit"
    ),
    "an untracked file where a directory has to come": typed(
        WORKER, "add cache,worker", f"echo mine > {WORKER}"
    ),
    "files where directories have to come": typed(
        *("app/components/worker, tests/components/worker", "add worker"),
        f"mkdir tests/components; touch {WORKER} tests/components/worker; commit",
    ),
    "a result with a broken reference": typed(
        *("The result would have", "remove worker --strict"),
        "echo import app.components.worker > mine.py; commit",
        "worker",
    ),
    "git at work at the same time": typed(
        "git changed this repository", "add ingress", smudge("touch .git/index")
    ),
    "an editor at work at the same time": solved(
        *("You saved this file", "add ingress"),
        smudge("test -e .git/saved || { touch .git/saved; echo '# mine' >> pyproject.toml; }"),
    ),
    "another merge driver": typed(
        "Git already uses the merge driver", "merge-driver on", "git config merge.default mine"
    ),
}
NO_ERRORS = {"replace", "Result"}
BUSY = {"git at work at the same time", "an editor at work at the same time"}
"""Where somebody else changes files meanwhile."""


def case(says: str, *, solves: bool = False) -> Callable[[Provoke], Provoke]:
    """Register what provokes the message that says this, where a shell is not enough."""

    def register(provoke: Provoke) -> Provoke:
        CASES[provoke.__name__] = Case(says, provoke, solves)
        return provoke

    return register


@case("doesn't have", solves=True)
def what_only_a_newer_release_has(world: World) -> Words:
    files = series("mail", new("mail.txt"))
    return at(world.fork(v1_0={}, v2_0=files), "add", "mail")


@case("doesn't have", solves=True)
def what_the_other_release_lacks(world: World) -> Words:
    files = series("mail", new("mail.txt"))
    project = world.fork(v1_0=files, v2_0={})
    project.aegis("add", "mail")
    return at(project, "rebase-upstream")


@case("its tags are its releases")
def a_fork_without_a_tag(world: World) -> Words:
    fork = publish(world.path / "fork.git", {**BASE, "patches/.keep": b""})
    git(fork, "tag", "--delete", "v1.0")
    return ["init", world.path / "project", "-y", "--upstream", fork]


@case("has no base/ and patches/")
def a_tag_of_something_else(world: World) -> Words:
    fork = publish(world.path / "fork.git", {"README": b"else\n"})
    return ["init", world.path / "project", "-y", "--upstream", fork]


@case("no valid commit id")
def a_commit_that_is_none(world: World) -> Words:
    return recording(world, "none")


@case("no longer has commit")
def a_commit_that_the_fork_lost(world: World) -> Words:
    return recording(world, "1" * 40)


@case("no release, branch or commit")
def a_branch_that_does_not_exist(world: World) -> Words:
    return at(world.fork(v1_0={}), "rebase-upstream", "--to", "nope")


@case("was moved")
def a_tag_that_moved(world: World) -> Words:
    project = world.fork(v1_0={})
    git(world.path / "fork.git", "tag", "--delete", "v1.0")
    publish(world.path / "fork.git", {**BASE, "patches/.keep": b"", "other": b""}, "v1.0")
    return at(project, "rebase-upstream")


def recording(world: World, commit: str) -> Words:
    """A project of a fork, with another commit in its record."""
    project = world.fork(v1_0={})
    record = re.sub(r'commit = "\w+"', f'commit = "{commit}"', project.read("aegis.toml"))
    project.write("aegis.toml", record)
    project.commit()
    return at(project, "answers", "description=x")


@case("isn't in the last commit", solves=True)
def a_record_that_was_never_committed(world: World) -> Words:
    away, back = "mv aegis.toml ../kept", "mv ../kept aegis.toml"
    away += "; echo aegis.toml >> .gitignore"
    project = world.project(shell=f"{away}; git add -A; git commit -q --amend -m S; {back}")
    return ["-C", project.path / "app", "add", "ingress"]


@case("exists only in a checkout")
def work_without_a_checkout(world: World) -> Words:
    world.patch.setattr(releases, "_CHECKOUT", world.path)
    return ["init", world.path / "project", "-y", "--upstream-version", "work"]


@case("Can't fetch this upstream")
def a_fork_that_is_not_there_yet(world: World) -> Words:
    return ["init", world.path / "project", "-y", "--upstream", world.path / "fork.git"]


@case("Can't fetch this upstream", solves=True)
def a_fetch_that_was_killed(world: World) -> Words:
    project = world.fork(v1_0={}, v2_0={})
    upstream = world.path / "fork.git"
    git(upstream, "tag", "--delete", "v1.0")
    (fork.objects(str(upstream)).parent / "packed-refs.lock").touch()
    return at(project, "rebase-upstream")


@case("is now called")
def a_component_that_was_renamed(world: World) -> Words:
    about = ABOUT + b'was = ["post"]\n'
    files = series("mail", new("mail.txt"), about=about)
    return at(world.fork(v1_0=files), "add", "post")


@case("aegis rebase-upstream --to", solves=True)
def a_component_of_another_release(world: World) -> Words:
    project = world.fork(v1_0={}, v2_0=series("mail", new("mail.txt")))
    project.git("branch", "release")
    project.aegis("rebase-upstream")
    project.aegis("add", "mail")
    project.git("switch", "--quiet", "release")
    project.git("cherry-pick", "-X", "theirs", "main")
    return at(project, "repair")


@case("No such directory")
def a_directory_that_does_not_exist(world: World) -> Words:
    (world.project().path / "new").mkdir()
    return ["-C", world.path / "project/nowhere", "status"]


@case("Not an aegis project")
def a_directory_that_is_no_project(world: World) -> Words:
    return ["-C", world.path, "status"]


@case("aegis adopt")
def a_project_that_was_copied_without_its_record(world: World) -> Words:
    return at(world.project(shell="rm -rf .git aegis.toml; git init -q; commit"), "status")


@case("No release is near")
def files_that_aegis_did_not_make(world: World) -> Words:
    world.project()
    git(world.path, "init", "--quiet", "other")
    Project(world.path / "other").write("app/main.py", "print('Mine')\n")
    Project(world.path / "other").commit()
    return ["-C", world.path / "other", "adopt"]


@case("A bare repository")
def a_bare_repository(world: World) -> Words:
    git(world.path, "clone", "--quiet", "--bare", str(world.project().path), "bare")
    return ["-C", world.path / "bare", "status"]


@case("leads to no repository", solves=True)
def a_worktree_whose_repository_moved(world: World) -> Words:
    project = world.project(shell="git worktree add -q -b other ../linked")
    project.path.rename(world.path / "main")
    return ["-C", world.path / "linked", "status"]


@case("You can't write to this directory")
def a_directory_that_nobody_may_write(world: World) -> Words:
    world.patch.setattr(os, "access", lambda *_: False)  # root may write anywhere
    return ["init", world.path / "project", "-y"]


@case("git doesn't know who you are", solves=True)
def nobody_starts_a_project_in_a_repository(world: World) -> Words:
    return at(by_nobody(world), "init", "inner", "-y")


@case("git doesn't know who you are", solves=True)
def nobody_adds_a_component(world: World) -> Words:
    return at(by_nobody(world), "add", "ingress")


@case("unset GIT_AUTHOR_NAME")
def nobody_is_named_by_the_environment(world: World) -> Words:
    world.patch.setenv("GIT_AUTHOR_NAME", "")
    return at(world.project(), "add", "ingress")


@case("unset GIT_AUTHOR_DATE GIT_COMMITTER_DATE")
def a_date_that_git_cannot_read(world: World) -> Words:
    project = world.project()
    world.patch.setenv("GIT_COMMITTER_DATE", "yesterday-ish")
    return at(project, "add", "ingress")


def by_nobody(world: World) -> Project:
    project = world.project()
    forget_the_user(world.patch)
    return project


# The tests.


def functions() -> Iterator[tuple[str, str, int]]:
    """Every function that gives errors a `next`: its name, its source, and how many it gives."""
    for path in sorted(PACKAGE.rglob("*.py")):
        if path.parent.name == "maintain" or path.stem in FOR_MAINTAINERS:  # see tests/maintain
            continue
        source = path.read_text()
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.FunctionDef):
                calls = [each for each in ast.walk(node) if isinstance(each, ast.Call)]
                errors = [each for each in calls if ast.unparse(each.func) not in NO_ERRORS]
                count = sum(word.arg == "next" for each in errors for word in each.keywords)
                text = ast.unparse(node).replace("\\'", "'")
                yield f"{path.relative_to(PACKAGE)}: {node.name}", text, count


@pytest.mark.parametrize(
    ("text", "count"), [pytest.param(text, n, id=name) for name, text, n in functions() if n]
)
def test_every_next_is_provoked(text: str, count: int) -> None:
    known = {each.says for each in CASES.values()} | ELSEWHERE.keys()
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
def test_nothing_changes_and_next_works_when_pasted(
    name: str, templates: Path, tmp_path: Path
) -> None:
    wanted = CASES[name]
    number, count = 0, 1
    while number < count:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("PATH", str(templates / "bin"), prepend=":")
            world = World(tmp_path / f"world{number}", templates, patch)
            words = wanted.provoke(world)
            here = world.path / "project"
            here = here if here.is_dir() else world.path
            before = state(here)
            foreseen = run("--json", "--dry-run", *words)
            ran = run("--json", *words)
            assert ran.code in (1, 2)
            assert name in BUSY or state(here) == before
            error = ran.json["error"]
            assert foreseen.out == ran.out or foreseen.code == 0
            next = re.sub(r" -C \S+", "", error["next"])
            assert wanted.says in f"{error['what']}{error['where']}{next}"
            typed = choices(error["next"])
            count = len(typed)
            if not typed:
                return
            pasted = filled(typed[number])
            if name == "a_fork_that_is_not_there_yet":
                publish(world.path / "fork.git", BASE)  # as if the network were back
            done = subprocess.run(
                pasted, shell=True, cwd=here, capture_output=True, text=True, check=False
            )
            assert done.returncode == 0, (pasted, done.stdout, done.stderr)
            if wanted.solves:
                again = run("--json", *words)
                assert again.code in (0, 3) or again.json["error"]["what"] != error["what"]
        number += 1


def state(here: Path) -> dict[str, object]:
    """Every file of a project, what is staged, and where HEAD is."""
    words = ("rev-parse HEAD", "ls-files --stage", "status --porcelain")
    found: dict[str, object] = {each: git(here, *each.split(), check=False) for each in words}
    for path in here.rglob("*"):
        if ".git" not in path.relative_to(here).parts:
            found[str(path)] = path.read_bytes() if path.is_file() else None
    return found


def choices(next: str) -> list[str]:
    """What can be pasted: the whole, or of a question each choice."""
    if "?" not in next:
        assert re.match(r"(git|aegis|ls|cd|unset) ", next), next
        assert "…" not in next
        return [next]
    assert re.match(r"[A-Z][^`]*\?( |$)|Is it an argument", next), next
    return re.findall(r"`([^`]+)`", next)


def filled(command: str) -> str:
    for word in sorted(FILLS, key=len, reverse=True):
        command = re.sub(rf"\b{word}\b", FILLS[word], command)
    return command


@pytest.mark.parametrize("place", ["", "file", "nowhere/else", "long" * 99])
def test_the_look_at_the_disk_works_when_pasted(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").touch()
    command = repository.look_at_disk(tmp_path / place)
    subprocess.run(command, shell=True, check=True, capture_output=True)


def test_a_directory_whose_name_looks_like_an_option_can_be_gone_to() -> None:
    assert cd(Path("-x")) == "cd ./-x"


# What follows a verb.
FOLLOWS = {
    "init new -y": "cd {}/new && uv sync && uv run new dev",
    "add cache": "git -C {} show",
    "add cache scheduler --dry-run --diff": "aegis -C {} add cache scheduler",
    "remove worker": "uv --directory {} sync",
    "answers project_name=Depot": "uv --directory {} sync",
    "rebase-upstream --dry-run --to 0.5.0": "aegis -C {} rebase-upstream --to 0.5.0",
    "add worker": "",
}


@pytest.mark.parametrize("line", FOLLOWS)
def test_what_follows_a_verb_works_when_pasted(
    line: str, templates: Path, tmp_path: Path, with_uv: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(templates / "bin"), prepend=":")
    project = World(tmp_path / "world", templates, monkeypatch).project("worker")
    found = run("-C", project.path, "--json", *line.split()).json.get("next", "")
    assert found == FOLLOWS[line].format(project.path)
    quick = found.replace("sync", "sync --dry-run").replace(" dev", " dev --help")
    done = subprocess.run(quick, shell=True, cwd=tmp_path, capture_output=True, check=False)
    assert done.returncode == 0, (quick, done.stderr)
