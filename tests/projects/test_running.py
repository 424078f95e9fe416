"""A generated project, running for real: Traefik, Redis, a worker, and a browser."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import pytest
from playwright.sync_api import BrowserContext, Cookie, Error

from tests import servers, stacks
from tests.conftest import Project

TOKEN = "8d1f0c6be5a94e27b3706c2f9a5d4e81"


def test_traefik_routes_to_two_real_webservers(tmp_path: Path, python: Path) -> None:
    project = stacks.make(tmp_path / "my-api", "ingress")
    services = servers.compose_config(project.path, {"ADMIN_ALLOWLIST": "192.0.2.1"})["services"]
    docker = helper(project, "tests/components/ingress/docker_api.py")
    with (
        servers.webserver(project.path, python, {}) as one,
        servers.webserver(project.path, python, {}) as two,
        docker.docker_api(*(container(docker, services, url) for url in (one, two))) as engine,
        servers.traefik(*flags(services, engine)) as ingress,
        httpx.Client(base_url=ingress.url, trust_env=False, timeout=120) as client,
    ):
        assert ingress.complaints() == []
        homes = set()
        for _ in range(4):
            client.cookies.clear()
            assert client.get("/api/v1/hello").json()["message"].endswith("from my-api.")
            homes |= set(client.cookies.values())
        assert len(homes) == 2, "both webservers take part"
        client.cookies.clear()
        stays = {client.get("/dashboard/").cookies.get("my-api_webserver") for _ in range(3)}
        assert len(stays - {None}) == 1, "a viewer stays with one"
        assert client.get("/docs").status_code == 403, "admin paths are closed"
        assert client.get("/").headers["x-content-type-options"] == "nosniff"


def test_the_dashboard_shows_a_worker_and_a_job_that_completes(
    tmp_path: Path, python: Path
) -> None:
    project = stacks.make(tmp_path / "my-api", "worker", "cache", version="work")
    with (
        servers.redis_server() as redis,
        servers.webserver(project.path, python, {"REDIS_URL": redis}) as url,
        servers.beside(project.path, python, {"REDIS_URL": redis}, "worker"),
        servers.chromium() as browser,
    ):
        page = browser.new_page()
        page.set_viewport_size({"width": 390, "height": 844})
        page.goto(f"{url}/dashboard/")
        placeholder = page.locator("flt-semantics-placeholder")
        placeholder.wait_for(state="attached")
        placeholder.evaluate("element => element.click()")
        page.get_by_text("All is well. Nothing needs you.").wait_for(state="attached")
        page.get_by_role("button", name="Cache", exact=True).focus()
        page.keyboard.press("Enter")
        page.locator('[flt-semantics-identifier="page-cache"]').wait_for(state="attached")
        page.wait_for_url("**/dashboard/cache")
        page.go_back()
        page.get_by_role("button", name="Worker").click()
        page.locator('[flt-semantics-identifier="page-worker"]').wait_for(state="attached")
        page.get_by_role("button", name="Run a demo job").click()
        page.get_by_text("Demo job queued").first.wait_for(state="attached")
        health = f"{url}/health"
        servers.until(lambda: servers.get(health).json()["components"]["worker"]["status"] == "ok")


def test_who_signs_out_is_asked_again_in_a_real_browser(tmp_path: Path, python: Path) -> None:
    project = stacks.make(tmp_path / "my-api", version="work")
    env = {"APP_ENV": "production", "ADMIN_TOKEN": TOKEN}
    with (
        servers.webserver(project.path, python, env) as one,
        servers.webserver(project.path, python, env) as two,
        servers.chromium() as browser,
    ):
        page = browser.new_page()
        typed = httpx.URL(f"{one}/dashboard/", username="me", password=TOKEN)
        page.goto(str(typed))  # as into the browser's prompt: it sends that from now on
        page.goto(f"{one}/dashboard/")
        placeholder = page.locator("flt-semantics-placeholder")
        placeholder.wait_for(state="attached")
        placeholder.evaluate("element => element.click()")
        [cookie] = sessions(browser)
        copied = {"Cookie": f"{cookie['name']}={cookie['value']}"}
        beside = f"{two}/dashboard/"
        assert httpx.get(beside, headers=copied, trust_env=False).status_code == 200
        out = page.get_by_role("link", name="Sign out")
        out.or_(page.get_by_role("button", name="Sign out")).first.click()
        servers.until(lambda: not sessions(browser))
        assert httpx.get(beside, headers=copied, trust_env=False).status_code == 401
        # Without somebody who types it into the prompt there is no token any more.
        with pytest.raises(Error, match="ERR_INVALID_AUTH_CREDENTIALS"):
            page.goto(f"{one}/dashboard/")


def sessions(browser: BrowserContext) -> list[Cookie]:
    """The cookies that say who signed in; another one says where the viewer is."""
    return [cookie for cookie in browser.cookies() if cookie["name"].endswith("-admin")]


def container(docker: ModuleType, services: dict[str, Any], url: str) -> object:
    """One webserver of the Compose file, as the Docker engine would describe it."""
    labels = dict(services["webserver"]["labels"])
    port = httpx.URL(url).port
    labels["com.docker.compose.project"] = "my-api"
    labels["traefik.http.services.web.loadbalancer.server.port"] = str(port)
    return docker.Container(f"webserver-{port}", labels)


def flags(services: dict[str, dict[str, list[str]]], engine: str) -> list[str]:
    """What the Compose file tells Traefik, but for where it listens, reads and asks."""
    told = [
        flag
        for flag in services["ingress"]["command"]
        if not re.search(r"\.address|providers\.file|\.endpoint", flag)
    ]
    return [*told, f"--providers.docker.endpoint={engine}"]


def helper(project: Project, path: str) -> ModuleType:
    """A module of a generated project's own tests."""
    spec = importlib.util.spec_from_file_location("helper", project.path / path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
