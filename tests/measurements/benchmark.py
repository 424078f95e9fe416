"""scripts/benchmark [TABLE ...] [--rounds N]: CPU of whole processes, into docs/performance.md.

Every round runs every command once, so that a busy moment of the machine meets all of them alike;
the tables show medians. What a command needs (a fresh copy of a project, an empty place) is
prepared outside. CPU is that of the process and all of its children, as the kernel counts it.
All of it is in memory, unless TMPDIR names a place: on a disk, git's own CPU differs by a factor
of two from run to run.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from aegis_patch.upstream import releases
from tests.measurements import rivals
from tests.measurements.rivals import AEGIS, PYTHON, ROOT, Ran, git, run

PAGE = ROOT / "docs" / "performance.md"
TABLES = ("verbs", "growth", "rivals")
FEWEST = 5
MEMORY = Path("/dev/shm")
*_, OLDER, NEWEST = releases.versions()
MANY_UPSTREAM, MANY_MINE = 19_000, 50_000
GIT_AM = "`git am -3` of its series (cache, worker)"


@dataclass(frozen=True, slots=True)
class Case:
    """A row: what runs, in a fresh copy of which project, and the goal if there is one."""

    title: str
    args: Sequence[str]
    project: Path | None = None
    made: Path | None = None  # taken away before every run
    goal: float = 0


def main() -> None:
    """Measure, and write the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tables", nargs="*", metavar="TABLE", help=f"of {', '.join(TABLES)}; all")
    parser.add_argument("--rounds", type=int, default=11, help=f"of the verbs; {FEWEST} at least")
    asked = parser.parse_args()
    wanted = asked.tables or TABLES
    if asked.rounds < FEWEST or not set(wanted) <= set(TABLES):
        parser.error(f"tables are {', '.join(TABLES)}, and rounds {FEWEST} at least")
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    rivals.compile_bytecode()
    place = MEMORY if MEMORY.is_dir() and "TMPDIR" not in os.environ else None
    with tempfile.TemporaryDirectory(prefix="aegis-benchmark-", dir=place) as directory:
        scratch = Path(directory)
        os.environ.update(rivals.environment(scratch))
        if "verbs" in wanted:
            taken = measured(verb_cases(scratch), scratch, asked.rounds)
            write("verbs", verbs(taken, asked.rounds))
        if "growth" in wanted:
            write("growth", growth(scratch, FEWEST))
        if "rivals" in wanted:
            write("rivals", rivals.table(scratch, FEWEST))


def write(name: str, shown: str) -> None:
    """Put a table into the page, and print it."""
    print(shown, end="", flush=True)
    start, end = f"<!-- measured: scripts/benchmark, {name} -->\n", f"<!-- end of {name} -->\n"
    before, _, rest = PAGE.read_text().partition(start)
    PAGE.write_text(before + start + shown + end + rest.partition(end)[2])


def verb_cases(scratch: Path) -> list[Case]:
    """Each verb, with the project that it starts from."""
    core, worker, old, am = (scratch / name for name in ("core", "worker", "old", "am"))
    init(core)
    init(worker, "--components", "worker")
    init(old, "--components", "ingress,worker", "--upstream-version", OLDER)
    shutil.copytree(core, am, symlinks=True)
    series = rivals.of_catalogue(scratch / "of-catalogue", am, ["cache", "worker"])
    new = scratch / "new"
    fresh = (*AEGIS, "init", str(new), "-y", "--components", "ingress")
    return [
        Case("`python -c pass`", (PYTHON, "-c", "pass")),
        Case("`aegis --help`", (*AEGIS, "--help")),
        Case(GIT_AM, ("git", "am", "-q", "-3", *series.mails), am),
        Case("`aegis status`", (*AEGIS, "status"), worker, goal=1.5),
        Case("`aegis add worker` (core)", (*AEGIS, "add", "worker"), core, goal=2.0),
        Case("`aegis init --components ingress`", fresh, made=new, goal=2.2),
        Case("`aegis remove worker` (core)", (*AEGIS, "remove", "worker"), worker, goal=2.5),
        Case(f"`aegis rebase-upstream`, {OLDER} to {NEWEST}", (*AEGIS, "update"), old, goal=3.0),
    ]


