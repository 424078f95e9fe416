"""Nothing that a test run starts outlives it, however the run ends: done, cut off or killed.

A keeper, a process of its own, waits for the end of the run, and then ends whatever is left of what
the run had started: servers in sessions of their own, daemons, and what those started.
"""

from __future__ import annotations

import ctypes
import os
import resource
import secrets
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

PATIENCE = 10.0
"""Seconds that a process may take to end before it is killed."""
PR_SET_PDEATHSIG = 1
_kept: list[object] = []  # as long as this process lives


def pytest_configure() -> None:
    """Start the keeper of this process; each worker of xdist has one of its own."""
    if not hasattr(resource, "RLIMIT_RTTIME"):
        return
    mark = secrets.randbits(60) + 2**61
    reader, writer = os.pipe()
    keeper = subprocess.Popen(
        [sys.executable, "-S", __file__, str(mark)], stdin=reader, start_new_session=True
    )
    os.close(reader)
    os.register_at_fork(after_in_child=lambda: os.close(writer))
    _kept.extend([keeper, writer])
    if "PYTEST_XDIST_WORKER" in os.environ:  # may hang in a test when the run is gone
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    # A limit that limits nothing is inherited by all, and no one can take it out: Redis and
    # PostgreSQL write over their environment, leave their session, and lose their parent.
    _mark(mark)


def _mark(mark: int) -> None:
    most = resource.getrlimit(resource.RLIMIT_RTTIME)[1]
    resource.setrlimit(resource.RLIMIT_RTTIME, (mark, most))


def marked(mark: str) -> set[int]:
    """The living processes with a mark."""
    found = set()
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            limits = (process / "limits").read_text()
            is_dead = (process / "stat").read_text().rpartition(")")[2].split()[0] in "ZX"
            if mark in limits.split() and not is_dead:
                found.add(int(process.name))
    return found


def main(mark: str) -> None:
    """Wait until nobody can write to standard input any more, then end what has the mark."""
    _mark(resource.getrlimit(resource.RLIMIT_RTTIME)[1])  # no longer of the run that started it
    sys.stdin.read()
    for number in (signal.SIGTERM, signal.SIGKILL):
        told: set[int] = set()
        until = time.monotonic() + PATIENCE
        while (left := marked(mark)) and time.monotonic() < until:
            for process in left - told:
                with suppress(OSError):
                    os.kill(process, number)
            told |= left
            time.sleep(0.1)


if __name__ == "__main__":
    main(sys.argv[1])
