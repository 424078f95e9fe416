"""`dev`: everything in one terminal, with the servers that it needs and nobody has set up."""

import os
import shlex
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Annotated

import typer

from app.core import settings, tied
from app.core.component import check_settings, discover, load, packages
from app.core.settings import BadSettingsError, Settings, read

CHANGED = "The components have changed: stop this with Ctrl+C, then type `make serve`."


def dev(
    host: Annotated[str | None, typer.Option(help="Address to listen on [HOST].")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on [PORT].")] = None,
) -> None:
    """Run the server and everything it needs; restart on code changes."""
    if pid := settings.dev_process():
        raise BadSettingsError([f"dev is already running here, as process {pid}"])
    if (core := read(Settings)).app_env == "production":
        raise BadSettingsError(["APP_ENV: dev is for development; use containers in production"])
    check_settings()
    at, where = host or core.host, core.port if port is None else port
    # SIGINT too: a shell makes its background processes ignore it.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    with suppress(KeyboardInterrupt), _servers(where):
        commands = [_app("serve", "--reload", "--host", at, "--port", str(where))]
        commands += [_watched(found.process) for found in discover() if found.process]
        print(f"http://{at}:{where}/dashboard", flush=True)
        raise typer.Exit(_run(commands))


@contextmanager
def _servers(port: int) -> Iterator[None]:
    """The servers that components need; every command finds them, and the port, while this runs."""
    settings.DEV_FILE.parent.mkdir(exist_ok=True)
    told = f'# Written by dev, process {os.getpid()}.\nPORT="{port}"\n'
    try:
        with ExitStack() as stack:
            settings.DEV_FILE.write_text(told)
            for component in discover():
                if component.server:
                    for variable, value in stack.enter_context(load(component.server)()).items():
                        print(f"{component.name}: {variable} is not set; using {value}")
                        told += f'{variable}="{value}"\n'
                    settings.DEV_FILE.write_text(told)
                    settings.forget()
            yield
    finally:
        settings.DEV_FILE.unlink(missing_ok=True)


def _app(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "app", *arguments]


def _watched(process: tuple[str, ...]) -> list[str]:
    """Restarts a command when the code changes, even one that has ended by then."""
    watch = [sys.executable, "-m", "watchfiles", "--filter", "python", "--verbosity", "warning"]
    return [*watch, shlex.join(_app(*process)), "app"]


def _run(commands: list[list[str]]) -> int:
    """Run until one of them ends, or somebody ends us; the exit code of the first to end."""
    with ExitStack() as stack, suppress(KeyboardInterrupt):
        # In groups of their own, so that Ctrl-C reaches them once, through us.
        running = [stack.enter_context(tied.start(command)) for command in commands]
        plugged = packages()
        while all(process.poll() is None for process in running):
            time.sleep(0.1)
            if plugged != packages():
                plugged = packages()
                print(CHANGED, file=sys.stderr, flush=True)
        return next(code for process in running if (code := process.poll()) is not None)
    return 0
