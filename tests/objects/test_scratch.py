"""scratch.py: where everything is computed first."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from aegis_patch.objects.scratch import scratch


def test_the_store_of_a_killed_process_is_swept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    old, new, other = (tmp_path / f"aegis-{name}" for name in ("scratch-1", "scratch-2", "mine"))
    for place in (old, new, other):
        (place / "objects").mkdir(parents=True)
    for place in (old, other):
        os.utime(place, (0, 0))
    with scratch([]):
        assert not old.exists()
    assert {*tmp_path.iterdir()} == {new, other}
