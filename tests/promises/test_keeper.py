"""No server outlives a test run, however the run ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests import servers
from tests.conftest import ROOT
from tests.keeper import marked

SUITE = """
import os, resource, subprocess, time
from pathlib import Path
from tests import servers

def test_servers():
    with servers.redis_server():
        apart = ["redis-server", "--port", "0", "--unixsocket", "socket"]
        apart = subprocess.Popen(apart, start_new_session=True)
        subprocess.run(["sh", "-c", "setsid sleep 1000 &"])
        Path("part").write_text(f"{os.getpid()} {resource.getrlimit(resource.RLIMIT_RTTIME)[0]}")
        Path("part").rename("running")
        time.sleep(1000)
"""


@pytest.mark.parametrize(
    ("whom", "number", "workers"),
    [
        ("run", signal.SIGKILL, "0"),
        ("run", signal.SIGINT, "0"),
        ("run", signal.SIGKILL, "1"),
        ("worker", signal.SIGKILL, "1"),
    ],
)
def test_a_run_that_is_cut_off_leaves_no_server(
    tmp_path: Path, whom: str, number: signal.Signals, workers: str
) -> None:
    (tmp_path / "test_it.py").write_text(SUITE)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    run = subprocess.Popen(
        [sys.executable, "-m", "pytest", "-q", "-p", "tests.keeper", "-n", workers, "test_it.py"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PATH": path},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        servers.until((tmp_path / "running").exists)
        worker, mark = (tmp_path / "running").read_text().split()
        servers.until(lambda: len(marked(mark)) == 4)  # the run's own process, and three servers
        os.kill(run.pid if whom == "run" else int(worker), number)
        servers.until(lambda: not marked(mark))
    finally:
        run.kill()
        run.wait()
