"""What a verb loads and which processes it starts: what keeps it fast, without a clock."""

from __future__ import annotations

import os
import pty
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import AEGIS, OLDER, ROOT, Project, Start

HEAVY = {"copier", "email", "packaging", "pydantic", "rich", "ssl", "typer", "unidiff"}


def loaded(project: Project, *args: str) -> set[str]:
    """The modules that a command line loads."""
    code = (
        "import atexit, sys; from aegis_patch.terminal import cli; "
        "atexit.register(lambda: print(*sys.modules, file=sys.stderr)); cli.main()"
    )
    words = [sys.executable, "-c", code, "-C", str(project.path), *args]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    return set(done.stderr.splitlines()[-1].split())


def git_processes(project: Project, place: Path, *args: str) -> list[str]:
    """The git commands that a verb runs."""
    trace = place / "trace"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GIT_TRACE", str(trace))
        project.aegis(*args)
    lines = trace.read_text().splitlines() if trace.exists() else []
    return [line.partition("built-in: ")[2] for line in lines if "trace: built-in: " in line]


VERBS = ["status", "add cache", "remove worker", "rebase-upstream", "init new --yes"]


@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_loads_no_heavy_library(start: Start, verb: str) -> None:
    several = ("ingress", "scheduler", "worker")  # of which some meet above one anchor
    found = loaded(start(*several, version=OLDER), *verb.split())
    assert "pygit2._pygit2" in found
    slow = {"dataclasses", "inspect", "lzma", "pygit2.index", "random", "shutil", "tempfile"}
    assert not found & {*HEAVY, *slow, "pygit2.repository"}


def test_help_loads_neither_typer_nor_pygit2(start: Start) -> None:
    project = start()
    words = [sys.executable, "-X", "importtime", "-m", "aegis_patch", "--help"]
    done = subprocess.run(words, cwd=project.path, capture_output=True, text=True, check=True)
    assert "rebase-upstream" in done.stdout
    names = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "aegis_patch.terminal.cli" in names
    assert not names & {*HEAVY, "pygit2", "yaml"}


def test_ctrl_c_while_it_loads_is_no_traceback(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import os, signal, sys\n"
        "class Finder:\n"
        "    def find_spec(name, path, target=None):\n"
        "        if name == 'aegis_patch.terminal.plain_line':\n"
        "            os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.meta_path.insert(0, Finder)\n"
    )
    env = {**os.environ, "PYTHONPATH": f"{tmp_path}:{ROOT}"}
    done = subprocess.run([*AEGIS, "status"], env=env, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (-signal.SIGINT, "", "")


TWICE = """
import os, signal
from aegis_patch import __main__
from aegis_patch.terminal import cli

def main():
    try:
        os.kill(os.getpid(), signal.SIGINT)
    except KeyboardInterrupt:
        os.kill(os.getpid(), signal.SIGINT)
        print("cleared away")

cli.main = main
__main__.main()
"""


def test_a_second_ctrl_c_stops_no_clearing_away() -> None:
    done = subprocess.run([sys.executable, "-c", TWICE], capture_output=True, text=True, check=True)
    assert done.stdout == "cleared away\n"


def test_a_quick_verb_on_a_terminal_loads_no_rich(start: Start) -> None:
    code = (
        "import atexit, sys; from aegis_patch.terminal import cli, waiting; "
        "waiting.PATIENCE = 10**6; atexit.register(lambda: print(*sys.modules)); cli.main()"
    )
    ours, theirs = pty.openpty()
    words = [sys.executable, "-c", code, "-C", str(start().path), "add", "worker"]
    env = {**os.environ, "TERM": "xterm"}
    done = subprocess.run(words, env=env, stdout=subprocess.PIPE, stderr=theirs, check=True)
    os.close(ours)
    os.close(theirs)
    assert "rich" not in done.stdout.decode().splitlines()[-1].split()


def test_status_loads_nothing_that_merges_or_lands(start: Start) -> None:
    found = loaded(start("worker"), "status")
    slow = {"merge.file_content", "merge.one_path", "landing.land", "verbs.build", "verbs.settle"}
    libraries = {"ast", "dataclasses", "hashlib", "inspect", "subprocess", "threading", "yaml"}
    assert not found & {*libraries, *(f"aegis_patch.{name}" for name in slow)}


def test_a_component_comes_without_a_reader_of_yaml(start: Start) -> None:
    assert "yaml" not in loaded(start("cache"), "add", "worker")


@pytest.mark.parametrize(
    ("verb", "most"),
    [
        ("status", 0),
        ("add cache", 6),
        ("remove worker", 7),
        ("rebase-upstream", 7),
        ("init new --yes", 8),
    ],
)
def test_a_verb_starts_few_processes(start: Start, tmp_path: Path, verb: str, most: int) -> None:
    project = start("worker", version=OLDER)
    assert len(git_processes(project, tmp_path, *verb.split())) <= most


def test_an_edited_file_costs_one_process_more(start: Start, tmp_path: Path) -> None:
    project = start()
    project.write("compose.yaml", project.read("compose.yaml") + "# mine\n")
    project.commit("Mine")
    assert len(git_processes(project, tmp_path, "add", "worker")) <= 7


def test_git_reads_no_directory_that_stays_as_it_is(start: Start, tmp_path: Path) -> None:
    project, trace = start(), tmp_path / "trace"
    for number in range(20):
        project.write(f"mine/{number}/notes.txt", "Mine\n")
    project.commit("Mine")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GIT_TRACE2_PERF", str(trace))
        project.aegis("add", "worker")
    landing = trace.read_text().partition("| git read-tree ")[2].partition("| git add ")[0]
    counts = [int(each) for each in re.findall('"traverse_trees_count":([0-9]+)', landing)]
    assert len(counts) == 1
    assert counts[0] < 20


def test_output_and_exit_code_survive_the_quick_end(start: Start) -> None:
    project = start()
    words = [*AEGIS, "-C", str(project.path)]
    for args, code in (("status",), 0), (("components",), 0), (("add", "nope"), 1), (("nope",), 2):
        ran = project.aegis(*args, code=code)
        done = subprocess.run([*words, *args], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout) == (code, ran.out)
        assert done.stderr.count("\n") == ran.err.count("\n")
