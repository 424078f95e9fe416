"""Law 7 under fire: run a verb in a forked process, and let it fail at the n-th effect on disk.

`tests/landing/fault.c` is preloaded into this process and into each git: it counts what they change
below the project (files made, written, renamed, linked, removed …), and kills at the n-th of these,
or makes it fail. `scripts/kill` and `tests/landing/test_kill.py` run `fire` in a process that was
started with it (`started_with`).
"""

from __future__ import annotations

import ctypes
import mmap
import os
import random
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from aegis_patch.landing import locks
from tests import stacks
from tests.conftest import ME, OLDER, Project, git, run

SOURCE = Path(__file__).with_name("fault.c")
KILLS = ("kill", "leader", "git")
ERRORS = ("full", "denied", "once")
MODES = (*KILLS, *ERRORS)  # as fault.c counts them, from 1
MINE = {"notes.md": "mine\n", "app/mine/plan.txt": "untracked\n"}


class Page(ctypes.Structure):
    """What we share with `fault.c`."""

    _fields_ = (
        ("leader", ctypes.c_long),
        ("mode", ctypes.c_long),
        ("at", ctypes.c_long),
        ("count", ctypes.c_long),
        ("root", ctypes.c_char * 1024),
        ("what", ctypes.c_char * 1024),
    )


@dataclass(frozen=True, slots=True)
class Case:
    """A verb on a project: how to prepare it, what to type, and the exit code."""

    title: str
    prepare: Callable[[Path], Path]
    args: tuple[str, ...]
    code: int = 0


@dataclass(frozen=True, slots=True)
class Shot:
    """A fault, and what was found after it: "old", "new" or "between", then "old" or "new"."""

    case: str
    mode: str
    what: str
    plain: str
    next: str


@dataclass(frozen=True, slots=True)
class State:
    """A project as its user and git see it."""

    git: tuple[str, ...]
    files: Mapping[str, tuple[int, bytes]]


@dataclass
class Range:
    """Where a case is shot at: its project as it was, and both states that are allowed."""

    case: Case
    place: Path
    template: Path
    project: Path
    old: State
    new: State
    effects: int = 0
    shots: list[Shot] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)


def started_with(directory: Path) -> dict[str, str]:
    """The environment for a process that `fire` can run in; needs a C compiler."""
    library = directory / "fault.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", library, SOURCE, "-ldl"], check=True)
    page = directory / "page"
    page.write_bytes(bytes(ctypes.sizeof(Page)))
    return {**os.environ, "LD_PRELOAD": str(library), "AEGIS_FAULT": str(page)}


def hermetic(home: Path) -> dict[str, str]:
    """No user's configuration and fixed dates, so that a verb makes the same commits again."""
    config = home / ".gitconfig"
    config.write_text("[user]\n\tname = Uma User\n\temail = uma@example.org\n[gc]\n\tauto = 0\n")
    (home / "tmp").mkdir()
    names = {"HOME": home, "XDG_CACHE_HOME": home / "cache", "TMPDIR": home / "tmp"}
    texts = {"GIT_CONFIG_GLOBAL": str(config), "GIT_CONFIG_NOSYSTEM": "1", "TERM": "dumb"}
    return {**ME, **{name: str(path) for name, path in names.items()}, **texts}


def fire(place: Path, case: Case, modes: tuple[str, ...], shots: int, seed: int) -> Range:
    """Shoot at a case so many times, spread over all its effects and the modes."""
    locks.PATIENCE = 3600  # a git that outlives its aegis may stand still on a busy machine
    aimed = take_aim(place, case)
    for mode, at in targets(aimed.effects, modes, shots, f"{seed} {case.title}"):
        try:
            aimed.shots.append(shoot(aimed, mode, at))
        except AssertionError as error:
            what = page().what.decode()
            aimed.failed.append(f"{case.title}, {mode} at {at} ({what}): {error}")
    return aimed


