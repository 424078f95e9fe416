"""scripts/benchmark [ROUNDS]: measure whole processes; rewrite the table in docs/performance.md.

Every round runs every command once, so that a busy moment of the machine meets all of them alike;
the table shows the medians. What a command needs (a fresh copy of a project, an empty place) is
prepared outside the time that is taken.
"""

from __future__ import annotations

import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import pygit2

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT))

from aegis_patch.landing import land
from aegis_patch.objects.scratch import scratch
from aegis_patch.stack import pristine, requirements
from aegis_patch.upstream import releases
from tests.conftest import NEWEST, OLDER

PAGE = ROOT / "docs" / "performance.md"
START, END = "<!-- measured: scripts/benchmark -->\n", "<!-- end of what was measured -->\n"
LEAST = 9
OWN = ROOT / ".venv" / "bin" / "python"
PYTHON = str(OWN if OWN.exists() else sys.executable)
AEGIS = (PYTHON, "-m", "aegis_patch")


@dataclass(frozen=True, slots=True)
class Case:
    """A row of the table: what runs, where, and what has to be prepared."""

    title: str
    args: tuple[str, ...]
    project: Path | None = None  # copied afresh for every run
    made: Path | None = None  # taken away before every run


def main() -> None:
    """Measure, and write the table."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 11
    if rounds < LEAST:
        sys.exit(f"{LEAST} rounds at least")
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    compile_bytecode()
    with tempfile.TemporaryDirectory(prefix="aegis-benchmark-") as directory:
        scratch = Path(directory)
        os.environ.update(environment(scratch))
        cases = all_cases(scratch)
        for case in cases:
            measure(case, scratch)  # fills the caches
        taken: dict[str, list[float]] = {case.title: [] for case in cases}
        for _ in range(rounds):
            for case in cases:
                taken[case.title].append(measure(case, scratch))
    shown = table({title: statistics.median(times) for title, times in taken.items()}, rounds)
    print(shown, end="")
    before, _, rest = PAGE.read_text().partition(START)
    PAGE.write_text(before + START + shown + END + rest.partition(END)[2])


def all_cases(scratch: Path) -> list[Case]:
    """The rows, with the projects that they start from."""
    core, worker, old = scratch / "core", scratch / "worker", scratch / "old"
    both = ("--components", "ingress,worker")
    run(*AEGIS, "init", str(core), "-y")
    run(*AEGIS, "init", str(worker), "-y", "--components", "worker")
    run(*AEGIS, "init", str(old), "-y", *both, "--upstream-version", OLDER)
    for_am = scratch / "for-am"
    shutil.copytree(core, for_am, symlinks=True)
    names, mails = series(scratch / "series", for_am)
    new = scratch / "new"
    return [
        Case("`python -c pass`", (PYTHON, "-c", "pass")),
        Case("`aegis --help`", (*AEGIS, "--help")),
        Case("`aegis status`", (*AEGIS, "status"), worker),
        Case(
            "`aegis init --components ingress`",
            (*AEGIS, "init", str(new), "-y", "--components", "ingress"),
            made=new,
        ),
        Case("`aegis add worker` (core)", (*AEGIS, "add", "worker"), core),
        Case(f"`git am -3` of its series ({names})", ("git", "am", "-q", "-3", *mails), for_am),
        Case("`aegis remove worker` (core)", (*AEGIS, "remove", "worker"), worker),
        Case(f"`aegis rebase-upstream`, {OLDER} to {NEWEST}", (*AEGIS, "rebase-upstream"), old),
    ]


def series(directory: Path, project: Path) -> tuple[str, tuple[str, ...]]:
    """The patches that `aegis add worker` brings to a core project: names, and files.

    The blobs that they were written against go into the project, for `git am -3` to fall back on.
    """
    directory.mkdir()
    with scratch(releases.alternates()) as store:
        opened = releases.open_release(store, releases.BUNDLED, releases.latest())
        known = opened.catalogue
        come = requirements.order(known, requirements.closure(known, ["worker"]))
        repo = pygit2.Repository(str(project))
        mails: list[str] = []
        for name in come:
            land.copy(repo, pristine.before(opened, name), None)
            land.copy(repo, pristine.after(opened, name), None)
            for patch, mail in known[name].series:
                file = directory / f"{len(mails):03}-{patch}"
                file.write_bytes(mail)
                mails.append(str(file))
        return ", ".join(come), tuple(mails)


def measure(case: Case, scratch: Path) -> float:
    """One run of one command, in seconds."""
    where = scratch
    if case.project:
        where = scratch / "here"
        shutil.rmtree(where, ignore_errors=True)
        shutil.copytree(case.project, where, symlinks=True)
        run("git", "status", "--short", cwd=where)  # the copies' times into the index
    if case.made:
        shutil.rmtree(case.made, ignore_errors=True)
    began = time.perf_counter()
    run(*case.args, cwd=where)
    return time.perf_counter() - began


def run(*args: str, cwd: Path | None = None) -> None:
    """Run a command, which has to succeed."""
    done = subprocess.run(
        args, cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(f"{' '.join(args)} ended with {done.returncode}\n{done.stdout}{done.stderr}")


def table(medians: dict[str, float], rounds: int) -> str:
    """The medians, and what each is to a bare Python."""
    bare = next(iter(medians.values()))
    lines = ["| command | median | to bare Python |", "|---|---:|---:|"]
    lines += [
        f"| {title} | {median:.3f} s | {median / bare:.1f} × |" for title, median in medians.items()
    ]
    version = platform.python_version()
    machine = f"{os.cpu_count()} cores, CPython {version}, medians of {rounds} rounds."
    return "\n".join(lines) + f"\n\n{machine}\n"


def compile_bytecode() -> None:
    """Compile aegis and what it imports, as an installer does."""
    code = "import sysconfig; print(sysconfig.get_path('purelib'))"
    packages = subprocess.run([PYTHON, "-c", code], capture_output=True, text=True, check=True)
    for place in (str(ROOT / "aegis_patch"), packages.stdout.strip()):
        subprocess.run([PYTHON, "-m", "compileall", "-qq", place], check=False)


def environment(scratch: Path) -> dict[str, str]:
    """A git and a cache of our own."""
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        del os.environ[name]
    config = scratch / ".gitconfig"
    config.write_text("[user]\n\tname = Uma User\n\temail = uma@example.org\n")
    return {
        "PYTHONPATH": str(ROOT),
        "HOME": str(scratch),
        "XDG_CACHE_HOME": str(scratch / ".cache"),
        "GIT_CONFIG_GLOBAL": str(config),
        "GIT_CONFIG_NOSYSTEM": "1",
        "LC_ALL": "C.UTF-8",
    }


if __name__ == "__main__":
    main()
