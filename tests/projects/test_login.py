"""Logging in to a generated project in a real browser, and by real providers."""

from __future__ import annotations

import base64
import json
import os
import shutil
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from tests import servers, stacks
from tests.conftest import Project
from tests.projects.test_accounts import fill

ADA = {"email": "ada@example.com", "password": "correct horse battery"}
LOGIN = "**/api/v1/auth/passkeys/login"
DEVICE = {
    **{"protocol": "ctap2", "ctap2Version": "ctap2_1", "transport": "internal"},
    **dict.fromkeys(("hasResidentKey", "hasUserVerification", "isUserVerified"), True),
    "automaticPresenceSimulation": True,
}


def with_an_account(path: Path, python: Path, *components: str) -> Project:
    """A project in which Ada has an account."""
    project = stacks.make(path, *components, version="work")
    stacks.tool(project, python, "app", "database", "migrate")
    password = ("--password", ADA["password"])
    stacks.tool(project, python, "app", "auth", "create", ADA["email"], *password)
    return project


def complaints(page: Page) -> list[str]:
    """What the console says, but for answers that are no success."""
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    return said


@pytest.mark.long
def test_a_passkey_of_chromium(tmp_path: Path, python: Path) -> None:
    project = with_an_account(tmp_path / "my-api", python, "passkeys")
    with servers.webserver(project.path, python, {}) as at, servers.chromium() as browser:
        here = at.replace("127.0.0.1", "localhost")
        page = browser.new_page()
        said = complaints(page)
        devtools = browser.new_cdp_session(page)
        devtools.send("WebAuthn.enable")
        options: Any = {"options": DEVICE}
        device = devtools.send("WebAuthn.addVirtualAuthenticator", options)["authenticatorId"]
        page.goto(f"{here}/account/login")
        fill(page, "Log in", E_mail_address=ADA["email"], Password=ADA["password"])
        page.route("**/passkeys.js", late)
        page.get_by_role("link", name="Passkeys").click()
        page.get_by_role("button", name="Add a passkey").click()
        expect(page.get_by_text("not used yet")).to_be_visible()
        page.get_by_label("Name").fill("Laptop")
        with page.expect_response("**/api/v1/auth/passkeys/*"):
            page.get_by_label("Name").press("Tab")
        [held] = devtools.send("WebAuthn.getCredentials", {"authenticatorId": device})[
            "credentials"
        ]
        assert held["rpId"] == "localhost"

        browser.clear_cookies()
        page.goto(f"{here}/account/login")
        page.get_by_role("link", name="Log in with a passkey").click()
        with page.expect_request(LOGIN) as sent:
            page.get_by_role("button", name="Log in with a passkey").click()
        expect(page.get_by_text(ADA["email"])).to_be_visible()
        assert not [each for each in said if "Failed to load resource" not in each]

        browser.clear_cookies()
        again = page.request.post(sent.value.url, data=sent.value.post_data_json)
        assert again.status == 401

        page.route(LOGIN, lambda route: route.fulfill(status=502, body="Bad Gateway"))
        assert refused(page, here) == "502 Bad Gateway"
        page.route(LOGIN, flip_signature)
        refused(page, here)
        page.unroute(LOGIN)

        def hold(count: int) -> None:
            where = {"authenticatorId": device}
            devtools.send("WebAuthn.clearCredentials", where)
            credential = where | {"credential": held | {"signCount": count}}
            devtools.send("WebAuthn.addCredential", credential)

        hold(0)  # as a copy that was made before
        refused(page, here)
        refused(page, at)  # another name of this machine is another site
        hold(1_000)
        page.goto(f"{here}/account/login?next=/health/live")
        page.get_by_role("link", name="Log in with a passkey").click()
        page.get_by_role("button", name="Log in with a passkey").click()
        page.wait_for_url(f"{here}/health/live")


def late(route: Route) -> None:
    """Send the script of a page when people could have clicked already."""
    time.sleep(1)
    route.continue_()


def refused(page: Page, site: str) -> str:
    """Log in with a key there, in vain; what the page says."""
    page.goto(f"{site}/account/passkeys")
    page.get_by_role("button", name="Log in with a passkey").click()
    expect(page.get_by_role("alert")).not_to_be_empty()
    return page.get_by_role("alert").inner_text()


def flip_signature(route: Route) -> None:
    """Change one bit of what the device signed."""
    sent: Any = route.request.post_data_json
    signature = sent["answer"]["response"]["signature"]
    raw = bytearray(base64.urlsafe_b64decode(signature + "=="))
    raw[-1] ^= 1
    flipped = base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
    assert flipped != signature
    sent["answer"]["response"]["signature"] = flipped
    route.continue_(post_data=json.dumps(sent))


@servers.on_free_ports(2)
@contextmanager
def at_a_provider(ports: list[int], project: Project, python: Path, node: Path) -> Iterator[str]:
    """The project, whose people may log in by a provider; yields where it is."""
    own, there = ports
    here = f"http://localhost:{own}"
    program = servers.program("node", "apt-get install nodejs npm")
    command = [program, "oidc_provider.mjs", str(there), f"{here}/api/v1/auth/oidc/callback"]
    env = {
        "PORT": str(own),
        "OIDC_ISSUER": f"http://localhost:{there}",
        "OIDC_CLIENT_ID": "project",
    }
    env["OIDC_CLIENT_SECRET"] = "a-secret-that-is-long-enough-for-a-test"
    with (
        servers._running(command, node, os.environ) as provider,
        servers._running([str(python), "-m", "app", "serve"], project.path, env) as server,
    ):
        metadata = f"http://localhost:{there}/.well-known/openid-configuration"
        provider.until(lambda: servers._answers(metadata))
        server.until(lambda: servers._answers(f"{here}/health/live"))
        yield here


@pytest.mark.long
def test_a_provider_that_insists_on_pkce(tmp_path: Path, python: Path) -> None:
    project = with_an_account(tmp_path / "my-api", python, "oidc")
    node = tmp_path / "node"
    node.mkdir()
    shutil.copy(Path(__file__).with_name("oidc_provider.mjs"), node)
    npm = servers.program("npm", "apt-get install nodejs npm")
    subprocess.run([npm, "install", "--silent", "oidc-provider@9"], cwd=node, check=True)
    with at_a_provider(project, python, node) as here, servers.chromium() as browser:
        page = browser.new_page()
        page.goto(f"{here}/account/login")
        for login, seen in (
            ("grace", "grace@example.com"),
            ("ada", "That address has an account"),
            ("eve", "The provider didn't log you in"),
        ):
            page.get_by_role("link", name="Single sign-on").click()
            page.get_by_placeholder("Enter any login").fill(login)
            page.get_by_placeholder("and password").fill("any")
            page.get_by_role("button", name="Sign-in").click()
            if login == "eve":
                forget_verifiers(project)
            page.get_by_role("button", name="Continue").click()
            expect(page.get_by_text(seen)).to_be_visible()
            browser.clear_cookies()
            page.goto(f"{here}/account/login")


def forget_verifiers(project: Project) -> None:
    """What each login has to prove at the end is something else from now on."""
    with closing(sqlite3.connect(project.path / "data/app.db")) as database, database:
        changed = "json_set(data, '$.code_verifier', hex(randomblob(32)))"
        done = database.execute(f"UPDATE auth_token SET data = {changed} WHERE kind = 'flow'")
        assert done.rowcount
