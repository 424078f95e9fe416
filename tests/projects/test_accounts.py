"""Somebody signs up, logs in and looks after an account, in a real browser without scripts."""

from __future__ import annotations

import re
import subprocess
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest
from playwright.sync_api import Page

from aegis_patch.upstream.releases import WORK
from tests import servers, stacks
from tests.conftest import Project

pytestmark = pytest.mark.long

ADA, PASSWORD = "ada@example.com", "correct horse battery"
CODE = "from app.components.auth import totp; print(totp.code(input(), int(time.time()) // 30))"


def test_from_a_sign_up_to_the_sessions(tmp_path: Path, python: Path) -> None:
    project = stacks.make(tmp_path / "my-api", "auth", version=WORK)
    with (
        servers.dev(project.path, python, {"APP_ENV": "development"}) as url,
        servers.chromium() as opened,
    ):
        assert opened.browser
        here = url.replace("127.0.0.1", "localhost")  # where links in mails lead
        page = opened.browser.new_context(java_script_enabled=False, base_url=here).new_page()
        page.goto("/account/register")
        fill(page, "Sign up", E_mail_address=ADA)
        page.goto(link_in(project))
        fill(page, "Create account", New_password=PASSWORD)
        log_in(page)
        page.get_by_role("link", name="Turn on two-factor").click()
        secret = page.locator("figcaption code").inner_text()
        fill(page, "Turn on", Code=code_of(project, python, secret))
        recovery = page.locator(".once code").all_inner_texts()
        assert len(recovery) == 10
        page.goto("/account")
        page.get_by_role("button", name="Log out").click()
        log_in(page)
        fill(page, "Go on", Code=recovery[0])
        page.get_by_role("link", name="Where you're logged in").click()
        page.get_by_text("this one").wait_for()
        page.get_by_role("button", name="End all others").click()
        page.get_by_text("Ended.").wait_for()


def log_in(page: Page) -> None:
    """From the page for it."""
    fill(page, "Log in", E_mail_address=ADA, Password=PASSWORD)


def fill(page: Page, button: str, **fields: str) -> None:
    """Fill a form in, by its labels, and send it."""
    for label, value in fields.items():
        page.get_by_label(label.replace("E_mail", "E-mail").replace("_", " ")).last.fill(value)
    page.get_by_role("button", name=button).click()


def link_in(project: Project) -> str:
    """The link in the newest mail, once that is written."""
    folder = project.path / "data/mail"
    servers.until(lambda: any(folder.glob("*.eml")))
    newest = max(folder.glob("*.eml")).read_bytes()
    text = str(message_from_bytes(newest, policy=default).get_content())
    found = re.search(r"http://\S+", text)
    assert found
    return found[0]


def code_of(project: Project, python: Path, secret: str) -> str:
    """What an authenticator app shows at this moment."""
    command = [str(python), "-c", f"import time; {CODE}"]
    done = subprocess.run(
        command, cwd=project.path, input=secret, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()