def targets(
    effects: int, modes: tuple[str, ...], shots: int, seed: str
) -> Iterator[tuple[str, int]]:
    """So many of all pairs of a mode and an effect, evenly over both."""
    every = [(mode, at) for at in range(1, effects + 1) for mode in modes]
    random.Random(seed).shuffle(every)
    rounds, rest = divmod(shots, len(every))
    yield from every * rounds
    yield from every[:rest]


def take_aim(place: Path, case: Case) -> Range:
    """Prepare the case, run it once in peace, and count its effects."""
    template, there = place / "template", place / "there"
    project = case.prepare(there)
    shutil.copytree(there, template, symlinks=True)
    old = state(there, project)
    pid = start(case, there, project, "kill", 0, place / "said")
    assert ended(pid) == case.code, (place / "said").read_text()
    effects = page().count
    return Range(case, place, template, project, old, state(there, project), effects)


def shoot(aimed: Range, mode: str, at: int) -> Shot:
    """One fault, and a look at what it left: with plain git, then through the next command."""
    there, project, case = aimed.place / "there", aimed.project, aimed.case
    restore(aimed.template, there)
    said = aimed.place / "said"
    code = ended(start(case, there, project, mode, at, said))
    assert code in (-9, 0, 1, case.code), said.read_text()
    assert "Traceback" not in said.read_text(), said.read_text()
    plain = "under way"
    if mode != "leader":  # there, git may still be at work
        plain = name_of(aimed, state(there, project))
        check_files(aimed)
    elif (project / ".git").exists():
        wait(Path(git(project, "rev-parse", "--absolute-git-dir")))
    if (
        mode in ("full", "once") and "half written" not in said.read_text()
    ):  # decided: finished next
        assert plain == ("old" if code == 1 else "new"), f"{plain}, code {code}: {said.read_text()}"
    is_init = case.args[0] == "init"
    typed = ["init", *(word.format(project=project) for word in case.args[1:])]
    ran = run(*(typed if is_init else ["-C", project, "status"]))
    found = name_of(aimed, state(there, project))
    left = difference(aimed, state(there, project))
    assert found == "new" if is_init else found != "between", f"{plain}, then {ran}\n{left}"
    check_rest(there)
    if found == "old" and at % 5 == 0:
        assert ended(start(case, there, project, "kill", 0, said)) == case.code, said.read_text()
        left = difference(aimed, state(there, project))
        assert name_of(aimed, state(there, project)) == "new", left
    return Shot(case.title, mode, page().what.decode(), plain, found)


def start(case: Case, there: Path, project: Path, mode: str, at: int, said: Path) -> int:
    """Fork a process that runs the verb and meets a fault; its id."""
    shared = page()
    args = [word.format(project=project) for word in case.args]
    pid = os.fork()
    if pid:
        return pid
    try:
        out = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(out, 1)
        os.dup2(out, 2)
        shared.root, shared.what = str(there).encode(), b""
        shared.mode, shared.at, shared.count = MODES.index(mode) + 1, at, 0
        shared.leader = os.getpid()
        ran = run(*(["-C", project, *args] if args[0] != "init" else args))
        shared.leader = 0
        os.write(2, (ran.out + ran.err).encode())
        os._exit(ran.code)
    except BaseException as error:
        shared.leader = 0
        os.write(2, f"Traceback {error!r}".encode())
        os._exit(99)


def ended(pid: int) -> int:
    """Wait for a process; its exit code, or the negative signal."""
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    page().leader = 0
    return code


def wait(git_dir: Path) -> None:
    """Until git has staged what an aegis that was killed had wanted; while it moves files, the
    next command waits by itself.
    """
    while not (git_dir / "aegis/journal").exists() and not locks.is_free(git_dir):
        time.sleep(0.01)


def page() -> Page:
    """The page that is shared with `fault.c`."""
    if not _PAGES:
        with Path(os.environ["AEGIS_FAULT"]).open("r+b") as file:
            _PAGES.append(Page.from_buffer(mmap.mmap(file.fileno(), ctypes.sizeof(Page))))
    return _PAGES[0]


