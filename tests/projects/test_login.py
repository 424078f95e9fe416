"""Logging in to a generated project in a real browser, and by real providers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

from tests import servers, stacks
from tests.conftest import Project

ADA = {"email": "ada@example.com", "password": "correct horse battery"}
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
        page.get_by_label("E-mail address").fill(ADA["email"])
        page.get_by_label("Password").fill(ADA["password"])
        page.get_by_role("button", name="Log in").click()
        page.get_by_role("link", name="Passkeys").click()
        page.get_by_label("Password").fill(ADA["password"])
        page.get_by_role("button", name="Go on").click()
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
        page.get_by_role("link", name="Passkeys").click()
        page.get_by_role("button", name="Log in with a passkey").click()
        expect(page.get_by_text(ADA["email"])).to_be_visible()
        assert not [each for each in said if "Failed to load resource" not in each]

        page.goto(f"{at}/account/passkeys")  # another name of this machine is another site
        page.get_by_role("button", name="Log in with a passkey").click()
        expect(page.get_by_role("alert")).not_to_be_empty()
