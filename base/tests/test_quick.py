"""`make quick` runs the tests that start no process."""

import subprocess
import sys

PROCESSES = ["-n", "auto", "--maxprocesses", "4", "-p", "no:cacheprovider"]
QUICK = [sys.executable, "-m", "pytest", "--quick", *PROCESSES, __file__]


def test_that_starts_none():
    assert QUICK


def test_that_is_skipped_by_what_it_starts():
    ran = subprocess.run(QUICK, capture_output=True, text=True, check=True)
    assert "1 passed, 1 skipped" in ran.stdout
