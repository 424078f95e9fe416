"""`make quick` runs the tests that start no process."""

import subprocess
import sys

QUICK = [sys.executable, "-m", "pytest", "--quick", "-n", "2", "-p", "no:cacheprovider", __file__]


def test_that_starts_none():
    assert QUICK


def test_that_is_skipped_by_what_it_starts():
    ran = subprocess.run(QUICK, capture_output=True, text=True, check=True)
    assert "1 passed, 1 skipped" in ran.stdout
