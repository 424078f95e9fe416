"""What every test may use. A component's own: tests/components/<name>/conftest.py."""

import gc
import importlib
import os
import platform
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from subprocess import Popen
from typing import Any

import msgpack
import pytest
import yaml
from fastapi import FastAPI
from fastapi.testclient import TestClient
from flet.messaging.protocol import decode_ext_from_msgpack

import app.components
from app.backend import admin_session, credentials
from app.backend.main import create_app
from app.core import settings
from app.frontend import feed

WS = "ws://localhost/dashboard/ws"
PATIENCE = 120.0
LOOK = 0.05
"""Seconds between two looks. They are counted: a clock runs where the machine stands still, too."""
feed.INTERVAL = 0.1  # the dashboard takes it over when it is loaded, which is later


def pytest_addoption(parser: pytest.Parser) -> None:
    """`make quick` asks for it."""
    parser.addoption("--quick", action="store_true", help="skip tests that start a process")


def pytest_collection_finish(session: pytest.Session) -> None:
    """Skip a test when it starts a process, as pytest itself did before with `-n`."""

    def skip(event: str, _: object) -> None:
        if event == "subprocess.Popen" and threading.current_thread() is threading.main_thread():
            pytest.skip("starts a process")  # in a thread that would end a library's own work

    gc.collect()
    gc.freeze()  # what is imported by now stays, and need not be looked through again
    if session.config.getoption("quick"):
        platform.processor()  # a process once, and no more when a library asks for it
        sys.addaudithook(skip)


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Each test reads its settings anew, without the `.env` of whoever runs it."""
    monkeypatch.setattr(settings, "ENV_FILE", tmp_path / ".env")
    monkeypatch.setenv("ENV_FILE", str(tmp_path / ".env"))  # for the processes that a test starts
    monkeypatch.setattr(settings, "DEV_FILE", tmp_path / "data/dev.env")
    monkeypatch.setattr(admin_session, "SIGNED_OUT", tmp_path / "data/signed-out")
    for counted in (credentials.TOKENS, credentials.COOKIES):
        counted._wrong.clear()
    for variable in ("ssl_cert_file", *settings.Settings.model_fields):
        monkeypatch.delenv(variable.upper(), raising=False)
    monkeypatch.setenv("ALLOWED_HOSTS", "*")  # a test may call the server what it likes
    # Nobody is trusted: to read a system's certificates takes each HTTP client longer than a test.
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    settings.forget()
    yield
    settings.forget()


@pytest.fixture
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The core by itself, whatever else is plugged in and however that is."""
    monkeypatch.setattr(app.components, "__path__", [str(tmp_path)])
    for module in [name for name in sys.modules if name.startswith("app.components.")]:
        monkeypatch.delitem(sys.modules, module)
    yield
    for module in [name for name in sys.modules if name.startswith("app.components.")]:
        del sys.modules[module]


@pytest.fixture
def plug_in(alone: None, tmp_path: Path) -> Callable[..., None]:
    """`plug_in("clock", source, part=source, ...)` adds a component to the core by itself."""

    def plug_in(name: str, init: str, **modules: str) -> None:
        package = tmp_path / name
        package.mkdir()
        for module, source in {"__init__": init, **modules}.items():
            (package / f"{module}.py").write_text(source)
        importlib.invalidate_caches()

    return plug_in


@pytest.fixture
def client() -> Iterator[TestClient]:
    """The whole application, started, and asked from this machine."""
    with here(create_app()) as client:
        yield client


def until(holds: Callable[[], Any], seconds: float = PATIENCE) -> Any:
    """Wait until something holds, and return it."""
    for _ in range(int(seconds / LOOK)):
        if found := holds():
            return found
        time.sleep(LOOK)
    pytest.fail(f"does not hold after {seconds} seconds")


def ended(process: Popen[Any], code: int = 0) -> str:
    """Wait until a process ends with this code; what it wrote to stderr."""
    with suppress(pytest.fail.Exception):
        until(lambda: process.poll() is not None)
    process.kill()
    said = process.communicate()[1] or ""
    assert process.returncode == code, said
    return said


