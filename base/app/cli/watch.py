"""`python -m app.cli.watch worker run`: what `dev` runs for a process beside the server.

It starts a command of the project, and anew when the code changes. One that ends by itself is told
of once, with the last that it said, and waited for: the next change may be what mends it.
"""

import os
import shlex
import subprocess
import sys
import threading

from watchfiles import PythonFilter, watch

from app.cli.dev import Told, see_gone

LOOKS = 25
"""How often to look for the last word of what has ended; something that it left may speak on."""


def main() -> None:
    """Run the command that the arguments name, until told to stop."""
    changes = watch(
        "app", watch_filter=PythonFilter(), rust_timeout=200, yield_on_timeout=True,
        stop_event=Told(),
    )  # fmt: skip
    next(changes, None)  # It watches from here on: what is saved while the command starts counts.
    watched = Watched(sys.argv[1:])
    try:
        for changed in changes:
            if changed:
                watched.stop()
                watched = Watched(sys.argv[1:])
            watched.look()
    finally:
        watched.stop()


class Watched:
    """One run of a command. What it says on standard error is passed on, the last line kept."""

    def __init__(self, arguments: list[str]) -> None:
        self._name = shlex.join(arguments)
        # Whoever starts us may run the app as well: no more is done for them here.
        self._process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-m", "app", *arguments],
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            env=os.environ | ({"FORCE_COLOR": "1"} if sys.stderr.isatty() else {}),
        )
        self._last, self._looks, self._told = "", 0, False
        self._ears = threading.Thread(target=self._listen, daemon=True)
        self._ears.start()

    def look(self) -> None:
        """Say that it has ended, if it has: once."""
        code = self._process.poll()
        if code is None or self._told:
            return
        self._looks += 1
        if self._ears.is_alive() and self._looks < LOOKS:
            return
        self._told = True
        ended = f"`{self._name}` exited with code {code}"
        said = f"Last line: {self._last}" if self._last else "No output."
        print(f"{ended}; restarting on the next code change. {said}", file=sys.stderr)

    def stop(self) -> None:
        """Have it end what it is at, and see to it that it is gone."""
        self._process.terminate()  # as in production; an interrupt may be lost amid its imports
        see_gone(self._process)
        self._ears.join(1)

    def _listen(self) -> None:
        for line in self._process.stderr or ():
            sys.stderr.write(line)
            sys.stderr.flush()
            self._last = line.strip() or self._last


if __name__ == "__main__":
    main()
