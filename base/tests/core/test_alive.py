"""A process is alive while it is there and its event loop goes round."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from app.core import alive

ROOT = Path(__file__).parents[2]
CODE = """
import asyncio, sys
from app.core.alive import beat

async def loop():
    beat("clock")
    print("there", flush=True)
    sys.stdin.read()

asyncio.run(loop())
"""


@pytest.fixture
def clock(monkeypatch, tmp_path):
    """A process that said once that it is alive, and hangs since."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with subprocess.Popen(
        [sys.executable, "-c", CODE],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    ) as process:
        process.stdout.readline()
        yield process
        process.kill()


def check():
    """How the check ends, and what it says; in any case it imports nothing of the application."""
    command = [sys.executable, "-X", "importtime", "-m", "app", "clock", "status", "--alive"]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    lines = ran.stderr.splitlines()
    imported = {line.rpartition("|")[2].strip() for line in lines if line.startswith("import")}
    assert {name for name in imported if name.startswith("app")} == {
        "app",
        "app.core",
        "app.core.alive",
        "app.identity",
    }
    assert "typer" not in imported
    return ran.returncode, [line for line in lines if not line.startswith("import")]


def test_it_is_alive_until_its_loop_hangs_for_long(clock):
    assert check() == (0, [])
    (file,) = Path(os.environ["TMPDIR"]).iterdir()
    os.utime(file, (0, time.time() - alive.AGE))
    assert check() == (1, ["clock: no sign of life in the last 30 s"])


def test_killed_it_is_dead_at_once_though_its_file_is_new(clock):
    clock.kill()
    clock.wait()
    (file,) = Path(os.environ["TMPDIR"]).iterdir()
    assert time.time() - file.stat().st_mtime < alive.AGE
    assert check()[0] == 1


def test_one_that_never_was_is_not(monkeypatch, tmp_path):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    assert check()[0] == 1


def test_where_none_can_be_left_the_work_goes_on(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("TMPDIR", str(tmp_path / "missing"))
    alive.beat("clock")
    alive.beat("clock")
    assert capsys.readouterr().err.count("clock: no sign of life") == 1
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    (tmp_path / "victim").touch()
    os.symlink(tmp_path / "victim", alive._file("clock"))
    alive.beat("clock")
    assert not alive.alive("clock")
