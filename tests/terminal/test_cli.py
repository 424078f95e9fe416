"""The command's contract, number by number (docs/architecture.md)."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests import stacks
from tests.conftest import (
    AEGIS,
    NEWEST,
    OLDER,
    Project,
    Start,
    begun,
    configure_git,
    everything,
    forget_the_user,
    git,
    needs,
    run,
)


@pytest.mark.parametrize(("args", "says"), [((), "Usage"), (("--version",), "aegis 0.")])
def test_without_a_verb(args: tuple[str, ...], says: str) -> None:
    ran = run(*args)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith(says)


# 1. Subjects and trailers.


def test_subjects_bodies_and_trailers(start: Start) -> None:
    project = start("ingress")
    project.aegis("add", "worker")
    added = project.head
    project.aegis("remove", "worker")
    along = ["cache", "cache+ingress", "worker"]
    assert project.subjects == [
        'Revert "Add worker"',
        "Add worker",
        "Add ingress",
        f"Start my-api from aegis {NEWEST}",
    ]
    assert f"This reverts commit {added}." in project.git("log", "-1", "--format=%b")
    trailers = "--format=%(trailers:key=Aegis-Component,valueonly)"
    assert project.git("log", "-1", trailers, added).split() == along
    for commit in project.git("rev-list", "HEAD").split():
        release = project.git(
            "log", "-1", "--format=%(trailers:key=Aegis-Release,valueonly)", commit
        )
        assert release.strip() == NEWEST


def test_the_reverted_commit_is_the_newest_that_gained_the_name(start: Start) -> None:
    project = start()
    for _ in range(2):
        project.aegis("add", "ingress")
        newest = project.head
        project.write("notes.md", newest)
        project.commit()
        project.aegis("remove", "ingress")
    assert f"This reverts commit {newest}." in project.git("log", "-1", "--format=%b")


def test_where_history_lost_the_commit_the_line_is_left_out_and_that_is_said(
    start: Start, tmp_path: Path
) -> None:
    project = start("ingress")
    project.write("notes.md", "later\n")
    project.commit()
    git(tmp_path, "clone", "--quiet", "--depth=1", f"file://{project.path}", "shallow")
    shallow = Project(tmp_path / "shallow")
    ran = shallow.aegis("remove", "ingress")
    assert "This reverts" not in shallow.git("log", "-1", "--format=%B")
    assert "this history has no commit that added" in ran.out
    assert shallow.is_sound()


# 2. init.


@pytest.mark.parametrize(
    ("components", "subjects"),
    [
        ("", []),
        ("worker", ["Add worker"]),
        ("worker,cache", ["Add cache", "Add worker"]),
        ("ingress worker, cache,worker", ["Add cache", "Add ingress", "Add worker"]),
    ],
)
def test_init_makes_a_commit_for_each_named_component(
    tmp_path: Path, components: str, subjects: list[str]
) -> None:
    project = begun(tmp_path / "my-api", "--components", components)
    assert project.subjects[::-1][1:] == subjects
    assert project.is_sound()


def test_init_uses_the_default_branch_of_git_or_main(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("init", tmp_path / "one", "-y")
    assert git(tmp_path / "one", "branch", "--show-current") == "main"
    configure_git(monkeypatch, "init.defaultBranch", "trunk")
    run("init", tmp_path / "two", "-y")
    assert git(tmp_path / "two", "branch", "--show-current") == "trunk"


def test_init_takes_answers_and_the_slug_follows(tmp_path: Path) -> None:
    answers = ["project_name=Crème Brûlée 2", 'description=Says "hello" \\o/', "author_name=É T"]
    args = [word for answer in answers for word in ("--answer", answer)]
    project = begun(tmp_path / "x", *args)
    assert 'name = "creme-brulee-2"' in project.read("pyproject.toml")
    assert project.subjects == [f"Start Crème Brûlée 2 from aegis {NEWEST}"]
    shown = project.aegis("answers", "--json").json["answers"]
    assert shown["description"] == 'Says "hello" \\o/'
    assert shown["author_email"] == "uma@example.org"


def test_init_takes_answers_from_a_file(start: Start, tmp_path: Path) -> None:
    record = start().path / "aegis.toml"
    (tmp_path / "plain.toml").write_text('description = "Mine"\nproject_name = "Harbor"\n')
    args = ("--answers", tmp_path / "plain.toml", "--answer", "project_name=Port", "-y")
    assert run("init", tmp_path / "x", *args).code == 0
    shown = Project(tmp_path / "x").aegis("answers", "--json").json["answers"]
    assert (shown["project_name"], shown["description"]) == ("Port", "Mine")
    assert run("init", tmp_path / "y", "--answers", record, "-y").code == 0
    (tmp_path / "plain.toml").write_text("answers = 3\n")
    assert "answers is no table" in run("init", tmp_path / "z", *args).err
    assert (tmp_path / "y/aegis.toml").read_text() == record.read_text()


def test_only_the_name_of_a_requirement_is_no_projects(tmp_path: Path) -> None:
    """`"book"` is quoted at the start of a line, too, elsewhere in a patch."""
    for name in ("FastAPI", "fastapi", "redis", "arq", "rich"):
        assert run("init", tmp_path / name, "-y").code == 1, name
    assert run("init", tmp_path / "book", "-y", "--dry-run").code == 0


def test_init_says_which_answers_are_made_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    forget_the_user(monkeypatch)
    ran = run("init", tmp_path / "x", "-y", "--dry-run")
    assert "author_name and author_email are placeholders" in ran.out
    ran = run("init", tmp_path / "x", "-y", "--dry-run", "--answer", "author_name=Ann")
    assert "note author_email is a placeholder; to change: aegis answers author_email=…" in ran.out
    whole = ("--answer", "author_name=Ann", "--answer", "author_email=ann@example.com")
    assert "placeholder" not in run("init", tmp_path / "x", "-y", "--dry-run", *whole).out


def test_init_refuses_a_path_at_or_below_a_file(start: Start) -> None:
    project = start()
    for path in ("README.md", "README.md/x"):
        ran = run("init", project.path / path)
        assert ran.code == 1
        assert "This path is a file" in ran.err
        assert f"at {project.path / 'README.md'}\n" in ran.err


def test_init_in_an_empty_directory_and_in_a_fresh_repository(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    begun(tmp_path / "empty")
    git(tmp_path, "init", "--quiet", "--initial-branch=dev", "fresh")
    fresh = begun(tmp_path / "fresh", "--components", "ingress")
    assert fresh.git("branch", "--show-current") == "dev"
    assert fresh.is_sound()
    (tmp_path / "here").mkdir()
    said = run("-C", tmp_path / "here", "init", ".", "--json").json["next"]
    assert said.startswith(f"cd {tmp_path}/here && ")


def test_init_inside_a_repository_makes_a_subdirectory(tmp_path: Path) -> None:
    outer = Project(tmp_path)
    outer.git("init", "--quiet")
    outer.write("README", "ours\n")
    outer.commit("Outer")
    outer.write("README", "ours, not committed\n")
    inner = begun(tmp_path / "services/api", "--components", "worker")
    assert not (inner.path / ".git").exists()
    assert outer.subjects[-1] == "Outer"
    assert len(outer.subjects) == 3
    assert outer.git("status", "--porcelain") == " M README"
    again = run("init", inner.path / "api", "-y", "--dry-run").out
    assert f"note it is inside another aegis project, {inner.path}" in again
    inner.aegis("add", "ingress")
    inner.aegis("remove", "worker")
    assert outer.git("status", "--porcelain") == " M README"
    assert outer.read("README") == "ours, not committed\n"
    assert inner.aegis("status", "--json").json["components"] == [
        {"name": "ingress", "by": "you", "release": NEWEST}
    ]


def test_without_an_identity_init_uses_a_placeholder_and_others_refuse(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    forget_the_user(monkeypatch)
    ran = run("init", tmp_path / "x", "--components", "cache", "-y")
    assert ran.code == 0
    assert "git doesn't know who you are" in ran.out
    project = Project(tmp_path / "x")
    placeholder = "aegis <aegis@localhost.invalid>"
    assert project.git("log", "--format=%an <%ae>").splitlines() == [placeholder, placeholder]
    ran = project.aegis("add", "ingress", code=1)
    assert "git config user.name" in ran.err


# 3. add.


def test_add_what_is_there_says_so(start: Start) -> None:
    project = start("worker")
    before = project.head
    assert "worker is already installed" in project.aegis("add", "worker").out
    assert project.head == before


def test_add_of_what_is_needed_promotes_it(start: Start) -> None:
    project = start("worker")
    ran = project.aegis("add", "cache", "--json")
    assert [commit["subject"] for commit in ran.json["commits"]] == ["Keep cache"]
    assert project.git("show", "--format=", "--name-only", "HEAD") == "aegis.toml"
    project.aegis("remove", "worker")
    assert [c["name"] for c in project.aegis("status", "--json").json["components"]] == ["cache"]


def test_a_conflict_at_the_second_of_several_names(start: Start) -> None:
    project = start()
    project.collide()
    ran = project.aegis("add", "worker", "ingress", "cache", code=3)
    assert project.subjects[:2] == ["Add cache", "Mine"]
    assert "aegis add worker" in ran.out
    project.git("cherry-pick", "--abort")
    assert project.is_sound()


# 4. remove.


def test_remove_of_several_is_one_plan(start: Start) -> None:
    project = start("worker", "ingress")
    project.aegis("remove", "cache,worker")
    assert project.subjects[0] == 'Revert "Add worker"'
    assert project.aegis("remove", "worker").code == 0
    project.aegis("add", "cache")
    project.aegis("add", "worker")
    project.aegis("remove", "cache", "worker", "ingress")
    assert project.subjects[:3] == [f'Revert "Add {n}"' for n in ("cache", "ingress", "worker")]
    assert project.aegis("status", "--json").json["components"] == []
    assert project.aegis("remove").out == "There is nothing to remove.\n"


# 5. Names.


def test_what_comes_and_goes_with_a_component_is_said(start: Start) -> None:
    project = start("ingress")
    assert "  with cache, cache+ingress\n" in project.aegis("add", "worker").out
    assert "  with cache, cache+ingress\n" in project.aegis("remove", "worker", "--dry-run").out
    assert "  with" not in project.aegis("add", "cache").out  # it was there by need
    new = run("init", project.path.with_name("new"), "--components", "postgres", "-y")
    assert "  with database\n" in new.out


@pytest.mark.parametrize("flags", [[], ["--dry-run"]])
def test_remove_says_what_it_leaves(tmp_path: Path, flags: list[str]) -> None:
    project = stacks.make(tmp_path / "my-api", "payments")
    said = project.aegis("remove", "payments", *flags).out
    assert "payments: Stripe goes on charging" in said
    assert "database: Your tables and backups stay" in said


def test_a_component_that_a_newer_release_has(start: Start, grown: Project) -> None:
    project = start(version="0.9", upstream=grown)
    lacks = "Release 0.9 doesn't have postgres, scheduler; "
    ran = project.aegis("add", "database[postgres]", "scheduler", code=1)
    assert lacks in ran.err
    assert "next aegis rebase-upstream" in ran.err
    assert "doesn't have postgres" in project.aegis("remove", "postgres", code=1).err
    words = ("--upstream", grown.path, "--upstream-version", "0.9", "--components", "postgres")
    assert "Without --upstream-version" in run("init", project.path / "new", *words).err


# 6. rebase-upstream.


def test_rebase_is_one_commit_on_top(start: Start) -> None:
    project = start("worker", version=OLDER)
    before = project.head
    ran = project.aegis("update")
    assert project.subjects[0] == f"Rebase onto aegis {NEWEST}"
    assert project.git("rev-parse", "HEAD~") == before
    assert "no history is rewritten" in project.git("log", "-1", "--format=%b")
    assert ran.code == 0
    status = project.aegis("status", "--json").json
    assert (status["release"], status["behind"]) == (NEWEST, 0)
    project.aegis("rebase-upstream", "--to", OLDER)
    assert project.tree == project.git("rev-parse", f"{before}^{{tree}}")
    assert "already at" in project.aegis("rebase-upstream", "--to", f"v{OLDER}").out


# 7. Exit codes and dry runs.


def test_in_a_directory_that_was_deleted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    for args in (["status"], ["init", "x"]):
        assert "was deleted" in run(*args).err


def test_without_git(start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = start()
    monkeypatch.setenv("PATH", str(tmp_path))
    project.aegis("status")  # which reads by itself
    for args in (["add", "cache"], ["init", str(tmp_path / "new")]):
        ran = project.aegis(*args, code=1)
        assert "git isn't installed" in ran.err
        assert "next Which system?" in ran.err
    assert not (tmp_path / "new").exists()


def test_what_cannot_be_understood_writes_nothing_on_standard_output(start: Start) -> None:
    project = start()
    for args in (["add"], ["add", ""], ["nonsense"], ["--nonsense"], ["answers", "nonsense"]):
        assert project.aegis(*args, code=2).out == ""
        assert "error" in project.aegis(*args, "--json", code=2).json


def test_a_dry_run_writes_nothing(start: Start) -> None:
    project = start("worker", version=OLDER)
    before = everything(project.path)
    for args in (
        ["add", "ingress"],
        ["remove", "worker"],
        ["update"],
        ["answers", "description=x"],
    ):
        ran = project.aegis(*args, "--dry-run")
        assert "would " in ran.out, ran
        assert everything(project.path) == before


def test_a_dry_init_writes_nothing(tmp_path: Path) -> None:
    ran = run("--dry-run", "init", tmp_path / "x", "--components", "worker", "--json")
    assert [commit["subject"] for commit in ran.json["commits"]][1:] == ["Add worker"]
    assert list(tmp_path.iterdir()) == []


def test_a_dry_run_predicts_conflicts(start: Start) -> None:
    project = start()
    project.collide()
    before = everything(project.path)
    ran = project.aegis("add", "ingress", "--dry-run", "--json", code=3)
    (commit,) = ran.json["commits"]
    assert [conflict["path"] for conflict in commit["conflicts"]] == ["compose.yaml"]
    assert everything(project.path) == before


def test_the_way_out_of_a_conflict_works_where_it_was_typed(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = start()
    project.collide()
    monkeypatch.chdir(tmp_path)
    shown = run("-C", "my-api", "add", "ingress", "scheduler").out
    assert "then: git -C my-api add compose.yaml" in shown
    assert "  aegis -C my-api add scheduler" in shown
    for way in ("add compose.yaml", "cherry-pick --continue"):
        subprocess.run(f"git -C my-api {way}", shell=True, check=True, capture_output=True)
        assert f"git -C my-api {way}" in shown
    assert project.subjects[0] == "Add ingress"


def test_the_way_out_of_a_conflict_works_in_a_subdirectory(start: Start) -> None:
    project = start()
    project.collide()
    app = project.path / "app"
    for where, path in ((app, "../compose.yaml"), (project.path, "compose.yaml")):
        shown = run("-C", where, "add", "ingress", "--verify", "make check").out
        assert f"then: git -C {where} add {path}" in shown
        assert shown.count("`make check` wasn't run on the conflicts") == 1
        subprocess.run(f"git -C {where} add {path}", shell=True, check=True)
        subprocess.run(f"git -C {where} cherry-pick --abort", shell=True, check=True)


# 8. --json: test_json.py.


def test_status_lists_changed_files(start: Start) -> None:
    project = start("worker")
    project.write("Makefile", project.read("Makefile") + "# mine\n")
    (project.path / "LICENSE").write_text("mine")
    (project.path / "Dockerfile").unlink()
    (project.path / "deploy").mkdir()
    project.git("mv", "compose.yaml", "deploy/stack.yaml")
    project.commit("Mine")
    assert project.aegis("status", "--json").json["changed"] == [
        {"path": "Dockerfile", "change": "deleted", "moved_to": None},
        {"path": "Makefile", "change": "modified", "moved_to": None},
        {"path": "compose.yaml", "change": "moved", "moved_to": "deploy/stack.yaml"},
    ]
    assert "> compose.yaml moved to deploy/stack.yaml\n" in project.aegis("status").out


# 9. components.


def test_components_lists_core_first() -> None:
    text = run("components").out
    assert text.startswith("core")
    assert re.search(r"\nworker .*\n +arq on Redis · available · requires cache\n", text)
    sections = [text.index(f"\n{name}") for name in ("cache ", "Variants", "Integrations")]
    assert sections == sorted(sections)


# Options before and after the verb; the directory.


def test_the_project_is_found_from_below_and_by_option(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = start()
    monkeypatch.chdir(project.path / "app" / "core")
    assert run("add", "ingress").code == 0
    monkeypatch.chdir(os.path.sep)
    assert run("remove", "ingress", "-C", project.path).code == 0
    assert run("--project-path", project.path, "add", "ingress").code == 0


# Refusals: clear, with the next command, and nothing changed.


def test_a_directory_of_mine_where_a_file_has_to_come(start: Start) -> None:
    """One conflict, whatever is in the directory; the remedy it names ends it."""
    project = start()
    place = "docs/components/cache.md"
    for name in ("one", "two/three"):
        project.write(f"{place}/{name}", f"mine, {name}\n")
    before = project.commit("Mine")
    said = project.aegis("add", "cache", code=3).out
    assert "1 conflict in Add cache" in said
    assert f"Move yours away, then: git checkout --theirs {place} && git add {place}" in said
    project.git("cherry-pick", "--abort")
    assert project.head == before
    assert project.is_sound()
    project.aegis("add", "cache", code=3)
    project.git("mv", place, "docs/mine")
    project.git("checkout", "--theirs", place)
    project.git("add", place)
    project.git("cherry-pick", "--continue")
    assert project.read("docs/mine/two/three") == "mine, two/three\n"
    assert project.is_sound()
    assert project.aegis("status", "--json").json["changed"] == []


def test_a_link_in_the_way(start: Start, tmp_path: Path) -> None:
    project = start()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (project.path / "app/components/ingress").symlink_to(elsewhere)
    project.aegis("add", "ingress", code=1)
    assert list(elsewhere.iterdir()) == []


# Unrelated work stays as it is.


def test_unrelated_work_stays_as_it_is(start: Start) -> None:
    project = start()
    project.write("one", "staged\n")
    project.git("add", "one")
    project.write("two", "untracked\n")
    project.write("Dockerfile", project.read("Dockerfile") + "# unstaged\n")
    before = project.git("status", "--porcelain")
    project.aegis("add", "ingress")
    project.aegis("remove", "ingress")
    assert project.git("status", "--porcelain") == before
    assert project.read("Dockerfile").endswith("# unstaged\n")


# Conflicts.


def conflicted(start: Start) -> Project:
    project = start("worker")
    project.collide()
    project.aegis("add", "ingress", code=3)
    return project


def test_a_conflict_is_gits_own_cherry_pick(start: Start) -> None:
    project = conflicted(start)
    assert "cherry-pick" in project.git("status")
    stages = project.git("ls-files", "--unmerged", "--format=%(stage) %(path)").splitlines()
    assert stages == [f"{stage} compose.yaml" for stage in "123"]
    assert project.git("show", ":2:compose.yaml") == project.git("show", "HEAD:compose.yaml")
    assert "9000:8000" not in project.git("show", ":3:compose.yaml")
    project.git("fsck", "--strict", "--no-dangling")
    assert re.search(r"(?s)<<<<<<<.*9000:8000.*=======.*>>>>>>>", project.read("compose.yaml"))
    assert "cherry-pick" in project.aegis("add", "cache", code=1).err
    assert "git cherry-pick --continue" in project.aegis("status").out


def test_continue_finishes_it_with_message_and_author(start: Start) -> None:
    project = conflicted(start)
    text = re.sub(r"<<<<<<<.*\n|=======\n|>>>>>>>.*\n", "", project.read("compose.yaml"))
    project.write("compose.yaml", text)
    project.git("add", "compose.yaml")
    project.git("cherry-pick", "--continue")
    assert project.subjects[0] == "Add ingress"
    message = project.git("log", "-1", "--format=%B")
    assert message.endswith(f"Aegis-Component: ingress\nAegis-Release: {NEWEST}")
    assert "Conflicts" not in message
    assert project.git("log", "-1", "--format=%an") == "Uma User"
    assert project.is_sound()
    project.aegis("remove", "ingress")  # what was resolved is not asked again
    assert "9000:8000" in project.read("compose.yaml")


def test_abort_restores_everything(start: Start) -> None:
    project = start("worker")
    project.collide()
    project.write("Dockerfile", project.read("Dockerfile") + "# unstaged\n")
    project.write("untracked", "mine\n")
    before = everything(project.path, objects=False), project.git("status", "--porcelain")
    project.aegis("add", "ingress", code=3)
    project.git("cherry-pick", "--abort")
    after = everything(project.path, objects=False), project.git("status", "--porcelain")
    assert after == before


def test_modify_delete_is_a_conflict_and_keeps_the_edit(start: Start) -> None:
    project = start("ingress")
    path = "app/components/ingress/__init__.py"
    project.write(path, project.read(path) + "\nMINE = 1\n")
    project.commit("Mine")
    project.aegis("remove", "ingress", code=3)
    assert "MINE = 1" in project.read(path)
    project.git("rm", "--quiet", path)
    project.git("cherry-pick", "--continue")
    assert project.subjects[0] == 'Revert "Add ingress"'
    assert project.is_sound()


def into_a_closed_pipe(project: Project, *args: str) -> int:
    """The exit code where nobody reads what is printed, as `aegis … 2>&1 | true` has it."""
    reader, writer = os.pipe()
    os.close(reader)
    command = [*AEGIS, "-C", str(project.path), *args]
    try:
        return subprocess.run(command, stdout=writer, stderr=writer, check=False).returncode
    finally:
        os.close(writer)


@pytest.mark.parametrize("json", [(), ("--json",)])
def test_a_reader_that_leaves_changes_no_exit_code(start: Start, json: tuple[str, ...]) -> None:
    project = start()
    project.collide()
    for verb in ("status", "components", "answers", "--version", "--help"):
        assert into_a_closed_pipe(project, verb, *json) == 0
    assert into_a_closed_pipe(project, "nonsense", *json) == 2
    assert into_a_closed_pipe(project, "add", "nonsense", *json) == 1
    assert into_a_closed_pipe(project, "add", "worker", *json) == 0
    assert project.subjects[0] == "Add worker"
    assert project.is_sound()
    assert into_a_closed_pipe(project, "add", "ingress", *json) == 3
    assert "UU compose.yaml" in project.git("status", "--porcelain")


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_stream_that_was_never_open_changes_no_exit_code(start: Start, closed: str) -> None:
    project = start()
    project.collide()

    def code(words: str) -> int:
        aegis = shlex.join([*AEGIS, "-C", str(project.path)])
        return subprocess.run(f"{aegis} {words} {closed}", shell=True, check=False).returncode

    for verb in ("status", "fleet status .", "add worker --diff --dry-run", "--help"):
        assert code(verb) == 0
    assert code("add") == 2
    assert code("add nonsense") == 1
    assert code("add worker") == 0
    assert project.is_sound()
    assert code("add ingress") == 3


@pytest.fixture(scope="session")
def latin(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A locale of ISO 8859-1."""
    needs("localedef")
    path = tmp_path_factory.mktemp("locales")
    wanted = ("localedef", "-i", "de_DE", "-f", "ISO-8859-1", str(path / "de_DE.ISO-8859-1"))
    subprocess.run(wanted, check=False, capture_output=True)
    return {"LOCPATH": str(path), "LC_ALL": "de_DE.ISO-8859-1"}


