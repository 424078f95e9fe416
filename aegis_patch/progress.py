"""What the command is doing now, for a person who waits: `terminal.waiting` shows it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple


class Task(NamedTuple):
    """What is being done; `shared`: another process may print or ask on the terminal meanwhile."""

    what: str = ""
    shared: bool = False


_Watcher = Callable[[Task], None]
_watchers: list[_Watcher] = []
_tasks = [Task()]


@contextmanager
def doing(what: str, *, shared: bool = False) -> Iterator[None]:
    """Name what a block does; nothing is printed within it, unless it is `shared` or unnamed."""
    _tasks.append(Task(what, shared))
    _announce()
    try:
        yield
    finally:
        _tasks.pop()
        _announce()


@contextmanager
def watched_by(watcher: _Watcher) -> Iterator[None]:
    """Call a function whenever the task changes."""
    _watchers.append(watcher)
    try:
        yield
    finally:
        _watchers.remove(watcher)


def _announce() -> None:
    for watcher in _watchers:
        watcher(_tasks[-1])
