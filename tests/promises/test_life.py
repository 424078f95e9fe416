"""Whole lives of projects, by chance: nothing that a user wrote is lost on the way.

Each line that the user writes has a word of its own, and each step is held against the words: see
tests/promises/lives/. A life that fails tells its seed and all that happened in it. To live others:

    AEGIS_LIVES=500:600 pytest -m long tests/promises/test_life.py
"""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from tests.promises.lives import life, steps
from tests.promises.lives.life import Life

FIRST, LAST = (int(seed) for seed in os.environ.get("AEGIS_LIVES", "100:110").split(":"))


@pytest.fixture(autouse=True)
def _outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """Time goes by in a life, and is put back; what is said stands in whole lines."""
    monkeypatch.setenv("COLUMNS", "400")
    for who in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{who}_DATE", os.environ[f"GIT_{who}_DATE"])


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_life(tmp_path: Path, seed: int) -> None:
    lived(tmp_path, seed, count=20)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(FIRST, LAST))
def test_many_lives(tmp_path: Path, seed: int) -> None:
    lived(tmp_path, seed, count=40)


def lived(tmp_path: Path, seed: int, count: int) -> Life:
    """A life of so many steps; where it breaks a promise, all of its story."""
    one = life.begin(tmp_path / "my-api", random.Random(seed))
    try:
        steps.live(one, count)
    except AssertionError as error:
        told = "\n".join(one.told)
        pytest.fail(f"in life {seed}:\n{told}\n{error}")
    return one