@pytest.mark.parametrize("name", ["C", "no coercion", "latin-1", "ascii streams"])
def test_umlauts_in_whatever_locale(
    tmp_path: Path, latin: dict[str, str], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    bare = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    known = {
        "no coercion": bare,
        "latin-1": latin,
        "ascii streams": {"PYTHONIOENCODING": "ascii"},
    }
    for key, value in known.get(name, {"LC_ALL": name}).items():
        monkeypatch.setenv(key, value)
    project = Project(tmp_path / "käse-äpi")
    git(tmp_path, "config", "--global", "--replace-all", "user.name", "Jürgen Groß")

    def typed(*args: str | bytes, code: int = 0) -> str:
        where = project.path if project.path.exists() else tmp_path
        done = subprocess.run([*AEGIS, *args], cwd=where, capture_output=True, check=False)
        said = (done.stdout + done.stderr).decode()
        assert done.returncode == code, said
        assert "Traceback" not in said
        return said

    try:
        typed("init", "käse-äpi", "--answer", "description=Köstlich")
        assert "Jürgen Groß" in typed("answers")
        project.write("app/größe.py", "GRÖSSE = 1\n")
        project.collide()
        assert "compose.yaml" in typed("add", "ingress", code=3)
        project.git("cherry-pick", "--abort")
        typed("answers", "description=Köstlich, immer")
        assert "Köstlich, immer" in project.read("aegis.toml")
        assert "nöpe" in typed("add", "nöpe", code=1)
        assert "isn't valid UTF-8" in typed(
            "answers", "description=K\xf6stlich".encode("latin-1"), code=1
        )
        assert project.is_sound()
    finally:
        git(tmp_path, "config", "--global", "user.name", "Uma User")


def test_a_name_of_the_user_that_is_not_utf_8(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "config"
    config.write_bytes(b"[user]\n\tname = J\xfcrgen\n\temail = j@example.org\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    assert 'author_name = "J?rgen"' in begun(tmp_path / "p").read("aegis.toml")


@pytest.mark.parametrize("args", [(), ("status",), ("init", "x", "--json")])
def test_windows_is_refused_in_one_line(args: tuple[str, ...], tmp_path: Path) -> None:
    as_windows = "import sys, typer; sys.modules['fcntl'] = None; sys.platform = 'win32'"
    code = f"{as_windows}; from aegis_patch.terminal.cli import main; main()"
    words = [sys.executable, "-c", code, *args]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert re.fullmatch(r"aegis runs on .* WSL: wsl --install\n", done.stderr)
    assert not list(tmp_path.iterdir())


def test_an_unknown_name_is_found_by_its_purpose(start: Start) -> None:
    project = start()
    for word, what in (
        ("redis", " It comes with: cache, worker."),
        ("postgresql", " It comes with: postgres."),
        ("celery", " Did you mean worker?"),  # which is none
        ("data", " Did you mean database?"),
        ("databse", " Did you mean database?"),
        ("Pay", " Did you mean payments?"),
        ("and", "\n"),  # in half of the summaries
        ("of", "\n"),
    ):
        assert f'No component "{word}".{what}' in project.aegis("add", word, code=1).err
