"""One series, applied by aegis and by what else there is: git, quilt, StGit, Copier.

Each tool starts from the same project and has to arrive at the same files.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import sysconfig
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from aegis_patch.upstream import releases

ROOT = Path(__file__).resolve().parent.parent.parent
OWN = ROOT / ".venv" / "bin" / "python"
PYTHON = str(OWN if OWN.exists() else sys.executable)
AEGIS = (PYTHON, "-m", "aegis_patch")
COPIER = (PYTHON, "-m", "copier")
RELEASES = ROOT / "aegis_patch" / "releases"
FILES, PATCHES, EACH = 2_000, 100, 5
EXPORT = (
    "format-patch",
    "-q",
    "-k",
    "--zero-commit",
    "--full-index",
    "--no-signature",
    "--no-stat",
)
SLOW = 5.0  # seconds: measured once
NOT_COMPARED = ("aegis.toml", ".copier-answers.yml", ".pc")
SERIES = 'title = "Series"\nsummary = "A long series."\nimplementation = "x"\n'
SERIES += 'kind = "component"\nstatus = "available"\nrequires = []\n'
ANSWERS_FILE = "{{_copier_conf.answers_file}}.jinja"
SMALL = """
import os, sys
pid = os.posix_spawnp(sys.argv[2], sys.argv[2:], os.environ)
_, status, used = os.wait4(pid, 0)
code, cpu = os.waitstatus_to_exitcode(status), used.ru_utime + used.ru_stime
with open(sys.argv[1], "w") as file:
    file.write(f"{code} {cpu} {used.ru_maxrss}")