_PAGES: list[Page] = []


def restore(template: Path, there: Path) -> None:
    """Put the project back as it was before the verb."""
    shutil.rmtree(there, ignore_errors=True)
    shutil.copytree(template, there, symlinks=True)
    for left in Path(os.environ["TMPDIR"]).iterdir():
        shutil.rmtree(left, ignore_errors=True)  # a killed process's scratch store


def state(there: Path, project: Path) -> State:
    """What git says, and every file with its mode."""
    words = (
        ("symbolic-ref", "-q", "HEAD"),
        ("rev-parse", "-q", "--verify", "HEAD"),
        ("rev-parse", "-q", "--verify", "CHERRY_PICK_HEAD"),
        ("ls-files", "--stage", ":/"),
        ("status", "--porcelain"),
    )
    has_git = (project / ".git").exists()
    said = tuple(git(project, *each, check=False) for each in words if has_git)
    files = {}
    for base, directories, names in os.walk(there):
        if ".git" in directories:
            directories.remove(".git")
        for name in names:
            file = Path(base, name)
            if name != ".git":
                files[file.relative_to(there).as_posix()] = (file.stat().st_mode, file.read_bytes())
    return State(said, files)


def name_of(aimed: Range, found: State) -> str:
    """Which of the two allowed states this is."""
    return "old" if found == aimed.old else "new" if found == aimed.new else "between"


def difference(aimed: Range, found: State) -> str:
    """How a state differs from the old one and from the new one."""
    lines = []
    for title, wanted in (("old", aimed.old), ("new", aimed.new)):
        lines += [
            f"{title}: {a!r} != {b!r}"
            for a, b in zip(wanted.git, found.git, strict=False)
            if a != b
        ]
        every = wanted.files.keys() | found.files.keys()
        lines += [
            f"{title}: {p}" for p in sorted(every) if wanted.files.get(p) != found.files.get(p)
        ]
    return "\n".join(lines)


def check_files(aimed: Range) -> None:
    """At once after a kill: every file is the old or the new one, or is safe in HEAD."""
    found = state(aimed.place / "there", aimed.project).files
    for path, was in aimed.old.files.items():
        if path in found:
            assert found[path] in (was, aimed.new.files.get(path)), f"{path} is neither old nor new"
        else:
            assert path not in MINE, f"{path} is gone"
            assert path not in aimed.new.files or aimed.new.files[path] != was, f"{path} is gone"
    for path in found.keys() - aimed.old.files.keys():
        if ".aegis-" not in path:
            assert found[path] == aimed.new.files.get(path), f"{path} is new, and not whole"


def check_rest(there: Path) -> None:
    """The repository is whole, and nothing of ours is left in it."""
    for dot_git in there.rglob(".git"):
        if any(part.count(".aegis-") for part in dot_git.parts):
            continue
        git(dot_git.parent, "fsck", "--strict", "--no-dangling", "--no-progress")
    left = [path for path in there.rglob("*.lock") if ".git" in path.parts]
    left += [path for path in there.rglob("aegis") if ".git" in path.parts]
    assert not left, left


# The cases.


def at(release: str | None, *components: str) -> Callable[[Path], Path]:
    """A project of some release, with work of the user's in every stage."""

    def prepare(place: Path) -> Path:
        project = begin(place, release, *components)
        project.write("staged.txt", "staged\n")
        project.git("add", "staged.txt")
        return project.path

    return prepare


def colliding(*components: str) -> Callable[[Path], Path]:
    """A project in which adding the ingress conflicts."""

    def prepare(place: Path) -> Path:
        project = begin(place, None, *components)
        project.collide()
        return project.path

    return prepare


def begin(place: Path, release: str | None, *components: str) -> Project:
    """A project with committed, unstaged and untracked work of the user's."""
    project = stacks.make(place / "my-api", *components, version=release)
    project.write("notes.md", "committed\n")
    project.commit("Mine")
    for path, text in MINE.items():
        project.write(path, text)
    return project


