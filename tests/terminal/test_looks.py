"""How the main screens look in a real terminal, tmux: narrow and wide, with and without colour."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import AEGIS, NEWEST, OLDER, Project, Start, needs
from tests.servers import until

COLOUR = {"TERM": "tmux-256color"}
LOOKS = [
    (40, COLOUR),
    (80, COLOUR),
    (120, COLOUR),
    (40, {**COLOUR, "NO_COLOR": "1"}),
    (40, {"TERM": "dumb"}),
]
UNREADABLE = re.compile(r"\x1b\[(?:\d+;)*(?:30|33|37|38|4[0-7]|48|9\d|10\d)(?:;\d+)*m")
"""Black, white, yellow, bright colours, backgrounds and colours of no palette."""
PATIENCE = 6000  # looks at the screen


@dataclass(frozen=True, slots=True)
class Terminal:
    """A terminal of some width in a directory, and what is seen on it."""

    server: Path
    width: int

    def tmux(self, *words: str) -> str:
        command = ["tmux", "-S", str(self.server), "-f", "/dev/null", *words]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    def open(self, directory: Path, environment: dict[str, str]) -> None:
        variables = [f"{name}={value}" for name, value in environment.items()]
        shell = shlex.join(["env", "-u", "NO_COLOR", "-u", "COLUMNS", *variables, "PS1=", "sh"])
        size = ("-x", str(self.width), "-y", "400")
        self.tmux("new-session", "-d", *size, "-c", str(directory), shell)
        self.type(f'aegis() {{ clear; {shlex.join(AEGIS)} "$@"; echo "= $?"; }}')

    def type(self, line: str) -> None:
        self.tmux("send-keys", "-l", line)
        self.keys("Enter")

    def keys(self, *names: str) -> None:
        self.tmux("send-keys", *names)

    def see(self, text: str) -> str:
        """What is shown, once a text is."""
        for _ in range(PATIENCE):
            shown = self.tmux("capture-pane", "-p", "-J")
            if text in " ".join(shown.split()):
                return shown
            time.sleep(0.02)
        raise AssertionError(f"{text!r} is not on the screen:\n{shown}")

    @property
    def colours(self) -> list[str]:
        return re.findall(r"\x1b\[[\d;]*m", self.tmux("capture-pane", "-p", "-e"))


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Callable[..., Terminal]]:
    needs("tmux")
    made: list[Terminal] = []

    def begin(directory: Path, width: int, environment: dict[str, str] | None = None) -> Terminal:
        made.append(Terminal(tmp_path / f"tmux{len(made)}", width))
        made[-1].open(directory, environment or COLOUR)
        return made[-1]

    yield begin
    for each in made:
        each.tmux("kill-server")


@pytest.mark.parametrize(("width", "environment"), LOOKS)
def test_a_screen_says_what_a_pipe_gets_in_whole_words(
    start: Start,
    terminal: Callable[..., Terminal],
    width: int,
    environment: dict[str, str],
) -> None:
    project = start("worker", version=OLDER)
    project.collide()
    seen = terminal(project.path, width, environment)
    lines = (
        "status",
        "components",
        "add kubernetes scheduler --dry-run",
        "remove cache",
        "add redis",
        "add --no-interactive",
        "add ingress",  # last, for it lands a conflict
    )
    shown_whole = lines if width > 40 else lines[:-1]  # it has a word that is wider
    for number, line in enumerate(shown_whole):
        seen.type(f'aegis {line}; echo "#"{number}')
        shown = seen.see(f"#{number}")
        shown = shown.rpartition(f'echo "#"{number}')[2]  # a dumb terminal can't be cleared
        assert not [code for code in seen.colours if UNREADABLE.fullmatch(code)]
        assert bool(seen.colours) == (environment == COLOUR)
        if line == "add ingress":
            project.git("cherry-pick", "--abort")
        ran = run_on_a_pipe(project, line)
        assert shown.split()[:-3] == ran.split(), shown


def run_on_a_pipe(project: Project, line: str) -> str:
    done = subprocess.run(
        [*AEGIS, *line.split()],
        cwd=project.path,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.stdout


@pytest.mark.parametrize("width", [40, 80, 120])
def test_init_is_a_conversation(
    tmp_path: Path, terminal: Callable[..., Terminal], width: int
) -> None:
    seen = terminal(tmp_path, width)
    seen.type("aegis init my-api")
    seen.see("Name my-api")
    seen.keys("!", "Enter")  # what is typed takes the place of the default
    # Before the next question, and once this one is asked again: until then a paste is typed.
    assert "Description" not in seen.see("needs a letter or a digit. Name !")
    seen.keys("C-u")
    seen.tmux("set-buffer", "my-api\nredis")
    seen.tmux("paste-buffer", "-p")  # no line of a paste answers the next question
    seen.keys("Enter")
    seen.see("Description A")
    seen.keys("Mine", "Enter")
    seen.see("Description Mine")
    seen.see("Components (space picks, enter ends)")
    seen.keys("Down", "Down", "Down", "Space")  # behind ai, auth and cache
    shown = seen.see("● database")
    assert "worker" in shown
    assert "(adds cache)" in shown
    seen.keys("Enter")
    shown = seen.see("Start it? (Y/n)")
    assert "Components database" in shown
    assert "would add database" in " ".join(shown.split())
    assert not (tmp_path / "my-api").exists()
    seen.keys("Enter")
    shown = seen.see("= 0")
    assert not [code for code in seen.colours if UNREADABLE.fullmatch(code)]
    typed = " ".join(shown.rpartition("next ")[2].split("= 0")[0].split())
    assert typed == "cd my-api && uv sync && uv run my-api-redis dev"
    made = Project(tmp_path / "my-api")
    assert made.subjects == ["Add database", f"Start my-api redis from aegis {NEWEST}"]


@pytest.mark.parametrize("question", ["Name", "Description", "Components", "Start it?"])
@pytest.mark.parametrize("key", ["C-c", "C-d"])
def test_a_question_that_is_left_writes_nothing(
    tmp_path: Path, terminal: Callable[..., Terminal], question: str, key: str
) -> None:
    seen = terminal(tmp_path, 80)
    before = {*tmp_path.iterdir()}
    seen.type("aegis init my-api")
    for each in ("Name", "Description", "Components", "Start it?"):
        seen.see(f"{each}")
        if each == question:
            break
        seen.keys("Enter")
    seen.keys(key)
    assert "error Interrupted. Nothing was written." in seen.see("= 130")
    assert {*tmp_path.iterdir()} == before


def test_no_ends_quietly_with_what_to_type(
    tmp_path: Path, terminal: Callable[..., Terminal]
) -> None:
    seen = terminal(tmp_path, 80)
    seen.type("aegis init my-api")
    for each in ("Name", "Description", "Components"):
        seen.see(each)
        seen.keys("Enter")
    seen.see("Start it?")
    seen.keys("n")
    shown = seen.see("= 0")
    assert "note nothing was written\nnext aegis init my-api" in shown
    assert "error" not in shown
    assert not (tmp_path / "my-api").exists()


def test_a_list_of_which_nothing_is_picked(start: Start, terminal: Callable[..., Terminal]) -> None:
    seen = terminal(start("ingress").path, 80)
    seen.type("aegis remove")
    shown = " ".join(seen.see("space picks").split())
    assert "ingress Reverse proxy: HTTPS" in shown
    seen.keys("Enter")
    assert "No component was picked." in seen.see("= 0")


@pytest.mark.parametrize(("key", "subject"), [("y", "Adopt"), ("n", "Mine")])
def test_adopt_asks_before_it_records(
    key: str, subject: str, start: Start, terminal: Callable[..., Terminal]
) -> None:
    project = start()
    project.git("rm", "--quiet", "aegis.toml")
    project.commit("Mine")
    shown = terminal(project.path, 80)
    shown.type("aegis adopt")
    asked = shown.see("Record this?")
    assert "100.0 % of its lines are here" in asked
    assert "project_name = my-api" in asked
    shown.keys(key, "Enter")
    shown.see("= 0")
    assert project.subjects[0].split()[0] == subject


@pytest.fixture
def waiting_git(tmp_path: Path) -> Iterator[dict[str, str]]:
    """The environment in which a git server sends nothing before `go` exists."""
    hook, config = tmp_path / "hook", tmp_path / "config"
    is_asked, may_go = (f"[ -e {tmp_path / name} ]" for name in ("asked", "go"))
    wait = f"touch {tmp_path}/asked; while {is_asked} && ! {may_go}; do sleep 0.1; done"
    hook.write_text(f'#!/bin/sh\n{wait}\nexec "$@"\n')
    hook.chmod(0o755)
    config.write_text(
        f"[user]\nname = Uma\nemail = u@example.org\n[uploadpack]\npackObjectsHook = {hook}\n"
    )
    yield {**COLOUR, "GIT_CONFIG_GLOBAL": str(config)}
    (tmp_path / "go").touch()  # who ended aegis alone has left git waiting


@pytest.mark.parametrize(("left_by", "code"), [("", 0), ("C-c", 130), ("TERM", 130)])
def test_a_slow_command_says_what_it_is_doing(
    fork: Project,
    tmp_path: Path,
    waiting_git: dict[str, str],
    terminal: Callable[..., Terminal],
    left_by: str,
    code: int,
) -> None:
    seen = terminal(tmp_path, 60, waiting_git)
    seen.type(f"aegis init mine -y --upstream {fork.path}")
    seen.see("Fetching /")
    assert not [code for code in seen.colours if UNREADABLE.fullmatch(code)]
    if left_by == "C-c":
        seen.keys("C-c")
    elif left_by:
        shell = seen.tmux("display-message", "-p", "#{pane_pid}").strip()
        subprocess.run(["pkill", f"-{left_by}", "-P", shell], check=True)
    else:
        (tmp_path / "go").touch()
    assert "Fetching" not in seen.see(f"= {code}")
    assert seen.tmux("display-message", "-p", "#{cursor_flag}") == "1\n"


@pytest.mark.parametrize("quietly", ["--quiet", "--json", "2>&1 | cat"])
def test_progress_is_for_a_person_at_a_terminal(
    fork: Project,
    tmp_path: Path,
    waiting_git: dict[str, str],
    terminal: Callable[..., Terminal],
    quietly: str,
) -> None:
    seen = terminal(tmp_path, 200, waiting_git)
    seen.type(f"aegis init mine -y --upstream {fork.path} {quietly}")
    until((tmp_path / "asked").exists)
    time.sleep(1)  # in which a line would come
    assert "Fetching" not in seen.tmux("capture-pane", "-p")
    (tmp_path / "go").touch()
    seen.see("= 0")


def test_a_check_has_the_terminal_for_itself(
    start: Start, terminal: Callable[..., Terminal]
) -> None:
    seen = terminal(start().path, 60)
    seen.type("aegis add worker --verify 'sleep 1; echo fine; sleep 1; echo all'")
    first, *lines = seen.see("= 0").splitlines()
    assert first.startswith("Checking the result: sleep 1;")
    assert lines[:2] == ["fine", "all"]
    assert "Add worker" in lines[2]


@pytest.mark.parametrize("program", ["aegis", "aegis-patch"])
def test_zsh_completes(
    start: Start, terminal: Callable[..., Terminal], tmp_path: Path, program: str
) -> None:
    needs("zsh")
    shown = terminal(start("worker").path, 80)
    shown.type(f"PATH={Path(sys.executable).parent}:$PATH exec zsh -f")
    shown.type(f"PS1='> '; autoload -Uz compinit; compinit -u -d {tmp_path}/dump")
    shown.type("source <(aegis completion zsh); clear; echo ready")
    shown.see("ready >")
    shown.tmux("send-keys", "-l", f"{program} rem")
    shown.keys("Tab")
    shown.see(f"{program} remove")
    shown.keys("Tab")
    shown.see("cache worker")