"""
"""Starts a command, and writes its exit code, CPU seconds and kilobytes into a file."""


@dataclass(frozen=True, slots=True)
class Ran:
    """A run: its exit code, CPU seconds with those of its children, its memory, and its output."""

    code: int
    cpu: float
    megabytes: int
    said: str = ""


@dataclass(frozen=True, slots=True)
class Series:
    """A series as mails in order, and as commits on a base in a repository of its own."""

    made: Path
    mails: tuple[str, ...]
    base: str


# Processes.


def timed(*args: str, cwd: Path, env: Mapping[str, str] | None = None) -> Ran:
    """Run a command and count what the kernel counts.

    A small process starts it: the kernel counts the memory of whoever started a command as its.
    """
    counts = cwd.parent / "counts"
    with (cwd.parent / "said").open("w+b") as said:
        subprocess.run(
            [PYTHON, "-I", "-S", "-c", SMALL, str(counts), *args],
            cwd=cwd, env={**os.environ, **(env or {})}, stdin=subprocess.DEVNULL,
            stdout=said, stderr=said, check=True,
        )  # fmt: skip
        said.seek(0)
        text = said.read().decode("utf-8", "replace")
    code, cpu, kilobytes = counts.read_text().split()
    return Ran(int(code), float(cpu), int(kilobytes) >> 10, text)


def median(taken: Sequence[Ran]) -> Ran:
    """The middle of some runs, in each respect."""
    cpu = statistics.median(ran.cpu for ran in taken)
    return Ran(taken[0].code, cpu, int(statistics.median(ran.megabytes for ran in taken)))


def run(*args: str, cwd: Path | None = None, env: Mapping[str, str] | None = None) -> str:
    """Run a command, which has to succeed."""
    done = subprocess.run(
        args, cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
        env={**os.environ, **(env or {})},
    )  # fmt: skip
    if done.returncode:
        sys.exit(f"{' '.join(args)[:500]} ended with {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def git(directory: Path, *args: str) -> str:
    """Run git, which has to succeed."""
    return run("git", *args, cwd=directory).strip()


def copied(project: Path, place: Path) -> Path:
    """A fresh copy of a project, whose index knows the times of its files."""
    shutil.rmtree(place, ignore_errors=True)
    run("cp", "-a", str(project), str(place))
    git(place, "status", "--short")
    return place


def compile_bytecode() -> None:
    """Compile aegis and what it imports, as an installer does."""
    for place in (str(ROOT / "aegis_patch"), sysconfig.get_path("purelib")):
        subprocess.run([PYTHON, "-m", "compileall", "-qq", place], check=False)


def environment(scratch: Path) -> dict[str, str]:
    """A git and a cache of our own."""
    for name in [name for name in os.environ if name.startswith(("GIT_", "QUILT_"))]:
        del os.environ[name]
    config = scratch / ".gitconfig"
    config.write_text("[user]\n\tname = Uma User\n\temail = uma@example.org\n[gc]\n\tauto = 0\n")
    return {
        "PYTHONPATH": str(ROOT),
        "HOME": str(scratch),
        "XDG_CACHE_HOME": str(scratch / ".cache"),
        "GIT_CONFIG_GLOBAL": str(config),
        "GIT_CONFIG_NOSYSTEM": "1",
        "LC_ALL": "C.UTF-8",
    }


# Upstreams and series.


def repository(place: Path, *borrowed: Path) -> Path:
    """An empty repository that sees the objects of others."""
    place.mkdir()
    git(place, "init", "-q", "-b", "main")
    (place / ".git/objects/info/alternates").write_text("".join(f"{each}\n" for each in borrowed))
    return place


def commit(place: Path, message: str) -> str:
    """Commit all that there is."""
    git(place, "add", "--all", "--force")
    git(place, "commit", "-qm", message)
    return git(place, "rev-parse", "HEAD")


def released(version: str) -> str:
    """The commit of a release of ours."""
    index = (RELEASES / "index.toml").read_text()
    return index.partition(f'[releases."{version}"]')[2].partition('commit = "')[2][:40]


def fork(place: Path, versions: Mapping[str, str], more: int) -> Path:
    """An upstream with some of our releases under its own tags, and so many files besides."""
    repository(place, RELEASES)
    for tag, version in versions.items():
        git(place, "read-tree", "--reset", "-u", released(version))
        for number in range(more):
            file = place / "base" / "data" / str(number // 250) / f"{number}.txt"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(f"{number}\n")
        commit(place, version)
        git(place, "tag", tag)
    git(place, "repack", "-adq")
    return place


def of_catalogue(place: Path, project: Path, names: Iterable[str]) -> Series:
    """The series of some components of the newest release, applied to its base in order."""
    release = fork(place.with_name(f"{place.name}-release"), {"1": releases.latest()}, 0)
    repository(place)
    shutil.copytree(release / "base", place, dirs_exist_ok=True)
    base = commit(place, "Base")
    mails: list[str] = []
    for name in names:
        directory = release / "patches" / name
        listed = (directory / "series").read_text().splitlines()
        mails += [str(directory / line) for line in listed if line and not line.startswith("#")]
    git(place, "am", "-q", *mails)
    borrow(project, place)
    return Series(place, tuple(mails), base)


def borrow(project: Path, other: Path) -> None:
    """Let a project see another's objects, for `git am -3` to fall back on."""
    (project / ".git/objects/info/alternates").write_text(f"{other}/.git/objects\n")


def text(number: int, *, patched: bool, mine: str) -> str:
    """A file of the long series: as it was or patched, and with an edit of the user's or none."""
    lines = [f"file {number} line {n}\n" for n in range(40)]
    if patched:
        lines[20] = f"file {number} patched\n"
        lines.insert(31, f"file {number} new\n")
    if mine == "near":
        lines[18] = f"file {number} mine\n"
    if mine == "drifted":
        lines[:0] = [f"mine {n}\n" for n in range(7)]
    return "".join(lines)


def touched(patch: int) -> Iterable[int]:
    """The files of one patch; no two patches share one."""
    return [patch + PATCHES * 4 * n for n in range(EACH)]


