"""`--verify`: a result lands only if a command passes in a checkout of it."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
from pathlib import Path

import pytest

from aegis_patch.landing import trial
from tests.conftest import AEGIS, OLDER, Project, Start, begun, everything, git
from tests.servers import until


@pytest.fixture(autouse=True)
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary directories are made; nothing may be left in it."""
    place = tmp_path / "scratch"
    place.mkdir()
    monkeypatch.setenv("TMPDIR", str(place))
    monkeypatch.setattr("tempfile.tempdir", None)
    return place


def test_the_command_sees_a_clean_checkout_of_the_result(
    start: Start, tmp_path: Path, scratch: Path
) -> None:
    project = start()
    project.write(".env", "SECRET=1\n")
    project.write("mine.txt", "not committed\n")
    seen = (
        "set -e; test -f app/components/ingress/settings.py; test ! -e .env; test ! -e mine.txt",
        'test -z "$(git status --porcelain)"; test "$(git branch --show-current)" = main',
        'git log --format=%s | tail -1 | grep -q "Start my-api"',
        'test -f "$AEGIS_PROJECT/.env"; git rev-parse "HEAD^{tree}" > "$AEGIS_PROJECT/../tree"',
    )
    ran = project.aegis("add", "ingress", "--verify", "; ".join(seen))
    assert "passed on the result" in ran.out
    assert (tmp_path / "tree").read_text().strip() == project.tree
    assert project.subjects[0] == "Add ingress"
    assert project.git("status", "--porcelain") == "?? mine.txt"
    assert not [*scratch.iterdir()]


