"""Generated projects, and the one Python environment in which all of them run."""

from __future__ import annotations

import fcntl
import hashlib
import itertools
import os
import random
import subprocess
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

import uv

from aegis_patch.objects.scratch import scratch
from aegis_patch.stack import component, requirements
from aegis_patch.stack.component import Component
from aegis_patch.upstream import releases
from tests.conftest import OLDER, ROOT, Project, begun

ENVIRONMENT = ROOT / ".venv-stack"
Names = tuple[str, ...]
"""What somebody asks for; its requirements and integrations are added."""


def catalogue(version: str | None = None) -> dict[str, Component]:
    """The components of a release, by name."""
    with scratch(releases.alternates()) as store:
        opened = releases.open_release(store, releases.BUNDLED, version or releases.latest())
        return dict(opened.catalogue)


def sampled(count: int) -> list[Names]:
    """So many sets that a project can have, the same in each run."""
    chance, named = random.Random(0), everything()
    return [tuple(chance.sample(named, chance.randint(0, len(named)))) for _ in range(count)]


def covering(size: int = 6) -> list[Names]:
    """Few sets, of `size` names and what they require, in which each two components meet."""
    known, named = catalogue(), everything()

    def meet(names: Iterable[str]) -> set[tuple[str, str]]:
        there = requirements.closure(known, names) & {*named}
        return {*itertools.combinations(sorted(there), 2)}

    def gained(names: Names) -> int:
        return len(left & meet(names))

    left, found = {*itertools.combinations(named, 2)}, list[Names]()
    while left:
        names: Names = min(left)
        while len(names) < size:
            names = max(((*names, name) for name in named if name not in names), key=gained)
        left -= meet(names)
        found.append(tuple(sorted(names)))
    return found


def everything(version: str | None = None) -> Names:
    """All that a project of a release can have."""
    known = catalogue(version)
    return tuple(sorted(name for name in known if component.is_chosen(known[name])))


def label(names: Names) -> str:
    """What a combination is called among tests."""
    return "+".join(names) or "core"


def make(path: Path, *components: str, version: str | None = None) -> Project:
    """A new project at a path."""
    of = ["--upstream-version", version] if version else []
    return begun(path, "--components", ",".join(components), *of)


def python(scratch: Path) -> Path:
    """The Python with all that a project of every component needs; made once, then kept."""
    pyproject = make(scratch / "everything", *everything()).path / "pyproject.toml"
    # What the newer one needs no more.
    older = make(scratch / "older", *everything(OLDER), version=OLDER).path / "pyproject.toml"
    wanted = hashlib.sha256(pyproject.read_bytes() + older.read_bytes()).hexdigest()
    made = ENVIRONMENT / "made-for"
    with Path(f"{ENVIRONMENT}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists() or made.read_text() != wanted:
            uv_bin = uv.find_uv_bin()
            subprocess.run([uv_bin, "venv", "--quiet", "--clear", ENVIRONMENT], check=True)
            install = [uv_bin, "pip", "install", "--quiet", "--compile-bytecode"]
            install += ["--python", str(ENVIRONMENT / "bin/python"), "-r", str(older)]
            install += ["-r", str(pyproject), "--group", f"{pyproject}:dev", "python-slugify"]
            subprocess.run(install, check=True)
            made.write_text(wanted)
    return ENVIRONMENT / "bin/python"


def processes_in(project: Project) -> list[str]:
    """What still runs with its working directory or data in a project, where /proc tells."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            place = (process / "cwd").readlink()
        except OSError:
            continue
        if place.is_relative_to(project.path) or str(project.path) in command:
            found.append(command)
    return found


def mypy_cache() -> str:
    """What mypy knows already of the packages that all projects share."""
    return str(ENVIRONMENT / "mypy" / os.environ.get("PYTEST_XDIST_WORKER", "alone"))


def own_tests(project: Project, interpreter: Path, *args: str) -> str:
    """Run a project's own test suite, which has to pass; what it printed."""
    # In a folder of its own: pytest closes the one that is there to other users, and with it the
    # databases that a test beside this one runs as another user.
    with tempfile.TemporaryDirectory(dir=os.environ.get("PYTEST_DEBUG_TEMPROOT")) as folder:
        env = {"PYTEST_DEBUG_TEMPROOT": folder}
        suite = ("pytest", "-q", "-p", "no:cacheprovider", *args)
        return tool(project, interpreter, *suite, env=env)


def tool(
    project: Project, interpreter: Path, *args: str, env: Mapping[str, str] | None = None
) -> str:
    """Run a tool of the shared environment in a project; it has to succeed."""
    path = f"{interpreter.parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        [str(interpreter), "-m", *args],
        cwd=project.path,
        env={**os.environ, "PATH": path, "PYTHONDONTWRITEBYTECODE": "1", **(env or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{' '.join(args)}\n{done.stdout}\n{done.stderr}"
    return done.stdout