def fill(place: Path, numbers: Iterable[int], *, patched: bool, mine: str = "") -> None:
    """Write some files of the long series."""
    for number in numbers:
        file = place / "data" / str(number // 50) / f"{number}.txt"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text(number, patched=patched, mine=mine))


def long_series(place: Path) -> tuple[Path, Series]:
    """An upstream with one component, a series of many patches; and the series."""
    made = repository(place.with_name("long-made"))
    (made / "aegis.toml").write_text((ROOT / "base" / "aegis.toml").read_text())
    fill(made, range(FILES), patched=False)
    base = commit(made, "Base")
    repository(place)
    shutil.copytree(made, place / "base", ignore=shutil.ignore_patterns(".git"))
    for patch in range(PATCHES):
        fill(made, touched(patch), patched=True)
        commit(made, f"Patch {patch}\n\nBecause.")
    series = place / "patches" / "series"
    git(made, *EXPORT, "-o", str(series), base)
    mails = tuple(sorted(str(mail) for mail in series.iterdir()))
    (series / "series").write_text("".join(f"{Path(mail).name}\n" for mail in mails))
    (series / "component.toml").write_text(SERIES)
    commit(place, "Start")
    git(place, "tag", "1.0")
    return place, Series(made, mails, base)


# The tools.


def table(scratch: Path, rounds: int) -> str:
    """What each tool takes for each series, and where it arrives."""
    core = scratch / "rival-core"
    run(*AEGIS, "init", str(core), "-y")
    with_worker = copied(core, scratch / "rival-worker")
    run(*AEGIS, "add", "worker", cwd=with_worker)
    catalogue = of_catalogue(scratch / "rival-catalogue", core, ["cache", "worker"])
    columns = {"cache and worker": tools(scratch, "c", core, catalogue, with_worker, "worker")}
    upstream, series = long_series(scratch / "long")
    for kind in ("exact", "drifted", "near"):
        project, wanted = scratch / f"long-{kind}", scratch / f"long-{kind}-wanted"
        run(*AEGIS, "init", str(project), "-y", "--upstream", str(upstream))
        borrow(project, series.made)
        numbers = [number for patch in range(PATCHES) for number in touched(patch)]
        bare = copied(project, scratch / "bare")
        fill(project, numbers, patched=False, mine=kind)
        git(project, "commit", "-qam", "Mine", "--allow-empty")
        run("cp", "-a", str(project), str(wanted))
        fill(wanted, numbers, patched=True, mine=kind)
        commit(wanted, "Wanted")
        columns[kind] = tools(scratch, kind, project, series, wanted, "series", bare)
    names = list(dict.fromkeys(name for column in columns.values() for name in column))
    heads = [f"{PATCHES} × {EACH}, {name}" if name in TEXTS else name for name in columns]
    lines = [f"| | {' | '.join(heads)} |", f"|---|{'---|' * len(columns)}"]
    taken = _rounds(scratch, columns, rounds)
    for name in names:
        cells = [taken[kind, name] for kind in columns]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines) + f"\n\nMedians of {rounds} rounds.\n"


TEXTS = ("exact", "drifted", "near")


@dataclass(frozen=True, slots=True)
class Tool:
    """A command in a copy of a project, and the files that it should arrive at."""

    project: Path
    args: Sequence[str]
    wanted: str
    env: Mapping[str, str]


