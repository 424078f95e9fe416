"""A process leaves a sign of life for as long as its event loop goes round."""

import os

import pytest

from app.core import alive


@pytest.fixture(autouse=True)
def _apart(monkeypatch, tmp_path):
    monkeypatch.setenv("TMPDIR", str(tmp_path))


def test_each_beat_touches_the_same_file(tmp_path):
    alive.beat("clock")
    [file] = tmp_path.iterdir()
    os.utime(file, (0, 0))
    alive.beat("clock")
    assert file.match("*-clock-*.alive")
    assert file.stat().st_mtime > 0


def test_where_none_can_be_left_the_work_goes_on(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("TMPDIR", str(tmp_path / "missing"))
    alive.beat("clock")
    alive.beat("clock")
    assert capsys.readouterr().err.count("clock: no sign of life") == 1


def test_the_file_of_somebody_else_is_left_alone(tmp_path):
    alive.beat("clock")
    [file] = tmp_path.iterdir()
    file.rename(tmp_path / "victim")
    os.utime(tmp_path / "victim", (0, 0))
    file.symlink_to(tmp_path / "victim")
    alive.beat("clock")
    assert (tmp_path / "victim").stat().st_mtime == 0
