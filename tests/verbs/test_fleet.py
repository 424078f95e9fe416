"""Many projects at once: each ends as it would alone, and none stops the others."""

from __future__ import annotations

import gc
import io
import json
import os
import pty
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pygit2
import pytest

from aegis_patch.stack import pristine
from aegis_patch.upstream import fork as mirror
from aegis_patch.verbs import fleet
from tests.conftest import AEGIS, SCHEMA, Project, begun, run


@pytest.fixture(name="own")
def with_projects(own: Project, tmp_path: Path) -> Project:
    """An upstream with two releases, and projects of the first."""
    own.git("tag", "v1.0")
    begun(tmp_path / "a", "--upstream", str(own.path), "--components", "greet")
    for name in "bcd":
        shutil.copytree(tmp_path / "a", tmp_path / name)
    for path in ("base/app/__main__.py", "base/tests/test_app.py"):
        own.edit(path, "It runs.", "It really runs.")
    own.commit("Louder")
    own.git("tag", "v1.1")
    return own


def outcomes(*words: str | Path, code: int = 0) -> dict[str, dict[str, str]]:
    """What each line of the JSON says, by the project's name."""
    ran = run("fleet", *words, "--json")
    assert ran.code == code, ran.out + ran.err
    found: dict[str, dict[str, str]] = {}
    for line in ran.out.splitlines():
        told: Any = json.loads(line)
        SCHEMA.validate(told)
        found[Path(told["path"]).name] = told
    return found


def everywhere(tmp_path: Path) -> list[Path]:
    return [tmp_path / name for name in "abcd"]


def test_memory_does_not_grow_with_the_projects(own: Project, tmp_path: Path) -> None:
    """A repository is in circles, and a small command never looks for these."""
    gc.collect()
    before = repositories()
    gc.disable()
    try:
        for _ in fleet.status(everywhere(tmp_path) * 5):
            pass
        after = repositories()
    finally:
        gc.enable()
    assert after < before + 5


def repositories() -> int:
    """How many are in memory; other tests keep some."""
    return sum(isinstance(each, pygit2.Repository) for each in gc.get_objects())


def test_one_project_does_not_stop_the_others(own: Project, tmp_path: Path) -> None:
    a, b, c, d = (Project(path) for path in everywhere(tmp_path))
    b.edit("app/__main__.py", "It runs.", "It runs here.")
    b.commit("Mine")
    c.write("aegis.toml", "<<<<<<<")
    c.commit("Broken")
    d.aegis("rebase-upstream")
    shutil.rmtree(tmp_path / "own/.git/hooks", ignore_errors=True)
    before = {each.path: each.head for each in (b, c, d)}
    found = outcomes("update", *everywhere(tmp_path), tmp_path / "e", code=1)
    assert {name: told["outcome"] for name, told in found.items()} == {
        **{"a": "updated", "b": "conflicts", "c": "refused", "d": "current", "e": "refused"}
    }
    assert a.subjects[0] == found["a"]["what"] == "Rebase onto own 1.1"
    assert a.is_sound()
    assert found["b"]["what"] == "conflicts in app/__main__.py"
    assert {each.path: each.head for each in (b, c, d)} == before
    assert not b.git("status", "--porcelain")
    assert run("fleet", "update", b.path).out.endswith("\n1 with conflicts\n")
    assert b.aegis(*found["b"]["next"].split()[1:], code=3)


def test_what_the_system_says_of_one_does_not_stop_the_others(own: Project, tmp_path: Path) -> None:
    a, b, c = everywhere(tmp_path)[:3]
    (b / ".git/aegis").write_text("in the way")
    shutil.rmtree(c)
    c.symlink_to(c)
    found = outcomes("status", a, b, c, code=1)
    assert found["b"]["outcome"] == "refused"
    assert found["b"]["what"] == "Not a directory"
    assert found["c"]["outcome"] in ("failed", "refused")  # which depends on Python
    assert found["a"]["outcome"] == "behind"