def tools(
    scratch: Path, kind: str, project: Path, series: Series, wanted: Path, name: str,
    bare: Path | None = None,
) -> dict[str, Tool]:  # fmt: skip
    """Each tool that is installed, ready to take a project to the same files."""
    goal = tree(wanted)
    patches = Path(series.mails[0]).parent.with_name(f"quilt-{kind}")
    patches.mkdir()
    for number, mail in enumerate(series.mails):
        shutil.copy(mail, patches / f"{number:03}.patch")
    (patches / "series").write_text("".join(f"{n:03}.patch\n" for n in range(len(series.mails))))
    template = of_copier(scratch / f"copier-{kind}", bare or project, project, wanted)
    plain: dict[str, str] = {}
    range_ = f"{series.base}..{git(series.made, 'rev-parse', 'HEAD')}"
    found = {
        f"aegis {__import__('aegis_patch').__version__}": Tool(
            project, (*AEGIS, "add", name), goal, plain
        ),
        git(scratch, "--version").replace("version", "am -3,"): Tool(
            project, ("git", "am", "-q", "-3", *series.mails), goal, plain
        ),
        "git cherry-pick": Tool(project, ("git", "cherry-pick", range_), goal, plain),
        "copier update": Tool(
            template, (*COPIER, "update", "--defaults", "--quiet", "--vcs-ref", "v2"), goal, plain
        ),
    }
    if shutil.which("quilt"):
        env = {"QUILT_PATCHES": str(patches), "QUILT_PC": ".pc"}
        found["quilt push -a"] = Tool(project, ("quilt", "push", "-aq"), goal, env)
    if shutil.which("stg"):
        started = copied(project, scratch / f"stg-{kind}")
        run("stg", "init", cwd=started)
        found["stg import"] = Tool(
            started, ("stg", "import", "-s", str(patches / "series")), goal, plain
        )
    return found


def of_copier(place: Path, bare: Path, project: Path, wanted: Path) -> Path:
    """The project as one that Copier made: from a template, with the edits of the user's."""
    template = repository(place.with_name(f"{place.name}-template"))
    answers = template / ANSWERS_FILE
    for tag, files in {"v1": bare, "v2": wanted if bare == project else None}.items():
        _laid(files or bare, template)
        if files is None:
            numbers = [number for patch in range(PATCHES) for number in touched(patch)]
            fill(template, numbers, patched=True)
        answers.write_text("{{ _copier_answers|to_nice_yaml -}}\n")
        commit(template, tag)
        git(template, "tag", tag)
    run(*COPIER, "copy", "--defaults", "--quiet", "--vcs-ref", "v1", str(template), str(place))
    git(place, "init", "-q", "-b", "main")
    commit(place, "Start")
    _laid(project, place)
    git(place, "add", "--all", "--force")
    git(place, "commit", "-qm", "Mine", "--allow-empty")
    return place


def _laid(source: Path, place: Path) -> None:
    ignored = shutil.ignore_patterns(".git")
    shutil.copytree(source, place, ignore=ignored, dirs_exist_ok=True, symlinks=True)


def tree(project: Path) -> str:
    """The files of a worktree as git's tree, but for each tool's own."""
    env = {"GIT_INDEX_FILE": str(project / ".git" / "compared")}
    (project / ".git" / "compared").unlink(missing_ok=True)
    but = [f":(exclude){each}" for each in NOT_COMPARED]
    run("git", "add", "--all", "--force", "--", ".", *but, cwd=project, env=env)
    return run("git", "write-tree", cwd=project, env=env).strip()


def _rounds(
    scratch: Path, columns: Mapping[str, Mapping[str, Tool]], rounds: int
) -> dict[tuple[str, str], str]:
    """What to say of each tool with each series."""
    taken: dict[tuple[str, str], list[Ran]] = {}
    became: dict[tuple[str, str], str] = {}
    for number in range(rounds):
        for kind, column in columns.items():
            for name, tool in column.items():
                known = taken.setdefault((kind, name), [])
                if known and known[0].cpu > SLOW:
                    continue
                here = copied(tool.project, scratch / "here")
                ran = timed(*tool.args, cwd=here, env=tool.env)
                known.append(ran)
                if number == 0 and ran.code:
                    became[kind, name] = "stops at a conflict"
                elif number == 0:
                    became[kind, name] = "" if tree(here) == tool.wanted else "other files"
    cells = {}
    for key, all_of in taken.items():
        cells[key] = ", ".join(filter(None, [f"{median(all_of).cpu:.2f} s", became[key]]))
    return cells
