"""A hermetic git, the `aegis` command in process, and projects to try it on."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import pygit2
import pytest
import uv
from hypothesis import HealthCheck, settings
from jsonschema import Draft202012Validator
from pygit2.enums import ConfigLevel

from aegis_patch.objects.scratch import scratch
from aegis_patch.stack.release import Upstream
from aegis_patch.terminal import cli
from aegis_patch.upstream import releases
from tests.keeper import pytest_configure

__all__ = ["pytest_configure"]

ROOT = Path(__file__).parent.parent
OLDER, *_, NEWEST = releases.versions()
"""The releases over which a rebase is tried: the farthest. Another difference: `fork`."""
FULL = bool(os.environ.get("AEGIS_FULL"))
"""Whether samples are large: `scripts/test --full`."""
AEGIS = (sys.executable, "-m", "aegis_patch")
"""The command in a process of its own; `run` has it in this one."""
DATE = "2026-01-02T03:04:05+00:00"
ME = {
    f"GIT_{who}_{what}": value
    for who in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "Uma User"), ("EMAIL", "uma@example.org"), ("DATE", DATE))
}


# A machine that is busy is slow, and finds nothing by it.
PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("patient", PATIENT)
settings.load_profile("patient")


@pytest.fixture(scope="session", autouse=True)
def hermetic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No user's or system's git configuration, fixed dates, a home and a cache of our own."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell may run us with it ignored
    home = tmp_path_factory.mktemp("home")
    uv_cache = os.environ.get("UV_CACHE_DIR", str(Path.home() / ".cache" / "uv"))
    config = home / ".gitconfig"
    config.write_text("[user]\n\tname = Uma User\n\temail = uma@example.org\n")
    variables = {
        **ME,
        "HOME": str(home),
        "XDG_CACHE_HOME": str(home / ".cache"),
        "XDG_CONFIG_HOME": str(home / ".config"),
        "UV_CACHE_DIR": uv_cache,
        "GIT_CONFIG_GLOBAL": str(config),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_EDITOR": "true",
        "COLUMNS": "120",
        "NO_COLOR": "1",
        "TERM": "dumb",
    }
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("GIT_")]:
            patch.delenv(name)
        patch.delenv("PYTHONUNBUFFERED", raising=False)  # what nobody flushes would be seen
        for name, value in variables.items():
            patch.setenv(name, value)
        for level in (ConfigLevel.SYSTEM, ConfigLevel.XDG, ConfigLevel.GLOBAL):
            pygit2.settings.search_path[level] = str(home)
        yield


def lack(reason: str) -> NoReturn:
    """Skip a test for want of something; under CI nothing may be missing."""
    (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)


def needs(program: str) -> None:
    """Skip a test where a program is missing."""
    if shutil.which(program) is None:
        lack(f"{program} is not installed")


SCHEMA = Draft202012Validator(
    json.loads((ROOT / "aegis_patch/terminal/output.schema.json").read_text())
)


@dataclass(frozen=True, slots=True)
class Ran:
    """What a run of `aegis` left: its exit code, and what it printed."""

    code: int
    out: str
    err: str

    @property
    def next(self) -> str:
        """What it said to type, as it refused."""
        return self.err.partition(" next ")[2].strip()

    @property
    def json(self) -> Any:
        """The one object on standard output, which is what the shipped schema says."""
        found = json.loads(self.out)
        SCHEMA.validate(found)
        return found


def run(*args: str | Path) -> Ran:
    """Run the command in this process."""
    out, err = io.StringIO(), io.StringIO()
    with (
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
        pytest.raises(SystemExit) as left,
    ):
        cli.main([str(arg) for arg in args])
    return Ran(int(left.value.code or 0), out.getvalue(), err.getvalue())


def git(directory: Path, *args: str, check: bool = True) -> str:
    """Run git; what it printed, without the last newline."""
    done = subprocess.run(
        ["git", *args], cwd=directory, capture_output=True, text=True, check=False
    )
    if check and done.returncode:
        raise AssertionError(f"git {' '.join(args)}: {done.stderr}{done.stdout}")
    return done.stdout.strip("\n")


@dataclass(frozen=True, slots=True)
class Project:
    """A project on disk, with the verbs of `aegis` and of its user."""

    path: Path

    def aegis(self, *args: str, code: int = 0) -> Ran:
        """Run a verb in it, which has to end with `code`."""
        with contextlib.chdir(self.path):
            ran = run(*args)
        assert ran.code == code, f"aegis {args} ended with {ran.code}\n{ran.out}\n{ran.err}"
        return ran

    def git(self, *args: str, check: bool = True) -> str:
        return git(self.path, *args, check=check)

    def read(self, path: str) -> str:
        return (self.path / path).read_bytes().decode()

    def write(self, path: str, text: str) -> None:
        file = self.path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text.encode())

    def paste(self, command: str) -> str:
        """Give a shell what aegis said to type; what that printed."""
        env = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
        done = subprocess.run(
            command, shell=True, cwd=self.path, env=env, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def edit(self, path: str, old: str, new: str) -> None:
        """Replace the one occurrence of `old` in a file."""
        text = self.read(path)
        assert text.count(old) == 1, f"{path} has {text.count(old)} times {old!r}"
        self.write(path, text.replace(old, new))

    def describe(self, component: str) -> None:
        """Fill in what `series new` leaves to a person."""
        about = f"patches/{component}/component.toml"
        self.edit(about, "One sentence that says what it is for.", "It is for all.")
        self.edit(about, "what it is built on", "Python")

    def commit(self, message: str = "Work") -> str:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", message)
        return self.head

    def add_submodule(self, library: Project, path: str) -> None:
        """Have another repository at a path, not committed yet."""
        allowed = ("-c", "protocol.file.allow=always")
        self.git(*allowed, "submodule", "--quiet", "add", str(library.path), path)

    def collide(self) -> None:
        """Commit another port to compose.yaml, in a line that `add ingress` takes away."""
        self.edit("compose.yaml", "${PORT:-8000}:8000", "9000:8000")
        self.commit("Mine")

    @property
    def head(self) -> str:
        return self.git("rev-parse", "HEAD")

    @property
    def tree(self) -> str:
        return self.git("rev-parse", "HEAD^{tree}")

    @property
    def subjects(self) -> list[str]:
        """The subjects of all commits, newest first."""
        return self.git("log", "--format=%s").splitlines()

    def is_sound(self) -> bool:
        """Nothing uncommitted, and nothing for `git fsck` to complain of."""
        self.git("fsck", "--strict", "--no-dangling")
        return not self.git("status", "--porcelain")


def everything(path: Path, *, objects: bool = True) -> dict[str, bytes]:
    """Every file below a path, HEAD, what is staged, and how many objects git has."""
    found = {}
    for file in sorted(path.rglob("*")):
        name = file.relative_to(path).as_posix()
        if file.is_file() and not name.startswith(".git/"):
            found[name] = file.read_bytes()
    if (path / ".git").exists():
        found[".git HEAD"] = git(path, "rev-parse", "HEAD").encode()
        found[".git staged"] = git(path, "diff", "--cached").encode()
        found[".git objects"] = git(path, "count-objects").encode() if objects else b""
    return found


def configure_git(patch: pytest.MonkeyPatch, name: str, value: str) -> None:
    """A setting of the user's for every git and every repository."""
    for key, word in (("COUNT", "1"), ("KEY_0", name), ("VALUE_0", value)):
        patch.setenv(f"GIT_CONFIG_{key}", word)


