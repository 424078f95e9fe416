"""Law 7: killed, refused, out of space, or two at once: the old state or the new one."""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pygit2
import pytest
from pygit2.enums import ConfigLevel

from aegis_patch.errors import Refused
from aegis_patch.landing import journal, land
from tests.conftest import ROOT, Project, Start, configure_git, everything, git, lack, needs, run

ROOT_USER = os.geteuid() == 0
NOBODY = 65534
FILE = "docs/mine.md"


@pytest.mark.parametrize(
    "thousands", [0.01, pytest.param(0.2, marks=pytest.mark.long)], ids=["sample", "more"]
)
def test_a_fault_at_any_effect_leaves_the_old_state_or_the_new(thousands: float) -> None:
    """Of aegis or of its git: killed, out of space, not permitted, or failing once."""
    needs("cc")  # for tests/landing/fault.c
    env = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    done = subprocess.run(
        [sys.executable, ROOT / "scripts/kill", str(thousands), "--jobs", "2"],
        capture_output=True,
        text=True,
        env=env,
        check=False,
    )
    print(done.stdout)  # the seed, if it fails
    assert done.returncode == 0, done.stderr
    assert int(done.stdout.splitlines()[-1].partition(" ")[0]) >= thousands * 900


# A kill at one place, and what the user did before the next verb.


def killed(project: Project | None, before: str, *args: str) -> None:
    """Run a verb in a forked process that is killed when it calls a function of ours."""
    pid = os.fork()
    if not pid:
        with pytest.MonkeyPatch.context() as patch, contextlib.suppress(BaseException):
            patch.setattr(f"aegis_patch.{before}", lambda *_, **__: os.kill(os.getpid(), 9))
            run(*(["-C", str(project.path)] if project else []), *args)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -9


def test_what_the_user_wrote_after_the_kill_stays(start: Start) -> None:
    project = start("ingress")
    head = project.head
    killed(project, "landing.land._refresh", "add", "worker")  # every file is in its place
    new = "app/components/worker/__init__.py"
    assert (project.path / new).exists()
    project.write(new, "mine now\n")
    project.write("compose.yaml", "all mine\n")
    ran = project.aegis("status")
    assert "killed during 'Add worker', which was undone" in ran.err
    assert project.head == head
    assert (project.read(new), project.read("compose.yaml")) == ("mine now\n", "all mine\n")
    assert project.git("status", "--porcelain").split() == [
        "M",
        "compose.yaml",
        "??",
        "app/components/worker/",
    ]


def test_a_landing_that_was_decided_is_finished_by_the_next_verb(start: Start) -> None:
    project = start("ingress")
    killed(project, "landing.journal.settle", "add", "worker")
    assert project.subjects[0] == "Add worker"
    ran = project.aegis("add", "cache")
    assert "which is finished now" in ran.err
    assert project.is_sound()


def test_an_index_lock_removed_by_hand_does_no_harm(start: Start) -> None:
    """As git advises: and then its status writes the index anew."""
    project = start("ingress")
    killed(project, "landing.journal.settle", "add", "worker")
    with pytest.raises(AssertionError, match=r"index\.lock"):
        project.git("add", "compose.yaml")
    (project.path / ".git/index.lock").unlink()
    os.utime(project.path / "compose.yaml")
    project.git("status")
    project.aegis("status")
    assert project.is_sound()


@pytest.mark.parametrize("written", [0, 20, 41])
def test_the_ref_locks_of_a_killed_git_are_removed(start: Start, written: int) -> None:
    """Also a half written one; a lock that says something else is not ours."""
    project = start("ingress")
    killed(project, "landing.journal.settle", "add", "worker")
    lock = project.path / ".git/refs/heads/main.lock"
    lock.write_text(f"{project.head}\n"[:written])
    project.aegis("status")
    assert not lock.exists()
    killed(project, "landing.journal.settle", "remove", "worker")
    lock.write_text(f"{'0' * 40}\n")
    project.aegis("status")
    assert lock.exists()
    lock.unlink()
    assert project.is_sound()


def test_who_goes_on_with_git_keeps_what_they_did(start: Start) -> None:
    project = start("ingress")
    killed(project, "landing.journal.settle", "add", "worker")
    (project.path / ".git/index.lock").unlink()
    project.git("reset", "--quiet", "--hard", "HEAD~")
    project.write("notes.md", "mine\n")
    mine = project.commit()
    project.aegis("status")
    assert project.head == mine
    assert project.is_sound()