def test_where_it_fails_nothing_changed_and_its_output_is_shown(
    start: Start, scratch: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    project = start()
    project.write("staged.txt", "mine\n")
    project.git("add", "staged.txt")
    before = everything(project.path)
    command = "echo out; echo err >&2; sleep 100 & exit 7"
    for extra in ((), ("--dry-run",)):
        error = project.aegis("add", "ingress", "--verify", command, "--json", *extra, code=1)
        assert "failed on the result (exit code 7)" in error.json["error"]["what"]
        assert capfd.readouterr().err == "out\nerr\n"
        assert everything(project.path) == before
    assert project.git("worktree", "list").count("\n") == 0
    assert not [*scratch.iterdir()]


def test_a_command_that_a_signal_ends_fails(start: Start) -> None:
    ran = start().aegis("add", "ingress", "--verify", "kill -9 $$", code=1)
    assert "failed on the result (ended by SIGKILL)" in ran.err


def test_no_command_is_none_that_passes(start: Start) -> None:
    """As of a variable that isn't set."""
    project = start()
    for words in (["--verify="], ["--verify", ""], ["--verify", " "]):
        assert project.aegis("add", "ingress", *words, code=2).err.startswith("error --verify")
    assert project.subjects[0] != "Add ingress"
    project.aegis("add", "ingress", "--verify", "-x 2>/dev/null || true")


def test_of_several_commits_the_last_is_tried(start: Start) -> None:
    project = start()
    command = "test -d app/components/ingress && test -d app/components/cache"
    ran = project.aegis("add", "cache", "ingress", "--verify", command)
    assert "passed on the result, the last of 2 commits" in ran.out


def test_with_a_conflict_it_is_not_run(start: Start, tmp_path: Path) -> None:
    project = start()
    project.collide()
    ran = project.aegis("add", "ingress", "--verify", f"touch {tmp_path}/ran", code=3)
    assert "wasn't run on the conflicts: resolve them first" in ran.out
    assert not (tmp_path / "ran").exists()


def test_what_lands_before_a_conflict_passes_first(start: Start) -> None:
    project = start()
    project.collide()
    head = project.head
    project.aegis("add", "cache", "ingress", "--verify", "false", code=1)
    assert project.head == head
    check = "test -e app/components/cache && ! test -e app/components/ingress"
    ran = project.aegis("add", "cache", "ingress", "--verify", check, code=3)
    assert "passed on the result" in ran.out
    assert project.subjects[0] == "Add cache"


def test_every_verb_that_commits_takes_it(start: Start) -> None:
    project = start("worker", version=OLDER)
    for verb in ("add ingress", "remove worker", "rebase-upstream", "update", "answers a=b"):
        words = verb.replace("a=b", "project_name=Depot").split()
        assert "failed on the result" in project.aegis(*words, "--verify", "false", code=1).err
    project.git("rm", "-rq", "app/components/cache", "tests/components/cache")
    project.edit("aegis.toml", "cache = {", "# cache = {")
    head = project.commit("Lose cache")
    assert "failed on the result" in project.aegis("repair", "--verify", "false", code=1).err
    assert project.head == head


def test_in_a_subdirectory_of_a_shallow_clone_with_filters_of_its_own(
    start: Start, tmp_path: Path
) -> None:
    outer = start(name="outer")
    begun(outer.path / "api")
    outer.write(".gitattributes", "*.md filter=loud\n")
    outer.commit()
    git(tmp_path, "clone", "--quiet", "--depth=1", f"file://{outer.path}", "clone")
    inner = Project(tmp_path / "clone/api")
    inner.git("config", "filter.loud.smudge", "tr a-z A-Z")
    inner.git("config", "filter.loud.clean", "cat")
    seen = "git log && test -f aegis.toml && grep -q INGRESS docs/components/ingress.md"
    inner.aegis("add", "ingress", "--verify", seen)


@pytest.mark.parametrize("kind", ["plain", "a submodule", "a worktree of a bare repository"])
def test_aegis_itself_can_look_at_the_result(start: Start, tmp_path: Path, kind: str) -> None:
    project = start()
    if kind == "a submodule":
        (outer := Project(tmp_path / "outer")).path.mkdir()
        outer.git("init", "--quiet")
        outer.add_submodule(project, "api")
        project = Project(outer.path / "api")
    elif kind != "plain":
        git(tmp_path, "clone", "--quiet", "--bare", str(project.path), "bare.git")
        git(tmp_path / "bare.git", "worktree", "add", "--quiet", str(tmp_path / "linked"))
        project = Project(tmp_path / "linked")
    aegis = shlex.join(AEGIS)
    project.aegis("add", "ingress", "--verify", f"{aegis} status && {aegis} diff --exit-code")


def test_settings_of_the_project_that_are_not_for_the_checkout(
    start: Start, tmp_path: Path
) -> None:
    library, project = start(name="library"), start(name="-api")
    project.add_submodule(library, "vendor/lib")
    project.commit("A submodule")
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    (hooks / "post-index-change").write_text(f"#!/bin/sh\npwd >> {tmp_path}/ran\n")
    (hooks / "post-index-change").chmod(0o755)
    for name, value in {
        "core.hooksPath": str(hooks),
        "core.fsmonitor": str(hooks / "post-index-change"),
        "core.sparseCheckout": "true",
        "submodule.recurse": "true",
    }.items():
        project.git("config", name, value)
    project.aegis("add", "ingress", "--dry-run", "--verify", "test -f aegis.toml && git status")
    ran = tmp_path / "ran"
    assert {*(ran.read_text().split() if ran.exists() else ())} <= {str(project.path)}


@pytest.mark.parametrize(
    ("meanwhile", "what"),
    [
        ("echo '# mine' >> compose.yaml", "Commit or stash these first"),
        ("echo mine >> compose.yaml && git add compose.yaml", "Commit or stash these first"),
        ("rm compose.yaml", "Commit or stash these first"),
        ("git bisect start", "A bisect is in progress"),
        ("git switch --quiet --detach", "You're not on a branch"),
        ("git switch --quiet -c other", "You changed the branch meanwhile"),
    ],
)
def test_what_happens_meanwhile_is_refused_as_before(
    start: Start, meanwhile: str, what: str
) -> None:
    project = start()
    ran = project.aegis("add", "ingress", "--verify", f'cd "$AEGIS_PROJECT" && {meanwhile}', code=1)
    assert what in ran.err
    assert project.subjects[0] != "Add ingress"
    assert ("mine" in meanwhile) == (project.git("diff", "HEAD").endswith("mine"))


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _rooms(scratch: Path) -> list[Path]:
    """The directories of checkouts; of a killed aegis, its store stays for the next one."""
    return [each for each in scratch.iterdir() if not each.name.startswith("aegis-scratch-")]


@pytest.mark.parametrize("where", ["checkout", "command"])
def test_killed_as_early_as_can_be(start: Start, scratch: Path, where: str) -> None:
    """Before the command runs, or as it starts, when nobody else may know of it yet."""
    project = start()
    ran = project.path.parent / "ran"
    kill = 'kill -KILL "$(ps -o ppid= -p $PPID)"' if where == "checkout" else "kill -KILL $PPID"
    if where == "checkout":
        hook = project.path.parent / "smudge"
        hook.write_text(f"#!/bin/sh\n{kill}\ncat\n")
        hook.chmod(0o755)
        project.git("config", "filter.killer.smudge", str(hook))
        project.write(".gitattributes", "README.md filter=killer\n")
        project.commit("A filter that ends whoever checks a file out")
    command = f"{kill}; touch {shlex.quote(str(ran))}; exec sleep 600"
    words = [*AEGIS, "-C", str(project.path), "add", "ingress"]
    done = subprocess.run([*words, "--verify", command], stderr=subprocess.DEVNULL, check=False)
    assert done.returncode == -9
    until(lambda: not _rooms(scratch))
    assert where == "command" or not ran.exists()


@pytest.mark.parametrize("told", [True, False])
def test_a_command_waits_until_its_watch_knows_of_it(tmp_path: Path, told: bool) -> None:
    words = ["sh", "-c", trial._GATE, "sh", "touch ran; cat"]
    done = subprocess.run(
        words, cwd=tmp_path, input=b"\nmore" * told, capture_output=True, check=False
    )
    assert (tmp_path / "ran").exists() == (done.returncode == 0) == told
    assert done.stdout == b""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_signal_ends_the_command_and_changes_nothing(
    start: Start, scratch: Path, number: signal.Signals
) -> None:
    project = start()
    before = everything(project.path)
    pid = project.path.parent / "pid"
    command = f"echo $$ > {shlex.quote(str(pid))}; exec sleep 600"
    words = [*AEGIS, "-C", str(project.path), "add", "ingress"]
    running = subprocess.Popen([*words, "--verify", command], stderr=subprocess.DEVNULL)
    until(lambda: pid.exists() and bool(pid.read_text()))
    running.send_signal(number)
    assert running.wait() in (130, 143, -9)
    if number == signal.SIGKILL:  # another process cleans up, a moment later
        until(lambda: not _runs(int(pid.read_text())) and not _rooms(scratch))
    else:
        assert not _runs(int(pid.read_text()))
        assert not [*scratch.iterdir()]
    assert everything(project.path) == before
    project.aegis("add", "ingress", "--verify", "true")
    assert project.is_sound()
