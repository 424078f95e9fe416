"""Processes that end with the one that started them, even if that is killed.

    with tied.start(["redis-server"]) as process: ...

A killed process can't clean up, but its pipes close. A shell beside the command waits for that, and
then ends the command. Both are in a group of their own: as long as the shell is in it, no other
process gets the command's number.
"""

import subprocess
from typing import Any

_COMMAND = """
exec 3<&0 </dev/null
{ read -r _ <&3; kill $$; } >/dev/null 2>&1 &
exec "$@" 3<&-
"""


def start(command: list[str], **options: Any) -> "subprocess.Popen[bytes]":
    """Like Popen; the command is sent SIGTERM when its standard input closes, as `with` does."""
    return subprocess.Popen(  # noqa: S603 - a command of ours, in a list
        ["/bin/sh", "-c", _COMMAND, "sh", *command],
        stdin=subprocess.PIPE,
        process_group=None if options.get("start_new_session") else 0,
        **options,
    )
