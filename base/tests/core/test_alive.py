"""A process is alive for as long as its event loop goes round."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from app.core import alive

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _apart(monkeypatch, tmp_path):
    monkeypatch.setenv("TMPDIR", str(tmp_path))


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


def test_it_is_alive_until_its_last_beat_is_old():
    assert check()[0] == 1
    alive.beat("clock")
    assert check() == (0, [])
    os.utime(alive._file("clock"), (0, time.time() - alive.AGE))
    assert check() == (1, ["clock: no sign of life in the last 30 s"])
    alive.beat("clock")
    assert alive.alive("clock")


def test_where_none_can_be_left_the_work_goes_on(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("TMPDIR", str(tmp_path / "missing"))
    alive.beat("clock")
    alive.beat("clock")
    assert capsys.readouterr().err.count("clock: no sign of life") == 1


def test_the_file_of_somebody_else_is_left_alone(tmp_path):
    (tmp_path / "victim").touch()
    os.utime(tmp_path / "victim", (0, 0))
    os.symlink(tmp_path / "victim", alive._file("clock"))
    alive.beat("clock")
    assert not alive.alive("clock")
