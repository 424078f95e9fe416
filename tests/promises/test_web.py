"""A generated project's web server, running: what it takes in, and what its page asks for."""

from __future__ import annotations

import itertools
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page

from aegis_patch.upstream.releases import WORK
from tests import servers, stacks
from tests.conftest import lack
from tests.projects.test_running import container, flags, helper

SIZE = 200_000_000
PART = b"x" * 1_000_000
POLICY = "Content-Security-Policy"
FLAT = 40
"""Megabytes that a server may take on while it refuses two hundred."""

NAMES = """
NAME = "Grüße 灯台 🌊"
SLUG = "my-api"
DESCRIPTION = "港の灯 · свет · نور · प्रकाश"
"""


@pytest.mark.long
@pytest.mark.parametrize("renderer", ["auto", "canvaskit"])
def test_the_dashboard_asks_nobody_else(tmp_path: Path, python: Path, renderer: str) -> None:
    """Behind Traefik, whose rule for the page's content it never breaks."""
    project = stacks.make(tmp_path / "my-api", "cache", "database", "ingress", version=WORK)
    project.write("app/identity.py", NAMES)  # its fonts have none of these letters
    services = servers.compose_config(project.path, {})["services"]
    docker = helper(project, "tests/components/ingress/docker_api.py")
    with (
        servers.webserver(project.path, python, {"FLET_WEB_RENDERER": renderer}) as server,
        docker.docker_api(container(docker, services, server)) as engine,
        servers.traefik(*flags(services, engine)) as ingress,
        servers.chromium() as browser,
    ):
        asked: list[str] = []
        said: list[str] = []
        url = ingress.url
        assert "default-src 'self'" in servers.get(f"{url}/dashboard/").headers[POLICY]
        browser.on("request", lambda request: asked.append(request.url))
        browser.on("console", lambda message: said.append(message.text))
        page = browser.new_page()
        page.on("websocket", lambda socket: asked.append(socket.url))
        look(page, f"{url}/dashboard/")
        page.get_by_role("button", name="Theme").click()
        look(page, f"{url}/dashboard/some/page")
        page.reload()
        look(page, page.url)
    here = url.partition("://")[2]
    ours = (f"http://{here}/", f"ws://{here}/", f"blob:http://{here}/")
    assert [each for each in asked if not each.startswith(ours)] == []
    assert any(each.startswith("ws:") for each in asked)
    assert [each for each in said if "Content Security Policy" in each] == []


def look(page: Page, url: str) -> None:
    """Open the dashboard, and let it ask for all that it wants."""
    page.goto(url)
    placeholder = page.locator("flt-semantics-placeholder")
    placeholder.wait_for(state="attached")
    placeholder.evaluate("element => element.click()")
    page.locator('[flt-semantics-identifier="status-database"]').wait_for(state="attached")
    page.wait_for_timeout(2000)  # it never rests: fonts that are not there are asked for again


@pytest.mark.long
def test_what_is_too_large_is_refused_and_fills_no_memory(tmp_path: Path, python: Path) -> None:
    project = stacks.make(tmp_path / "my-api", "database", "ingress", version=WORK)
    services = servers.compose_config(project.path, {})["services"]
    docker = helper(project, "tests/components/ingress/docker_api.py")
    with (
        servers.webserver(project.path, python, {}) as url,
        docker.docker_api(container(docker, services, url)) as engine,
        servers.traefik(*flags(services, engine)) as ingress,
    ):
        for way in (url, ingress.url):
            post(way, SIZE // 200)  # what a first request loads is no growth
            before = [
                peak(f"--port\0{httpx.URL(url).port}"),
                peak(f"{httpx.URL(ingress.url).netloc.decode()}\0"),
            ]
            for headers in ({"Content-Length": str(SIZE)}, {}):
                answer = post(way, SIZE, headers)
                assert (answer.status_code, "Content Too Large" in answer.text) == (413, True)
            after = [
                peak(f"--port\0{httpx.URL(url).port}"),
                peak(f"{httpx.URL(ingress.url).netloc.decode()}\0"),
            ]
            print(way, before, after)
            assert all(now - was < FLAT for was, now in zip(before, after, strict=True))


def post(url: str, size: int, headers: dict[str, str] | None = None) -> httpx.Response:
    """Send a note that never ends; without a Content-Length it comes in chunks."""
    parts = itertools.repeat(PART, size // len(PART))
    kind = {"Content-Type": "application/json", **(headers or {})}
    return httpx.post(
        f"{url}/api/v1/notes", content=parts, headers=kind, trust_env=False, timeout=120
    )


def peak(argument: str) -> float:
    """The most memory, in megabytes, that the process with this on its command line has had."""
    for process in Path("/proc").glob("[0-9]*"):
        with_it = argument in (process / "cmdline").read_text(errors="replace")
        if with_it and process.name != str(os.getpid()):
            status = (process / "status").read_text()
            return int(status.partition("VmHWM:")[2].split()[0]) / 1000
    raise AssertionError(f"no process with {argument!r}")


def test_a_full_disk_and_one_that_may_only_be_read_are_down(tmp_path: Path, python: Path) -> None:
    project = stacks.make(tmp_path / "my-api", "database", version=WORK)
    with disk(tmp_path / "disk") as path:
        env = {"DATABASE_URL": f"sqlite:///{path}/app.db"}
        stacks.tool(project, python, "app", "database", "migrate", env=env)
        with servers.webserver(project.path, python, env) as url:

            def state() -> tuple[int, str]:
                answer = servers.get(f"{url}/health")
                return answer.status_code, answer.json()["components"]["database"]["status"]

            assert state() == (200, "ok")
            subprocess.run(["mount", "-o", "remount,ro", str(path)], check=True)
            assert state() == (503, "down")
            subprocess.run(["mount", "-o", "remount,rw", str(path)], check=True)
            note = {"title": "from now on the server has it open"}
            made = httpx.post(f"{url}/api/v1/notes", json=note, trust_env=False, timeout=120)
            assert made.status_code == 201
            fill(path / "fill")
            assert state() == (503, "down")
            (path / "fill").unlink()
            assert state() == (200, "ok")


@contextmanager
def disk(path: Path) -> Iterator[Path]:
    """A disk of two megabytes."""
    path.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "none", str(path)], check=False)
    if made.returncode:
        lack("only root may mount a disk")
    try:
        yield path
    finally:
        subprocess.run(["umount", "--lazy", str(path)], check=True)


def fill(path: Path) -> None:
    """Write until nothing more fits."""
    with path.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(PART[:4096])
        except OSError:
            return