def forget_the_user(patch: pytest.MonkeyPatch) -> None:
    """No name and no address: neither in the environment nor in git's settings, nor guessed."""
    for who in ("AUTHOR", "COMMITTER"):
        for what in ("NAME", "EMAIL", "DATE"):
            patch.delenv(f"GIT_{who}_{what}")
    patch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    configure_git(patch, "user.useConfigOnly", "true")


Start = Callable[..., Project]


@pytest.fixture(scope="session")
def templates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `start` and `fork` have made once, and copy from then on."""
    return tmp_path_factory.mktemp("templates")


def copied(template: Path, path: Path) -> Project:
    """A repository elsewhere, whose files git knows as if it had written them there."""
    shutil.copytree(template, path, symlinks=True)
    git(path, "update-index", "-q", "--refresh")
    return Project(path)


def begun(path: Path, *args: str) -> Project:
    """A new project at a path."""
    ran = run("init", path, "--no-interactive", *args)
    assert ran.code == 0, ran.err
    return Project(path)


@pytest.fixture
def start(tmp_path: Path, templates: Path) -> Start:
    """Make a project: `start("worker", "cache", version=OLDER)`."""

    def begin(
        *components: str,
        version: str | None = None,
        name: str = "my-api",
        upstream: Project | None = None,
    ) -> Project:
        args = ["--components", ",".join(components)] if components else []
        args += ["--upstream-version", version] if version else []
        if upstream:
            return begun(tmp_path / name, *args, "--upstream", str(upstream.path))
        settings = sorted(each for each in os.environ.items() if each[0].startswith("GIT_"))
        key = hashlib.sha256(repr((args, settings)).encode()).hexdigest()
        template = templates / key / Path(name).name
        if not template.exists():
            begun(template, *args)
        return copied(template, tmp_path / name)

    return begin


@pytest.fixture
def fork(tmp_path: Path, templates: Path) -> Project:
    """An upstream whose release 1.0 is HEAD's base/ and patches/; a test makes others from it."""
    made = Project(templates / "fork")
    if not made.path.exists():
        made.path.mkdir()
        made.git("init", "--quiet")
        archive = subprocess.run(
            ["git", "archive", "HEAD", "base", "patches"], cwd=ROOT, capture_output=True, check=True
        )
        subprocess.run(["tar", "x"], cwd=made.path, input=archive.stdout, check=True)
        made.commit("As it is")
        made.git("tag", "v1.0")
        made.git("repack", "-adq")  # or each mirror of it would take a second
    return copied(made.path, tmp_path / "fork")


