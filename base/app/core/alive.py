"""A process's sign of life, for a container's own check: `python -m app scheduler status --alive`.

The process holds a lock on a file, which ends with it at once, whatever file stays behind; and its
event loop touches the file, which grows old when that hangs. The check imports nothing of the
application: it costs what Python's start costs.
"""

import fcntl
import os
import sys
import time
from typing import NoReturn

from app.identity import SLUG

AGE = 30.0
"""Seconds after its last beat for which a process is taken to be alive."""
_held: dict[str, int] = {}
_failed: set[str] = set()


def beat(name: str) -> None:
    """Say that the event loop of this process goes round; to be called from there."""
    file = _file(name)
    try:
        if file not in _held:
            _held[file] = os.open(file, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o644)
            fcntl.flock(_held[file], fcntl.LOCK_SH)
        os.utime(_held[file])
    except OSError as error:  # the work goes on; the container's check will say no
        if file not in _failed:
            _failed.add(file)
            sys.stderr.write(f"{name}: no sign of life, {file}: {error.strerror}\n")


def check(name: str) -> NoReturn:
    """Exit 0 if such a process of this project is alive on this machine."""
    sys.exit(None if alive(name) else f"{name}: no sign of life in the last {AGE:g} s")


def alive(name: str) -> bool:
    """Whether it is."""
    try:
        asked = os.open(_file(name), os.O_RDONLY)
    except OSError:
        return False
    try:
        fcntl.flock(asked, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:  # somebody holds it
        return time.time() - os.fstat(asked).st_mtime < AGE
    finally:
        os.close(asked)
    return False


def _file(name: str) -> str:
    """Not in the folder `data`, which containers share; each user has one."""
    place = os.environ.get("TMPDIR", "/tmp")  # noqa: S108
    return os.path.join(place, f"{SLUG}-{name}-{os.getuid()}.alive")
