"""Processes that end with the one that started them, even if that is killed.

    with tied.start(["redis-server"]) as process: ...

Nothing runs any more in a process that is killed, but its pipes close. A shell beside the command
waits for that, and then asks the command to end. Both are in a group of their own: for as long as
the shell is in it, no other process gets the command's number.
"""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_COMMAND = """
exec 3<&0 </dev/null
{ read -r _ <&3; kill $$; } >/dev/null 2>&1 &
exec "$@" 3<&-
"""


def start(command: list[str], **options: Any) -> "subprocess.Popen[bytes]":
    """As Popen; the command is sent SIGTERM when its standard input closes, as `with` does."""
    return subprocess.Popen(  # noqa: S603
        ["/bin/sh", "-c", _COMMAND, "sh", *command],
        stdin=subprocess.PIPE,
        process_group=None if options.get("start_new_session") else 0,
        **options,
    )


@contextmanager
def left_to_us(process: int) -> Iterator[None]:
    """While this is open, a process that is not our child is told to end if we are killed."""
    command = ["/bin/sh", "-c", 'read -r _; kill "$1"', "sh", str(process)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, process_group=0) as shell:  # noqa: S603
        try:
            yield
        finally:
            shell.kill()
