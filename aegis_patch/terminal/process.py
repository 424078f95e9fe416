"""How the process of a command starts and ends."""

from __future__ import annotations

import atexit
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NoReturn, TextIO


def begin() -> None:
    """Have all three streams; those and names are UTF-8, as git's are, whatever the locale."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:  # it was closed from the start, as in some services
            nowhere = os.open(os.devnull, os.O_RDWR)  # it gets the number of the stream
            os.set_inheritable(nowhere, True)
            setattr(sys, name, os.fdopen(nowhere, mode))
        stream = getattr(sys, name)
        if stream.encoding != "utf-8":
            stream.reconfigure(encoding="utf-8", errors=stream.errors)
    if sys.getfilesystemencoding() != "utf-8":
        os.execv(sys.executable, [sys.executable, "-X", "utf8", *sys.orig_argv[1:]])


def end(code: int) -> NoReturn:
    """Leave without tearing everything down; registered exit handlers run."""
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError):  # nobody reads it any more
            stream.flush()
    os._exit(code)


@contextmanager
def open_ended(name: str) -> Iterator[None]:
    """Let a reader of the output close it early, as `head` does; the rest is dropped."""
    before = getattr(sys, name)
    setattr(sys, name, _OpenEnded(before))
    try:
        yield
    finally:
        with suppress(OSError):
            getattr(sys, name).flush()
        setattr(sys, name, before)


class _OpenEnded:
    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        with self._dropping():
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        with self._dropping():
            self._stream.flush()

    @contextmanager
    def _dropping(self) -> Iterator[None]:
        try:
            yield
        except BrokenPipeError:
            with Path(os.devnull).open("w") as nowhere:
                os.dup2(nowhere.fileno(), self._stream.fileno())
