"""scratch.py: where everything is computed first."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from aegis_patch.objects.scratch import scratch


def test_the_store_of_a_killed_process_is_swept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    killed, unlocked, new, other = (
        tmp_path / f"aegis-{name}" for name in ("scratch-1", "scratch-2", "scratch-3", "mine")
    )
    for place in (killed, unlocked, new, other):
        (place / "objects").mkdir(parents=True)
    (killed / "in-use").touch()
    for place in (killed, unlocked, other):
        os.utime(place, (0, 0))
    with scratch([]) as used:
        assert {*tmp_path.iterdir()} == {new, other, Path(used.path)}
        os.utime(used.path, (0, 0))
        with scratch([]):
            assert Path(used.path).exists()
    assert {*tmp_path.iterdir()} == {new, other}


def test_only_a_directory_of_ones_own_is_swept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Anybody can put a link, or a directory of theirs, into /dev/shm."""
    home, shared = tmp_path / "home", tmp_path / "shared"
    theirs = shared / "aegis-scratch-theirs"
    for place in (home, theirs):
        place.mkdir(parents=True)
        (place / "work").touch()
        os.utime(place, (0, 0))
    (shared / "aegis-scratch-link").symlink_to(home)
    is_theirs = os.geteuid() == 0  # else nobody can give away what is theirs
    if is_theirs:
        os.chown(theirs, 65534, -1)
    monkeypatch.setenv("TMPDIR", str(shared))
    monkeypatch.setattr("tempfile.tempdir", None)
    with scratch([]):
        pass
    assert [*home.iterdir()] == [home / "work"]
    assert theirs.exists() == is_theirs


def test_the_store_of_a_process_goes_with_its_lock(tmp_path: Path) -> None:
    """However it ends: the kernel lets go of the lock."""
    code = "from aegis_patch.objects.scratch import scratch\nwith scratch([]): print(); input()"
    env = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen(
        [sys.executable, "-c", code], env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout
        process.stdout.readline()
        (left,) = tmp_path.iterdir()
        os.utime(left, (0, 0))
        look = [sys.executable, "-c", code.replace("; input()", "")]
        subprocess.run(look, env=env, check=True)
        assert left.exists()
        process.kill()
    subprocess.run(look, env=env, check=True)
    assert not left.exists()
