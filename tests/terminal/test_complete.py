"""What a shell completes: asked of the real shells, and of the command that they call."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pygit2
import pytest

from aegis_patch.stack.component import is_chosen
from aegis_patch.terminal.commands.completion import _SCRIPTS as SCRIPTS
from aegis_patch.terminal.run import ALIASES, COMMANDS
from aegis_patch.upstream import bundled, releases
from tests.conftest import AEGIS, NEWEST, OLDER, ROOT, Project, Start, needs, run
from tests.terminal.test_start import HEAVY

VERSIONS = {*releases.versions()}
CHOSEN = {*bundled.index()[NEWEST]["components"]}
COMMON = {"--project-path", "--dry-run", "--diff", "--json", "--quiet", "--yes"}


def completed(project: Path, *words: str, code: int = 0) -> set[str]:
    """The candidates for the last word."""
    env = {**os.environ, "_AEGIS_COMPLETE": "1"}
    done = subprocess.run(
        [*AEGIS, *words], cwd=project, env=env, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (code, "")
    return {line.partition("\t")[0] for line in done.stdout.splitlines()}


def test_each_release_lists_the_components_that_it_has(store: pygit2.Repository) -> None:
    for version, about in bundled.index().items():
        catalogue = releases.open_release(store, releases.BUNDLED, version).catalogue
        assert about["components"] == [name for name in catalogue if is_chosen(catalogue[name])]


def test_words_options_and_names(start: Start) -> None:
    path = start("worker").path
    there = {"cache", "worker"}
    assert completed(path, "") == {name.split()[0] for name in COMMANDS} - ALIASES.keys()
    assert completed(path, "re") == {"rebase-upstream", "remove", "repair"}
    assert completed(path, "add", "") == CHOSEN - there
    assert completed(path, "add", "database", "") == CHOSEN - there - {"database"}
    assert completed(path, "add", "ingress,da") == {"ingress,database"}
    assert completed(path, "remove", "--dry-run", "") == there
    assert completed(path, "init", "x", "--components", "") == CHOSEN
    assert completed(path, "rebase-upstream", "--to", "") == VERSIONS
    assert completed(path, "init", "--upstream-version", "=", OLDER[:2]) == VERSIONS
    assert completed(path, "diff", "--component", "") == {"core", *there}
    assert completed(path, "merge-driver", "=") == {"on", "off"}
    assert completed(path, "add", "--") >= {*COMMON, "--verify", "--no-lock", "--strict"}
    assert completed(path, "add", "--verify", "") == set()
    assert completed(path, "stat", "--") == completed(path, "upstream", "serie", "-") == set()
    assert completed(path, "nope", "") == set()
    assert completed(path, "fleet", "") == {"status", "update"}
    assert completed(path, "fleet", "status", "a", "", code=1) == set()
    assert completed(path, "fleet", "update", "--t") == {"--to"}
    assert completed(path, "upstream", "") == {"check", "extract", "new", "series"}
    assert completed(path, "upstream", "--json", "series", "o") == {"open"}
    assert completed(ROOT, "upstream", "series", "open", "cach") >= {"cache"}
    assert completed(ROOT, "upstream", "series", "open", "cache", "") == set()
    assert completed(ROOT, "upstream", "series", "new", "") == set()
    assert completed(ROOT, "upstream", "series", "import", "x", "", code=1) == set()
    assert completed(ROOT, "upstream", "extract", "x", "--requires", "mail,cach") >= {"mail,cache"}


def test_a_path_is_for_the_shell_to_complete(start: Start, tmp_path: Path) -> None:
    path = start("worker").path
    for words in ("-C", ""), ("init", ""), ("diff", "app/"), ("explain", ""):
        assert completed(path, *words, code=1) == set()
    assert completed(tmp_path, "-C", str(path), "remove", "") == {"cache", "worker"}
    assert completed(path / "app", "remove", "") == {"cache", "worker"}


def test_outside_a_project_and_with_a_broken_record(tmp_path: Path) -> None:
    assert completed(tmp_path, "add", "") == CHOSEN
    assert completed(tmp_path, "remove", "") == set()
    (tmp_path / "aegis.toml").write_text("<<<<<<<")
    assert completed(tmp_path, "add", "") == CHOSEN


def test_a_fork_is_completed_from_its_mirror(start: Start, grown: Project) -> None:
    path = start("worker", upstream=grown, version="0.9").path
    grown.git("mv", "patches/ingress", "patches/$(echo x)")
    assert completed(path, "rebase-upstream", "--to", "") == {"0.9", "1.0"}
    assert completed(path, "add", "") == CHOSEN - {"cache", "worker", "scheduler", "postgres"}
    record = tomllib.loads((path / "aegis.toml").read_text())
    gone = record["upstream"]["url"] + "-gone"
    (path / "aegis.toml").write_text(f'[upstream]\nurl = "{gone}"\nrelease = "1"\n')
    assert completed(path, "add", "") == set()


@pytest.mark.parametrize(
    ("typed", "found"), [("add ", "database"), ("fleet ", "update"), ("upstream series ", "open")]
)
def test_completing_loads_nothing_heavy(start: Start, typed: str, found: str) -> None:
    code = (
        "import atexit, sys; from aegis_patch.terminal import cli; "
        "atexit.register(lambda: print(*sys.modules, file=sys.stderr)); cli.main()"
    )
    env = {**os.environ, "_AEGIS_COMPLETE": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code, *typed.split(" ")],
        cwd=start("worker").path, env=env, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert found in done.stdout
    assert not {*done.stderr.split()} & {*HEAVY, "pygit2", "subprocess", "json"}


def test_the_script_is_printed() -> None:
    for shell, script in SCRIPTS.items():
        assert run("completion", shell).out == script.lstrip()
        assert run("completion", shell, "--json").json == {"completion": script.lstrip()}
    assert run("completion", "tcsh").code == 2
    assert "Choose from: bash, zsh, fish" in run("completion").err  # one line


def bash(lines: str, typed: str) -> list[str]:
    """Bash has no way to ask; its function is called as it would call it."""
    words = typed.split(" ")
    asked = f"COMP_WORDS=({' '.join(map(shlex.quote, words))}); COMP_CWORD={len(words) - 1}"
    return [
        "bash",
        "-c",
        f"{lines}\n{asked}; _aegis {words[0]}; printf '%s\\n' \"${{COMPREPLY[@]}}\"",
    ]


def fish(lines: str, typed: str) -> list[str]:
    return ["fish", "--no-config", "-c", f"{lines}\ncomplete -C {shlex.quote(typed)}"]


@pytest.mark.parametrize("asked", [bash, fish], ids=["bash", "fish"])
@pytest.mark.parametrize("program", ["aegis", "aegis-patch"])
def test_a_shell_completes(
    start: Start, asked: Callable[[str, str], list[str]], program: str
) -> None:
    name = asked.__name__
    needs(name)
    path = start("worker").path
    script = SCRIPTS[name].lstrip()

    def candidates(typed: str) -> set[str]:
        command = asked(script, f"{program} {typed}")
        env = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
        done = subprocess.run(
            command, cwd=path, env=env, capture_output=True, text=True, check=True
        )
        assert not done.stderr
        return {line.partition("\t")[0] for line in done.stdout.splitlines()}

    assert candidates("rem") == {"remove"}
    assert candidates("remove ") == {"cache", "worker"}
    assert candidates("add --dry-run data") == {"database"}
    assert candidates("update --to ") == VERSIONS
