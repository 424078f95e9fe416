"""A process's sign of life, for a container's health check: a file that its event loop touches.

The file grows old when the loop hangs or the process dies. The check loads none of our code:

    find /tmp/*-worker-*.alive -mmin -0.5 | grep -q .
"""

import os
import sys

from app.identity import SLUG

_failed: set[str] = set()


def beat(name: str) -> None:
    """Touch the file; called from the event loop."""
    place = os.environ.get("TMPDIR", "/tmp")  # noqa: S108 - not `data`, which containers share
    path = os.path.join(place, f"{SLUG}-{name}-{os.getuid()}.alive")
    try:
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW, 0o644)
        os.utime(file)
        os.close(file)
    except OSError as error:  # the work goes on; the container's check will say no
        if name not in _failed:
            _failed.add(name)
            sys.stderr.write(f"{name}: no sign of life, {path}: {error.strerror}\n")