def test_what_is_shared_is_computed_and_fetched_once(
    own: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By this process; the projects' own inherit what writes down who called."""
    called = tmp_path / "called"

    def noting(function: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*args: Any) -> Any:
            with called.open("a") as file:
                file.write(f"{function.__name__} {os.getpid()}\n")
            return function(*args)

        return wrapped

    monkeypatch.setattr(pristine, "_applied", noting(pristine._applied))
    monkeypatch.setattr(mirror, "fetch", noting(mirror.fetch))
    found = outcomes("update", *everywhere(tmp_path))
    assert {told["outcome"] for told in found.values()} == {"updated"}
    me = os.getpid()
    assert sorted(called.read_text().splitlines()) == [
        *(f"_applied {me}", f"_applied {me}", f"fetch {me}")
    ]
    trees = {Project(path).tree for path in everywhere(tmp_path)}
    assert trees == {Project(tmp_path / "a").tree}


def test_status_looks_and_writes_nothing(own: Project, tmp_path: Path) -> None:
    Project(tmp_path / "b").aegis("rebase-upstream")
    found = outcomes("status", *everywhere(tmp_path))
    assert {told["outcome"] for told in found.values()} == {"behind", "current"}
    assert found["a"]["what"] == "1.1 is available; own 1.0, 0 of its files changed"
    dry = run("fleet", "update", "--dry-run", tmp_path / "a")
    assert dry.out == f"to update {tmp_path / 'a'}: would rebase onto own 1.1\n1 to update\n"
    assert Project(tmp_path / "a").subjects[0] == "Add greet"


@pytest.mark.usefixtures("own")
def test_a_terminal_shows_how_far_it_is(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    words = [*AEGIS, "fleet", "status", *"abcd"]
    subprocess.run(words, cwd=tmp_path, stdout=theirs, check=True)
    lines = os.read(ours, 10_000).decode().splitlines()
    os.close(ours)
    os.close(theirs)
    numbers = [line.split()[0] for line in lines if "available" in line]
    assert numbers == ["1/4", "2/4", "3/4", "4/4"]


def test_ctrl_c_says_how_far_it_was(
    own: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(places: list[Path]) -> Iterator[fleet.Outcome]:
        yield fleet.Outcome(str(places[0]), fleet.CURRENT, "seen")
        raise KeyboardInterrupt

    monkeypatch.setattr(fleet, "status", interrupted)
    ran = run("fleet", "status", *everywhere(tmp_path))
    assert ran.code == 130
    assert "Interrupted after 1 of 4" in ran.err
    assert "git log" not in ran.err


def test_an_update_says_what_it_asks_and_what_it_leaves(own: Project, tmp_path: Path) -> None:
    """As it would alone: the notes, the lines that name what is gone, and what was left out."""
    own.git("mv", "base/app/__main__.py", "base/app/run.py")
    own.edit("base/tests/test_app.py", "app.__main__", "app.run")
    own.write("notes/1.2.toml", '[[behaviour]]\ntext = "It is louder."\n')
    own.commit("Another name")
    own.git("tag", "v1.2")
    a = Project(tmp_path / "a")
    a.write("app/own.py", "from app.__main__ import lines\n")
    a.git("rm", "-q", "tests/test_app.py")
    a.commit("Mine")
    found = outcomes("update", a.path)["a"]
    left = "app/own.py:1 still uses app.__main__. Not applied: tests/test_app.py"
    assert found["what"] == f"Rebase onto own 1.2. It is louder. {left}"


def test_an_update_can_be_left_on_a_branch(own: Project, tmp_path: Path) -> None:
    a, b = Project(tmp_path / "a"), Project(tmp_path / "b")
    a.write("app/__main__.py", "at work\n")
    b.edit("app/__main__.py", "It runs.", "It runs here.")
    b.commit("Mine")
    heads = a.head, b.head
    found = outcomes("update", a.path, b.path, "--branch", "up", code=3)
    assert [found[name]["outcome"] for name in "ab"] == ["updated", "conflicts"]
    assert (a.head, b.head) == heads
    assert a.read("app/__main__.py") == "at work\n"
    assert a.git("log", "-1", "--format=%s", "up") == "Rebase onto own 1.1"
    assert b.git("branch", "--list", "up") == ""
    for each in (a, b):
        assert len(each.git("worktree", "list").splitlines()) == 1
    again = outcomes("update", a.path, "--branch", "up")  # as after a Ctrl-C, typed again
    assert (again["a"]["outcome"], again["a"]["what"]) == ("current", "up has the update already")
    assert outcomes("update", a.path, "--branch", "up", "--to", "1.0")["a"]["outcome"] == "current"
    a.git("checkout", "--", ".")
    a.git("merge", "--quiet", "up")
    again = outcomes("update", a.path, "--branch", "up")  # its branch is left from before
    assert again["a"]["outcome"] == "current"


def test_a_branch_has_a_name_of_its_own(own: Project, tmp_path: Path) -> None:
    words = ("update", tmp_path / "a", "--branch")
    Project(tmp_path / "a").git("branch", "next")
    found = outcomes(*words, "next", code=1)["a"]
    assert found["what"] == "Branch next already exists."
    Project(tmp_path).paste(found["next"].split("`")[1])
    assert outcomes(*words, "next")["a"]["outcome"] == "updated"
    for name in ("a b", "-x", "HEAD", "x..y"):
        ran = run("fleet", "update", tmp_path / "a", "--branch", name, "--json")
        assert (ran.code, name in ran.json["error"]["what"]) == (2, True)


def test_a_branch_that_updates_another_project_of_the_repository(
    own: Project, tmp_path: Path
) -> None:
    """It is no update of this one, which is refused, and gets a branch that it names itself."""
    whole = Project(tmp_path / "whole")
    whole.path.mkdir()
    whole.git("init", "--quiet")
    for name in ("e", "f"):
        words = ("--upstream", own.path, "--upstream-version", "1.0")
        assert run("init", whole.path / name, "-y", *words).code == 0
    assert outcomes("update", whole.path / "e", "--branch", "up")["e"]["outcome"] == "updated"
    found = outcomes("update", whole.path / "f", "--branch", "up", code=1)["f"]
    assert (found["outcome"], found["what"]) == ("refused", "Branch up already exists.")
    again = found["next"].split("`")[3].replace("NAME", "up-f").split()
    assert run(*again[1:]).code == 0
    assert whole.git("diff", "--name-only", "up-f~", "up-f", "e") == ""
    both = outcomes("update", whole.path / "e", whole.path / "f", "--branch", "both", code=1)
    assert sorted(each["outcome"] for each in both.values()) == ["refused", "updated"]
    assert "Branch both already exists." in [each["what"] for each in both.values()]


def test_a_process_that_is_killed_is_told(own: Project, tmp_path: Path) -> None:
    words = ("--verify", "kill -9 $PPID")
    found = outcomes("update", tmp_path / "a", *words, code=1)
    assert found["a"]["outcome"] == "failed"
    assert found["a"]["what"] == "aegis ended there with -9"
    assert outcomes("update", tmp_path / "a")["a"]["outcome"] == "updated"


def test_what_is_killed_on_the_way_to_a_branch_leaves_nothing(own: Project, tmp_path: Path) -> None:
    a = Project(tmp_path / "a")
    words = ("update", a.path, "--branch", "up")
    outcomes(*words, "--verify", "kill -9 $PPID", code=1)
    assert a.git("branch", "--list", "up") == ""
    assert len(a.git("worktree", "list").splitlines()) == 1
    assert outcomes(*words)["a"]["outcome"] == "updated"


@pytest.mark.usefixtures("own")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_the_processes_and_leaves_nothing(
    tmp_path: Path, number: signal.Signals
) -> None:
    temporary, pid = tmp_path / "temporary", tmp_path / "pid"
    temporary.mkdir()
    words = ["fleet", "update", "a", "--branch", "up", "--verify", f"echo $$ > {pid}; sleep 600"]
    env = {**os.environ, "TMPDIR": str(temporary)}
    before = signal.signal(number, signal.SIG_DFL)  # below `nohup`, it would be ignored
    running = subprocess.Popen([*AEGIS, *words], cwd=tmp_path, env=env)
    signal.signal(number, before)
    while not (pid.exists() and pid.read_text()):
        assert running.poll() is None
        time.sleep(0.05)
    running.send_signal(number)
    assert running.wait() == 130
    assert not [*temporary.iterdir()]
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid.read_text()), 0)


def test_a_list_on_standard_input(
    own: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{tmp_path / 'a'}\n\n{tmp_path / 'b'}\n"))
    assert outcomes("status").keys() == {"a", "b"}
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{tmp_path / 'a'}\0{tmp_path / 'b'}\0"))
    assert outcomes("status").keys() == {"a", "b"}  # as `find -print0` lists them
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{tmp_path / 'a'}\0{tmp_path}/b\nc\0"))
    assert outcomes("status", code=1).keys() == {"a", "b\nc"}
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    assert run("fleet", "status").code == run("fleet", "nonsense").code == 2