def signing(place: Path) -> Path:
    """A project whose commits are signed."""
    project = begin(place, None, "ingress")
    key = place / "key"
    words = ("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "uma", "-f", str(key))
    subprocess.run(words, check=True)
    settings = {"gpg.format": "ssh", "user.signingKey": f"{key}.pub", "commit.gpgSign": "true"}
    for name, value in settings.items():
        project.git("config", name, value)
    return project.path


def filtered(place: Path) -> Path:
    """A project whose Markdown passes a filter, and whose YAML has the line ends of Windows."""
    project = begin(place, None, "ingress")
    project.git("config", "filter.same.smudge", "cat")
    project.git("config", "filter.same.clean", "cat")
    project.write(".gitattributes", "*.md filter=same\n*.yaml text eol=crlf\n")
    project.git("add", ".gitattributes")
    project.git("commit", "--quiet", "--message", "Attributes", "--", ".gitattributes")
    project.git("checkout-index", "--all", "--force")
    for path, text in MINE.items():
        project.write(path, text)
    return project.path


def upstream_conflict(place: Path) -> Path:
    """A project in which moving to the newest release conflicts."""
    project = begin(place, OLDER, "worker")
    changed = git_changed(project)
    text = project.read(changed)
    project.write(changed, "".join(f"{line} mine\n" for line in text.splitlines()))
    project.git("add", changed)
    project.git("commit", "--quiet", "--message", "Every line", "--", changed)
    return project.path


def git_changed(project: Project) -> str:
    """A file of text that the newest release changes."""
    ran = run("-C", project.path, "rebase-upstream", "--dry-run", "--json")
    (commit,) = ran.json["commits"]
    paths = [file["path"] for file in commit["files"] if file["change"] == "modified"]
    return next(str(path) for path in paths if path.endswith((".md", ".yaml", ".txt")))


def linked(place: Path) -> Path:
    """A linked worktree of a project."""
    project = begin(place, None, "ingress")
    project.git("worktree", "add", "--quiet", "-b", "feature", str(place / "linked"))
    return place / "linked"


def outer(place: Path) -> Path:
    """A repository in which a project is going to be a subdirectory."""
    project = Project(place / "mono")
    project.path.mkdir(parents=True)
    project.git("init", "--quiet", "-b", "main")
    project.write("README.md", "outer\n")
    project.commit("Outer")
    project.write("README.md", "unstaged\n")
    return project.path


def empty(place: Path) -> Path:
    """A directory that exists."""
    (place / "new").mkdir(parents=True)
    return place / "new"


def nothing(place: Path) -> Path:
    """A place where nothing is."""
    place.mkdir(parents=True)
    return place / "new"


def cases() -> list[Case]:
    """Every verb that lands, clean and in conflict."""
    return [
        Case("add", at(None, "ingress"), ("add", "worker")),
        Case("add two", at(None), ("add", "cache", "ingress")),
        Case("add, conflict", colliding("worker"), ("add", "ingress"), 3),
        Case("add two, conflict", colliding(), ("add", "cache", "ingress"), 3),
        Case("remove", at(None, "ingress", "worker"), ("remove", "worker")),
        Case("rebase-upstream", at(OLDER, "ingress", "worker"), ("rebase-upstream",)),
        Case("rebase-upstream, conflict", upstream_conflict, ("rebase-upstream",), 3),
        Case("add, signed", signing, ("add", "worker")),
        Case("add, filters", filtered, ("add", "worker")),
        Case("answers", at(None, "ingress", "worker"), ("answers", "project_name=Other")),
        Case("add in a linked worktree", linked, ("add", "worker")),
        Case("init", nothing, ("init", "{project}", "-y", "--components", "cache")),
        Case("init, empty directory", empty, ("init", "{project}", "-y")),
        Case("init, subdirectory", outer, ("init", "{project}/api", "-y")),
    ]
