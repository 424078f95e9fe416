"""`dev`: the server, the processes beside it, and the servers that they need."""

import fcntl
import os
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import IO

import httpx
import pytest
from typer.testing import CliRunner

from app.cli import cli
from app.cli.dev import CHANGED, _watched
from app.core import settings, tied
from app.core.settings import BadSettingsError
from tests.conftest import ended, until

CLOCK = """
from app.core.component import Component
component = Component(
    name="clock", title="Clock", summary="Tells the time.",
    process=("clock", "run"), server="app.components.clock.parts:server",
    cli="app.components.clock.parts:cli",
)
"""
PARTS = """
import fcntl, os, time
from contextlib import contextmanager
from pathlib import Path
import typer
from pydantic_settings import SettingsConfigDict
from app.core.settings import EnvSettings, Settings, read

cli = typer.Typer()

class ClockSettings(EnvSettings):
    model_config = SettingsConfigDict(env_prefix="CLOCK_")
    url: str = ""

@cli.callback()
def clock(): pass

@cli.command()
def run():
    lock = open("lock", "w")
    fcntl.flock(lock, fcntl.LOCK_EX)
    Path("ran").write_text(f"{read(ClockSettings).url}:{read(Settings).port}")
    time.sleep(600)

@contextmanager
def server():
    try:
        yield {"CLOCK_URL": "clock://here"}
    finally:
        Path("stopped").touch()
"""


def project(path: Path) -> Path:
    """A copy of this application, alone but for the clock: code outside may import the others."""
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(Path(settings.__file__).parent.parent, path / "app", ignore=ignored)
    for init in (path / "app/components").glob("*/__init__.py"):
        init.write_text(init.read_text() + "component = None\n")
    clock = path / "app/components/clock"
    clock.mkdir()
    (clock / "__init__.py").write_text(CLOCK)
    (clock / "parts.py").write_text(PARTS)
    return path


def save(file: Path, source: str) -> None:
    """At once, so that whoever watches does not see half of it."""
    part = file.with_suffix(".part")
    part.write_text(source)
    part.replace(file)


def start(path: Path, log: IO[str]) -> tuple[subprocess.Popen[bytes], str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    running = tied.start(
        [sys.executable, "-m", "app", "dev", "--port", str(port)],
        cwd=path, stdout=log, stderr=log, env={**os.environ, "APP_ENV": "development"},
        start_new_session=True,
    )  # fmt: skip
    return running, f"http://127.0.0.1:{port}/health/live"


def answers(url: str) -> bool:
    try:
        return httpx.get(url, trust_env=False).is_success
    except httpx.HTTPError:
        return False


def test_all_of_it_runs_and_all_of_it_ends(tmp_path):
    path = project(tmp_path / "copy")
    log = (tmp_path / "log").open("w+")
    running, url = start(path, log)
    try:
        until(lambda: running.poll() is not None or answers(url))
        if running.poll() is not None:  # somebody took its port before it did
            running, url = start(path, log)
        until(lambda: answers(url))
        here = f"clock://here:{httpx.URL(url).port}"
        until(lambda: (path / "ran").exists() and (path / "ran").read_text() == here)
        twice = subprocess.run(
            [sys.executable, "-m", "app", "dev"], cwd=path, capture_output=True, text=True
        )
        assert (twice.returncode, f"process {running.pid}" in twice.stderr) == (2, True)
        (path / "app/components/bell").mkdir()
        (path / "app/components/bell/__init__.py").touch()
        until(lambda: CHANGED in (tmp_path / "log").read_text())
        running.send_signal(signal.SIGTERM)
        ended(running)
        assert (path / "stopped").exists()
        assert not (path / "data/dev.env").exists()
        assert not answers(url)
    finally:
        if running.poll() is None:
            os.killpg(running.pid, signal.SIGKILL)
        running.wait()
        log.seek(0)
        print(log.read())


def test_killed_it_leaves_nothing_behind(tmp_path):
    path = project(tmp_path / "copy")
    with (tmp_path / "log").open("w+") as log:
        running, url = start(path, log)
        try:
            until(lambda: answers(url) and (path / "ran").exists())
            assert is_locked(path / "lock")
        finally:
            running.kill()
            running.wait()
        until(lambda: not answers(url) and not is_locked(path / "lock"))
    look = "from app.core.settings import Settings, read; print(read(Settings).port)"
    said = subprocess.check_output([sys.executable, "-c", look], cwd=path)
    assert ((path / "data/dev.env").exists(), int(said)) == (True, 8000), "it counts no more"


def is_locked(file: Path) -> bool:
    """Whether a process has it that is not dead; one that is may still have its number."""
    with file.open() as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def test_a_process_that_is_broken_starts_again_once_it_is_mended(tmp_path):
    path = project(tmp_path / "copy")
    parts = path / "app/components/clock/parts.py"
    said = tmp_path / "said"
    with said.open("w") as log:
        watch = tied.start(_watched(("clock", "run")), cwd=path, stderr=log)
    with watch:
        until((path / "ran").exists)
        (path / "ran").unlink()
        save(parts, "raise RuntimeError('no hands')")
        until(lambda: "no hands" in said.read_text())
        save(parts, PARTS)
        until((path / "ran").exists)
    assert not is_locked(path / "lock")


def test_told_to_end_while_a_server_starts_it_ends_that_too(tmp_path):
    path = project(tmp_path / "copy")
    parts = path / "app/components/clock/parts.py"
    told = "os.kill(os.getpid(), 15); time.sleep(600); yield"
    parts.write_text(PARTS.replace("yield", told))
    command = [sys.executable, "-m", "app", "dev", "--port", "0"]
    done = subprocess.run(command, cwd=path, env={**os.environ, "APP_ENV": "development"})
    assert done.returncode == 0
    assert (path / "stopped").exists()
    assert not (path / "data/dev.env").exists()


@pytest.mark.usefixtures("alone")
def test_not_in_production(monkeypatch):
    monkeypatch.setenv("APP_ENV", "production")
    monkeypatch.setattr("app.cli.dev.check_settings", pytest.fail)  # one reason is enough
    result = CliRunner().invoke(cli, ["dev"])
    assert isinstance(result.exception, BadSettingsError)
    assert "development" in str(result.exception)