@pytest.fixture
def own(tmp_path: Path) -> Project:
    """A small upstream, as `aegis upstream new` makes it."""
    made = Project(tmp_path / "own")
    assert run("upstream", "new", made.path).code == 0
    made.commit("Start")
    return made


@pytest.fixture
def grown(fork: Project) -> Project:
    """An upstream whose release 0.9 lacks the scheduler and postgres that 1.0 has."""
    fork.git("rm", "-q", "patches/*scheduler*/*", "patches/*postgres*/*")
    fork.commit("As it was once")
    fork.git("tag", "v0.9")
    return fork


@pytest.fixture(scope="session")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python in which generated projects run."""
    from tests import stacks

    return stacks.python(tmp_path_factory.mktemp("stacks"))


@pytest.fixture
def with_uv(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """uv on the PATH, as a user has it."""
    directory = tmp_path / "bin"
    directory.mkdir()
    (directory / "uv").symlink_to(uv.find_uv_bin())
    monkeypatch.setenv("PATH", str(directory), prepend=":")


@pytest.fixture(scope="module")
def store() -> Iterator[pygit2.Repository]:
    """A scratch store that sees our releases; git itself does not see them in it."""
    with scratch(releases.alternates()) as made:
        yield made


@pytest.fixture
def small() -> Iterator[pygit2.Repository]:
    """A scratch store that sees nothing but itself."""
    with scratch(()) as made:
        yield made


@pytest.fixture(scope="module")
def head(store: pygit2.Repository) -> Upstream:
    """What HEAD of this checkout holds."""
    return releases.open_release(store, releases.BUNDLED, releases.WORK)


def both_add(start: Start) -> Project:
    """A project whose branches each added a component, so that git's merge of them stops."""
    project = start()
    project.git("branch", "other")
    project.aegis("add", "worker")
    project.git("switch", "--quiet", "other")
    project.aegis("add", "ingress")
    project.git("merge", "main", check=False)
    return project