def loaded(code: str, *arguments: str) -> set[str]:
    """Which modules a Python of its own has when it ends, once it has run this."""
    listing = f"import atexit, sys\natexit.register(lambda: print(*sys.modules))\n{code}"
    command = [sys.executable, "-c", listing, *arguments]
    root = Path(__file__).parents[1]
    ran = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    print(ran.stderr)
    return set(ran.stdout.splitlines()[-1].split())


def container_check(service: str) -> bool:
    """Whether what compose.yaml has a container run for its health holds for a process of ours."""
    services = yaml.safe_load((Path(__file__).parents[1] / "compose.yaml").read_text())["services"]
    _, *check = services[service]["healthcheck"]["test"]
    place = os.environ["TMPDIR"]
    check = [part.replace("/tmp/", f"{place}/") for part in check]
    return not subprocess.run(check, stderr=subprocess.DEVNULL, check=False).returncode


def here(app: FastAPI) -> TestClient:
    """Somebody who sits at this machine."""
    return TestClient(app, "http://localhost", client=("127.0.0.1", 50_000))


class Viewer:
    """Somebody who looks at the dashboard, without a browser: it speaks Flet's own protocol."""

    def __init__(self, socket: Any, route: str = "/") -> None:
        self._socket = socket
        self._arrived = queue.SimpleQueue[bytes | Exception]()
        # In a thread: nobody can stop waiting for a socket.
        threading.Thread(target=self._listen, daemon=True).start()
        self._seen: list[Any] = []
        self._sent: list[Any] = []
        page = {"route": route, "width": 800, "height": 600, "platform": "linux", "web": True}
        self._send(1, {"session_id": None, "page_name": "", "page": page})

    def find(self, matches: Callable[[dict[str, Any]], bool]) -> Any:
        """The newest control, among those sent so far and next, that matches."""
        return self._until(
            lambda: next(filter(matches, _dicts(self._sent[::-1])), None), "no such control"
        )

    def see(self, text: str) -> None:
        """Wait until a text is sent."""
        self._until(lambda: any(text in str(seen) for seen in self._seen), repr(text))

    def click(self, content: str) -> None:
        """Press the button with this text; what is seen from now on came after that."""
        button = self.find(lambda d: "Button" in str(d.get("_c")) and d.get("content") == content)
        self._seen.clear()
        self._send(3, {"target": button["_i"], "name": "click", "data": None})

    def _send(self, action: int, body: Any) -> None:
        self._socket.send_bytes(b"\0" + msgpack.packb([action, body]))

    def _listen(self) -> None:
        try:
            while True:
                self._arrived.put(self._socket.receive_bytes())
        except Exception as ended:
            self._arrived.put(ended)

    def _until(self, holds: Callable[[], Any], wanted: str) -> Any:
        """What `holds` gives, asked again with each message."""
        found = holds()
        for _ in range(int(PATIENCE / LOOK)):
            if found:
                return found
            with suppress(queue.Empty):
                self._receive(self._arrived.get(timeout=LOOK))
                found = holds()
        pytest.fail(f"not on the dashboard: {wanted}; last came {self._sent[-1:]}")

    def _receive(self, arrived: bytes | Exception) -> None:
        if isinstance(arrived, Exception):
            raise arrived
        came = msgpack.unpackb(arrived[1:], ext_hook=decode_ext_from_msgpack, strict_map_key=False)
        self._seen.append(came)
        self._sent.append(came)


def _dicts(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        value = list(value.values())
    if isinstance(value, list | tuple):
        for item in value:
            yield from _dicts(item)


@pytest.fixture
def dashboard() -> Callable[[], Any]:
    """`with dashboard("/clock") as viewer:` opens a page of what is plugged in by then."""

    @contextmanager
    def dashboard(route: str = "/", zone: str = "UTC", cookie: str = "") -> Iterator[Viewer]:
        headers = {"Cookie": f"zone={zone}; {cookie}"}
        with here(create_app()) as client, client.websocket_connect(WS, headers=headers) as ws:
            yield Viewer(ws, route)

    return dashboard


# yours below