def test_a_dry_run_and_a_look_finish_it_too(start: Start) -> None:
    project = start("ingress")
    head = project.head
    for args in (["status"], ["add", "cache", "--dry-run"]):
        killed(project, "landing.land._refresh", "add", "worker")
        project.aegis(*args)
        assert (project.head, project.is_sound()) == (head, True)


def test_a_conflict_half_entered_is_finished(start: Start) -> None:
    project = start("worker")
    project.collide()
    killed(project, "landing.journal.settle", "add", "ingress")
    assert "cherry-pick" in project.aegis("status").out
    assert project.git("diff", "--name-only", "--diff-filter=U") == "compose.yaml"
    project.git("cherry-pick", "--abort")
    assert project.is_sound()


@pytest.mark.parametrize("there", [False, True], ids=["absent", "empty"])
def test_init_goes_on_where_it_was_killed(tmp_path: Path, there: bool) -> None:
    place = tmp_path / "my-api"
    if there:
        place.mkdir()
    for at in ("verbs.perform._build", "landing.land._refresh", "landing.journal.settle"):
        with contextlib.suppress(AssertionError):  # where the one before was finished
            killed(None, at, "init", str(place), "-y")
    run("init", place, "-y")
    assert Project(place).is_sound()
    assert [path.name for path in tmp_path.iterdir()] == ["my-api"]


def test_only_what_init_left_is_swept(tmp_path: Path) -> None:
    names = ["frontend", ".my-api.aegis-longername", ".my-api.aegis-Upper123", ".my-api"]
    for name in names:
        (tmp_path / name).mkdir()
    (tmp_path / ".my-api.aegis-a1b2c3d4").write_text("a file\n")
    assert run("init", tmp_path / "my-api", "-y").code == 0
    assert {path.name for path in tmp_path.iterdir()} == {
        *names,
        ".my-api.aegis-a1b2c3d4",
        "my-api",
    }


# Somebody else is at work.


def interrupted(
    monkeypatch: pytest.MonkeyPatch, module: object, name: str, by: Callable[[], None]
) -> None:
    """Have something happen just before a function is called."""
    real = getattr(module, name)

    def first(*args: object, **options: object) -> object:
        by()
        return real(*args, **options)

    monkeypatch.setattr(module, name, first)


@pytest.mark.parametrize("by_rename", [False, True], ids=["in place", "renamed"])
@pytest.mark.parametrize("at", ["begin", "swap", "settle"])
def test_an_editor_saves_while_it_lands(
    start: Start, monkeypatch: pytest.MonkeyPatch, at: str, by_rename: bool
) -> None:
    """Before the files are moved, the save wins and nothing lands; after it, it is an edit."""
    project = start("ingress")
    head = project.head

    def save() -> None:
        target = "draft" if by_rename else "compose.yaml"
        project.write(target, "saved\n")
        if by_rename:
            (project.path / target).replace(project.path / "compose.yaml")

    interrupted(monkeypatch, journal, at, save)
    ran = project.aegis("add", "worker", code=0 if at == "settle" else 1)
    assert project.read("compose.yaml") == "saved\n"
    assert project.git("status", "--porcelain") == " M compose.yaml"
    assert (project.head == head) == (at != "settle")
    assert at == "settle" or "You saved this file during the update" in ran.err