def verbs(taken: Mapping[str, Ran], rounds: int) -> str:
    """The first table: each verb against git applying the same patches."""
    unit = taken[GIT_AM].cpu
    goals = {"status": 1.5, "add": 2.0, "init": 2.2, "remove": 2.5, "rebase-upstream": 3.0}
    lines = ["| command | CPU | to `git am -3` | goal | memory |", "|---|---:|---:|---:|---:|"]
    for title, ran in taken.items():
        goal = next((f"{goals[word]:.1f} ×" for word in goals if f" {word}" in title), "")
        ratio = f"{ran.cpu / unit:.2f} ×"
        lines.append(f"| {title} | {ran.cpu:.3f} s | {ratio} | {goal} | {ran.megabytes} MB |")
    machine = f"{os.cpu_count()} cores, CPython {platform.python_version()}"
    return "\n".join(lines) + f"\n\n{machine}, {git_version()}, medians of {rounds} rounds.\n"


def growth(scratch: Path, rounds: int) -> str:
    """The second table: the same verbs with a large upstream, and in a large project."""
    plain = rivals.fork(scratch / "plain", {"1.0": OLDER, "1.1": NEWEST}, 0)
    large = rivals.fork(scratch / "large", {"1.0": OLDER, "1.1": NEWEST}, MANY_UPSTREAM)
    kinds = {"ours": plain, "large upstream": large, "large project": plain}
    cases: dict[str, list[Case]] = {}
    for kind, upstream in kinds.items():
        from_it = ("--upstream", str(upstream))
        core, worker, old = (scratch / f"{name} of {kind}" for name in ("core", "worker", "old"))
        init(core, *from_it)
        init(worker, *from_it, "--components", "worker")
        init(old, *from_it, "--components", "ingress,worker", "--upstream-version", "1.0")
        for place in (core, worker, old):
            if kind == "large project":
                add_files(place, MANY_MINE)
            git(place, "gc", "-q")
        places = {"status": worker, "add worker": core, "remove worker": worker, "update": old}
        for verb, place in places.items():
            cases.setdefault(verb, []).append(
                Case(f"{verb} {kind}", (*AEGIS, *verb.split()), place)
            )
    every = [case for row in cases.values() for case in row]
    taken = measured(every, scratch, rounds)
    lines = [
        f"| verb | our upstream | one of {MANY_UPSTREAM:,} files | {MANY_MINE:,} files of yours |",
        "|---|---:|---:|---:|",
    ]
    for verb, row in cases.items():
        first, *others = (taken[case.title] for case in row)
        cells = [f"{first.cpu:.3f} s, {first.megabytes} MB"]
        for ran in others:
            cells.append(f"{ran.cpu:.3f} s = {ran.cpu / first.cpu:.2f} ×, {ran.megabytes} MB")
        lines.append(f"| `aegis {verb}` | {' | '.join(cells)} |")
    goal = "| goal, at most | | 1.5 × | 1.2 × |"
    return "\n".join([*lines, goal]) + f"\n\nMedians of {rounds} rounds.\n"


def add_files(project: Path, count: int) -> None:
    """Commit so many files of the user's."""
    for number in range(count):
        file = project / "mine" / str(number // 250) / f"{number}.txt"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{number}\n")
    git(project, "add", "--all")
    git(project, "commit", "-qm", "Mine")


def init(path: Path, *args: str) -> None:
    """Start a project."""
    run(*AEGIS, "init", str(path), "-y", *args)


def measured(cases: Iterable[Case], scratch: Path, rounds: int) -> dict[str, Ran]:
    """The medians of each case."""
    cases = list(cases)
    taken: dict[str, list[Ran]] = {case.title: [] for case in cases}
    for number in range(rounds + 1):
        for case in cases:
            ran = measure(case, scratch)
            if number:  # the first fills the caches
                taken[case.title].append(ran)
    return {title: rivals.median(all_of) for title, all_of in taken.items()}


def measure(case: Case, scratch: Path) -> Ran:
    """One run of one command."""
    where = rivals.copied(case.project, scratch / "here") if case.project else scratch
    if case.made:
        shutil.rmtree(case.made, ignore_errors=True)
    ran = rivals.timed(*case.args, cwd=where)
    if ran.code:
        sys.exit(f"{' '.join(case.args)} ended with {ran.code}\n{ran.said}")
    return ran


def git_version() -> str:
    """Which git."""
    return run("git", "--version").removeprefix("git version ").strip()


if __name__ == "__main__":
    main()
