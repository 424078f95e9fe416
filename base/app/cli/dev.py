"""`dev`: all of it in one terminal, with the servers that it needs and nobody has set up."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Annotated, Any

import typer

from app.core import settings, tied
from app.core.component import check_settings, discover, load
from app.core.settings import BadSettingsError, Settings, read

PATIENCE = 40.0
"""Seconds that a process may take to end what it is at."""


def dev(
    host: Annotated[str | None, typer.Option(help="Address to listen on [HOST].")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on [PORT].")] = None,
) -> None:
    """Run the server and everything it needs; restart on code changes."""
    _refuse_twice()
    settings.DEV_FILE.unlink(missing_ok=True)
    core = read(Settings)
    if core.app_env == "production":
        raise BadSettingsError(["APP_ENV: dev is for development; use containers in production"])
    check_settings()
    told = Told()
    told.heeded = False
    at, where = host or core.host, core.port if port is None else port
    _refuse_taken(at, where)
    with _servers():
        commands = [_app("serve", "--reload", "--host", at, "--port", str(where))]
        commands += [_watched(found.process) for found in discover() if found.process]
        print(f"http://{at}:{where}/dashboard", flush=True)
        raise typer.Exit(_run(commands, told))


@contextmanager
def _servers() -> Iterator[None]:
    """What the components need running; every command finds it while this is open."""
    settings.DEV_FILE.parent.mkdir(exist_ok=True)
    told = [f"# Written by dev, process {os.getpid()}."]
    try:
        with ExitStack() as stack:
            for component in discover():
                if component.server:
                    for variable, value in stack.enter_context(load(component.server)()).items():
                        print(f"{component.name}: {variable} is not set; using {value}")
                        told.append(f'{variable}="{value}"')
                settings.DEV_FILE.write_text("\n".join([*told, ""]))
                settings.forget()
            yield
    finally:
        settings.DEV_FILE.unlink(missing_ok=True)


def _app(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "app", *arguments]


def _watched(process: tuple[str, ...]) -> list[str]:
    return [sys.executable, "-m", "app.cli.watch", *process]


def _run(commands: list[list[str]], told: "Told") -> int:
    """Until one of them ends, or we are told to; then none is left. The exit code of that one."""
    told.heeded = True
    # In groups of their own: the terminal tells us, and we tell them once, or they would hurry.
    running = [tied.start(command) for command in commands]
    while not told.is_set() and all(process.poll() is None for process in running):
        time.sleep(0.1)
    code = next((code for process in running if (code := process.poll()) is not None), 0)
    for process in running:
        process.terminate()
    for process in running:
        see_gone(process, 2 * PATIENCE)  # one that watches another has to be patient itself
    told.heeded = False
    return code


class Told:
    """Whether this process is told to end, from now on.

    No KeyboardInterrupt: it may come between a process that was started and the variable for it,
    and Python drops one that comes in a finalizer or amid an import. Nor a threading.Event: who
    waits for one holds its lock at times, which a handler of signals would then wait for, for ever.
    """

    def __init__(self) -> None:
        self._is_set = False
        self.heeded = True
        """Whether somebody looks; if not, being told again interrupts what may hang."""
        # Interrupts as well: a shell has its background processes ignore them.
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._tell)

    def is_set(self) -> bool:
        return self._is_set

    def _tell(self, *_: object) -> None:
        if self._is_set and not self.heeded:
            raise KeyboardInterrupt
        self._is_set = True


def see_gone(process: subprocess.Popen[Any], patience: float = PATIENCE) -> None:
    """Wait for a process that was told to end, and end it after `patience` seconds."""
    try:
        process.wait(patience)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdin:
        process.stdin.close()


def _refuse_twice() -> None:
    try:
        pid = int(settings.DEV_FILE.read_text().split("process ")[1].split(".")[0])
        os.kill(pid, 0)
    except (OSError, ValueError, IndexError):
        return
    raise BadSettingsError([f"dev is already running here, as process {pid}"])


def _refuse_taken(host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        socket.create_server((host, port), family=family).close()
    except OSError as error:
        why = f"{host}:{port} is not available, {(error.strerror or str(error)).lower()}"
        raise BadSettingsError([f"PORT: {why}; choose another with --port"]) from error