def test_an_editor_that_had_the_file_open(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """It writes into the file that was moved away, too late to go back: that is put beside it."""
    project = start("ingress")
    with (project.path / "compose.yaml").open("a") as file:

        def save() -> None:
            file.write("saved late\n")
            file.flush()

        interrupted(monkeypatch, land, "_refresh", save)
        ran = project.aegis("add", "worker")
    (beside,) = project.path.glob("compose.yaml.saved-*")
    assert beside.read_text().endswith("saved late\n")
    assert beside.name in ran.err


def test_an_editor_that_never_stops_saving(start: Start) -> None:
    """No save is lost: the last one is in the file, whatever became of the verb."""
    project = start("ingress")
    ended = threading.Event()
    saved = ""

    def save(text: str) -> None:
        nonlocal saved
        time.sleep(0.1)
        for number in itertools.count():
            saved = f"{text}{number}\n"
            draft = project.path / ".git/draft"
            draft.write_text(saved)
            draft.replace(project.path / "compose.yaml")
            if ended.is_set():
                return

    for verb in ("add", "remove") * 3:
        project.git("stash", "--quiet", check=False)
        project.git("stash", "drop", "--quiet", check=False)
        ended.clear()
        editor = threading.Thread(target=save, args=[project.read("compose.yaml")])
        editor.start()
        run("-C", project.path, verb, "worker")
        time.sleep(0.15)
        ended.set()
        editor.join()
        assert project.read("compose.yaml") == saved


def test_git_changes_the_index_while_it_lands(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = start("ingress")
    before = project.head

    def stage() -> None:
        project.write("mine.md", "mine\n")
        project.git("add", "mine.md")

    interrupted(monkeypatch, journal, "begin", stage)
    assert "at the same time" in project.aegis("add", "worker", code=1).err
    assert (project.head, project.git("status", "--porcelain")) == (before, "A  mine.md")


@pytest.mark.parametrize("released", [True, False])
def test_git_has_the_index_when_it_lands(
    start: Start, monkeypatch: pytest.MonkeyPatch, released: bool
) -> None:
    """It is waited for a second; then nothing lands, and the lock is not ours to remove."""
    project = start("ingress")
    lock = project.path / ".git/index.lock"

    def take() -> None:
        lock.touch()
        if released:
            threading.Timer(0.2, lock.unlink).start()

    interrupted(monkeypatch, journal, "begin", take)
    project.aegis("add", "worker", code=0 if released else 1)
    assert lock.exists() != released
    lock.unlink(missing_ok=True)
    assert project.is_sound()


def test_two_at_once_take_turns(start: Start) -> None:
    project = start()
    patient = (
        "from aegis_patch.terminal import cli; "
        "from aegis_patch.landing import locks; locks.PATIENCE = 3600; cli.main()"
    )
    words = [sys.executable, "-c", patient, "-C", str(project.path), "add"]
    names = ("cache", "ingress", "worker")
    running = [subprocess.Popen([*words, name], stdout=subprocess.PIPE) for name in names]
    assert [process.wait() for process in running] == [0, 0, 0]
    assert len(project.subjects) == 4
    assert project.is_sound()


def test_who_does_not_get_the_turn_is_told(start: Start) -> None:
    project = start()
    repo = pygit2.Repository(str(project.path))
    before = everything(project.path)
    with journal.alone(repo):
        with pytest.raises(Refused, match="Another aegis"), journal.alone(repo, patience=0.1):
            pass
        project.aegis("status")
    assert everything(project.path) == before


# The disk and permissions.


@contextlib.contextmanager
def small_disk(size: str) -> Iterator[Path]:
    """A file system of some size; only root can have one."""
    place = Path(tempfile.mkdtemp())
    options = ["-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(place)]
    if not ROOT_USER or subprocess.run(["mount", *options], check=False).returncode:
        lack("cannot mount a file system")
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", place], check=True)
        place.rmdir()


def test_a_full_disk(start: Start) -> None:
    """A real one, with more and more space until the verb succeeds."""
    project = start("ingress")
    with small_disk("4m") as disk:
        shutil.copytree(project.path, disk / "my-api", symlinks=True)
        full = Project(disk / "my-api")
        full.git("status")
        before = everything(full.path, objects=False)
        refused = 0
        for free in range(0, 400, 12):
            ballast = disk / "ballast"
            ballast.unlink(missing_ok=True)
            with contextlib.suppress(OSError), ballast.open("wb", buffering=0) as out:
                while out.write(bytes(4096)):
                    pass
            os.truncate(ballast, max(0, ballast.stat().st_size - free * 1024))
            ran = run("-C", full.path, "add", "worker")
            if ran.code == 0:
                break
            refused += 1
            assert (ran.code, "nothing was changed" in ran.err) == (1, True), ran.err
            assert everything(full.path, objects=False) == before
        assert refused > 3
        assert full.subjects[0] == "Add worker"
        (disk / "ballast").unlink()
        assert full.is_sound()


def as_nobody(project: Project, *args: str) -> str:
    """Run a verb as a user who is not root; what it printed."""
    out = Path(tempfile.mkdtemp())
    out.chmod(0o777)
    run("-C", project.path, *args, "--dry-run")  # imports what nobody could not
    pid = os.fork()
    if not pid:
        code = 99
        with contextlib.suppress(BaseException):
            if ROOT_USER:
                os.setgroups([])
                os.setgid(NOBODY)
                os.setuid(NOBODY)
            for level in (ConfigLevel.SYSTEM, ConfigLevel.XDG, ConfigLevel.GLOBAL):
                pygit2.settings.search_path[level] = str(out)
            os.environ.update(HOME=str(out), XDG_CACHE_HOME=str(out), TMPDIR=str(out))
            os.environ["GIT_CONFIG_GLOBAL"] = os.devnull
            ran = run("-C", project.path, *args)
            (out / "said").write_text(ran.err)
            code = ran.code
        os._exit(code)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if code == 99:
        lack("this checkout is closed to other users")
    said = (out / "said").read_text()
    shutil.rmtree(out)
    assert code == 1, said
    return said


@pytest.fixture
def open_project(start: Start) -> Iterator[Project]:
    """A project where a user who is not root can get at it, and owns it."""
    place = Path(tempfile.mkdtemp())
    place.chmod(0o755)
    made = place / "my-api"
    shutil.copytree(start("ingress").path, made, symlinks=True)
    git(made, "status")
    if ROOT_USER:
        for path in (made, *made.rglob("*")):
            os.chown(path, NOBODY, NOBODY, follow_symlinks=False)
    with pytest.MonkeyPatch.context() as patch:
        configure_git(patch, "safe.directory", "*")
        yield Project(made)
    for path in (made, *made.rglob("*")):
        if path.is_dir():
            path.chmod(0o755)
    shutil.rmtree(place)


@pytest.mark.parametrize(
    "closed",
    [".", "app/components", "docs/components", ".git", ".git/objects", ".git/refs/heads"],
)
def test_a_directory_that_cannot_be_written(open_project: Project, closed: str) -> None:
    """Also where it is the last to be met: the old state, and its name."""
    project = open_project
    before = everything(project.path, objects=False)
    directory = project.path / closed
    directory.chmod(0o555)
    said = as_nobody(project, "add", "worker")
    directory.chmod(0o755)
    assert "ermission denied" in said or "insufficient permission" in said, said
    assert str(directory) in said
    assert everything(project.path, objects=False) == before
    assert not (project.path / ".git/index.lock").is_symlink()


def test_a_project_where_nothing_can_be_written(open_project: Project) -> None:
    """A dry run says so as well, and neither names a directory that nobody typed."""
    docs = open_project.path / "docs"
    docs.chmod(0o555)
    for options in ((), ("--dry-run",)):
        assert f"at {docs}\n" in as_nobody(open_project, "init", "docs/new", *options)


# Where a rename is not enough, and what git does with files.


def test_a_worktree_on_another_file_system(start: Start) -> None:
    project = start("ingress")
    with small_disk("8m") as disk:
        project.git("worktree", "add", "--quiet", "-b", "feature", str(disk / "linked"))
        linked = Project(disk / "linked")
        linked.aegis("add", "worker")
        assert linked.is_sound()
        killed(linked, "landing.land._refresh", "remove", "worker")
        linked.aegis("status")
        assert linked.is_sound()
        assert {path.name for path in disk.iterdir()} == {"linked"}


@pytest.mark.parametrize("required", ["true", "false"])
def test_filters_run_at_the_top_of_the_worktree(start: Start, required: str) -> None:
    """As a checkout runs them: a command may be a path in the project."""
    project = start("ingress")
    project.write(".gitattributes", "*.md filter=mark\ncompose.yaml filter=mark\n")
    project.write("bin/smudge", "#!/bin/sh\ncat\necho smudged\n")
    project.write("bin/clean", "#!/bin/sh\nexec sed '/^smudged$/d'\n")
    for name in ("smudge", "clean"):
        (project.path / "bin" / name).chmod(0o755)
        project.git("config", f"filter.mark.{name}", f"sleep 0.05; bin/{name}")  # as slow as some
    project.git("config", "filter.mark.required", required)
    project.commit()
    project.git("rm", "-r", "--quiet", "--cached", "*.md", "compose.yaml")
    project.git("reset", "--quiet", "--hard")
    for verb in ("add", "remove"):
        project.aegis(verb, "worker")
        text = project.git("show", "HEAD:compose.yaml")
        assert project.read("compose.yaml") == f"{text}\nsmudged\n"
        assert project.is_sound()
