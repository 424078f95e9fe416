"""A process's sign of life, for a container's own check: `python -m app scheduler status --alive`.

The event loop of the process touches a file, which grows old when the loop hangs or the process
dies. The check imports nothing of the application: it costs what Python's start costs.
"""

import os
import sys
import time
from typing import NoReturn

from app.identity import SLUG

AGE = 30.0
"""Seconds after its last beat for which a process is taken to be alive."""
_failed: set[str] = set()


def beat(name: str) -> None:
    """Say that the event loop of this process goes round; to be called from there."""
    try:
        file = os.open(_file(name), os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW, 0o644)
        os.utime(file)
        os.close(file)
    except OSError as error:  # the work goes on; the container's check will say no
        if name not in _failed:
            _failed.add(name)
            sys.stderr.write(f"{name}: no sign of life, {_file(name)}: {error.strerror}\n")


def check(name: str) -> NoReturn:
    """Exit 0 if such a process of this project is alive on this machine."""
    sys.exit(None if alive(name) else f"{name}: no sign of life in the last {AGE:g} s")


def alive(name: str) -> bool:
    """Whether it is."""
    try:
        return time.time() - os.stat(_file(name)).st_mtime < AGE
    except OSError:
        return False


def _file(name: str) -> str:
    """Not in the folder `data`, which containers share; each user has one."""
    place = os.environ.get("TMPDIR", "/tmp")  # noqa: S108
    return os.path.join(place, f"{SLUG}-{name}-{os.getuid()}.alive")
