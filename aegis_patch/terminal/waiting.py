"""A line on the terminal that says what a command is doing, once it takes half a second.

It is drawn by rich, which only a timer imports: a quick command never does.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from aegis_patch import progress
from aegis_patch.progress import Task
from aegis_patch.terminal.screen import plain

if TYPE_CHECKING:
    from rich.status import Status

PATIENCE = 0.5  # seconds


@contextmanager
def shown() -> Iterator[None]:
    """Show on the terminal what a command is doing."""
    line = _Line()
    timer = threading.Timer(PATIENCE, line.begin)
    timer.daemon = True
    timer.start()
    try:
        with progress.watched_by(line.follow):
            yield
    finally:
        timer.cancel()
        line.follow(Task())


class _Line:
    """The line of the current task: at first only remembered, later drawn."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._task = Task()
        self._is_late = False
        self._drawn: Status | None = None

    def begin(self) -> None:
        """Draw from now on."""
        import rich.status  # noqa: F401  takes long, and the command goes on meanwhile

        with self._lock:
            self._is_late = True
            self._draw()

    def follow(self, task: Task) -> None:
        """Another task, or none, has begun; the line of the previous one vanishes."""
        with self._lock:
            if self._drawn:
                self._drawn.stop()
                self._drawn = None
            self._task = task
            if task.shared:
                print(plain(task.what), file=sys.stderr)  # and what the process prints below
            elif self._is_late:
                self._draw()

    def _draw(self) -> None:
        from rich.console import Console
        from rich.status import Status
        from rich.text import Text

        if self._task.what and not self._task.shared:
            console = Console(stderr=True)
            text = Text(plain(self._task.what))
            text.truncate(console.width - 4, overflow="ellipsis")
            self._drawn = Status(text, console=console)
            self._drawn.start()
