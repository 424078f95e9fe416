"""People with browsers and mailboxes, before a project in containers."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any

import httpx
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import Envelope
from playwright import sync_api
from playwright.sync_api import Error, ViewportSize, expect

from tests.projects.test_accounts import fill
from tests.projects.test_dashboard import begin, see
from tests.projects.test_login import DEVICE
from tests.servers import STARTING, PortTaken, on_free_ports, until

ADA, ADMIN, PASSWORD = "ada@example.com", "ops@example.com", "correct horse battery"
URL = "https://accounts.example"
"""AUTH_URL: where links in mails lead, whatever a request says."""
AUTH = "/api/v1/auth"
PAGE = {"Accept": "text/html,application/xhtml+xml"}
EVIL = {"Origin": "https://evil.example"}
POST = """([path, sent]) => fetch(path, {
    method: "POST",
    headers: {"Content-Type": "application/json"},
    body: JSON.stringify(sent),
}).then(answer => answer.text())"""
LOG_OUT = """url => {
    const form = document.createElement("form");
    [form.method, form.action] = ["POST", url];
    document.body.append(form);
    form.submit();
}"""
HALF_A_MINUTE = 30_000
UPGRADE = {
    **{"Connection": "Upgrade", "Upgrade": "websocket"},
    **{"Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="},
}


@dataclass(slots=True)
class Inbox:
    """A mail server and what it has taken."""

    host: str
    port: int
    url: str
    mails: list[tuple[str, str]] = field(default_factory=list)
    """To whom, and the text."""

    async def handle_DATA(self, server: Any, session: Any, envelope: Envelope) -> str:  # noqa: ARG002, N802 - aiosmtpd's
        mail = message_from_bytes(envelope.original_content or b"", policy=default)
        body = mail.get_body(("plain",))
        assert body
        self.mails += [(each, str(body.get_content())) for each in envelope.rcpt_tos]
        return "250 taken"

    def letter(self, to: str) -> str:
        """The text of the next mail that arrives for somebody."""
        until(lambda: any(each == to for each, _ in self.mails))
        text = next(text for each, text in self.mails if each == to)
        self.mails.remove((to, text))
        return text

    def link(self, to: str) -> str:
        """The next link that arrives for somebody; it leads to the project alone."""
        text = self.letter(to)
        links: list[str] = re.findall(r"https?://\S+", text)
        assert links
        assert all(link.startswith(f"{self.url}/") for link in links), text
        return links[0]


@on_free_ports(1)
@contextmanager
def mail_server(ports: list[int], host: str, url: str) -> Iterator[Inbox]:
    """A real one, on an address that containers reach; links in its mails lead to `url`."""
    inbox = Inbox(host, ports[0], url)
    controller = Controller(inbox, hostname=host, port=inbox.port)
    try:
        controller.start()
    except OSError as error:
        raise PortTaken(str(error)) from error
    try:
        yield inbox
    finally:
        controller.stop()


class Browser(httpx.Client):
    """Cookies go only where a browser sends them; over TLS the name is the project's."""

    def __init__(self, url: str, name: str = "") -> None:
        super().__init__(base_url=url, verify=False, trust_env=False, timeout=120)
        self.name = name
        self.headers.update({"Host": name} if name else {})

    def send(self, request: httpx.Request, **kwargs: Any) -> httpx.Response:
        if self.name:
            request.extensions["sni_hostname"] = self.name
        return super().send(request, **kwargs)

    @property
    def origin(self) -> dict[str, str]:
        scheme, netloc = self.base_url.scheme, self.base_url.netloc.decode()
        return {"Origin": f"{scheme}://{self.name or netloc}", "Sec-Fetch-Site": "same-origin"}

    def tell(self, what: str, **given: str) -> httpx.Response:
        """A form's or a script's change, from a page of the project."""
        return self.post(f"{AUTH}/{what}", json=given, headers=self.origin)

    def log_in(self, email: str = ADA, password: str = PASSWORD) -> int:
        return self.tell("login", email=email, password=password).status_code

    def sign_up(self, inbox: Inbox, email: str = ADA) -> None:
        assert self.tell("register", email=email).status_code == 202
        token = inbox.link(email).partition("token=")[2]
        assert self.tell("verify", token=token, password=PASSWORD).status_code == 201

    def is_in(self) -> bool:
        return self.get(f"{AUTH}/me").status_code == 200

    def websocket(self, path: str, **headers: str) -> int:
        with self.stream("GET", path, headers=UPGRADE | headers) as answer:
            return answer.status_code


class Person:
    """Somebody at Chromium, who looks again where nothing answers."""

    def __init__(self, chromium: sync_api.Browser, url: str, width: int, height: int) -> None:
        size: ViewportSize = {"width": width, "height": height}
        context = chromium.new_context(base_url=url, viewport=size, ignore_https_errors=True)
        context.set_default_timeout(STARTING * 1000)
        self.page = context.new_page()

    def visit(self, path: str) -> None:
        until(lambda: self._is_there(path))

    def _is_there(self, path: str) -> bool:
        try:
            answer = self.page.goto(path)
        except Error:
            return False
        return answer is not None and answer.status < 500

    def picture(self, name: str) -> None:
        """For the docs: AEGIS_PICTURES says where to."""
        if folder := os.environ.get("AEGIS_PICTURES"):
            self.page.wait_for_timeout(8000)  # the dashboard is there for screen readers first
            self.page.screenshot(path=Path(folder, f"{name}.png"))

    def log_in(self, email: str) -> None:
        fill(self.page, "Log in", E_mail_address=email, Password=PASSWORD)

    def sign_up(self, inbox: Inbox) -> None:
        """From a plan to an account, by the link in the mail, and back to that plan."""
        self.visit("/pricing")
        self.picture("pricing")
        self.page.get_by_role("button", name="Choose Team").click()
        self.page.get_by_role("link", name="Sign up").click()
        self.picture("sign-up")
        fill(self.page, "Sign up", E_mail_address=ADA)
        self.visit(inbox.link(ADA))
        fill(self.page, "Create account", New_password=PASSWORD)
        self.log_in(ADA)
        expect(self.page.get_by_role("heading", name="Your choice")).to_be_visible()

    def pay(self) -> None:
        """At the stand-in, which says what it is."""
        self.visit("/pricing")
        self.page.get_by_role("button", name="Choose Team").click()
        expect(self.page.get_by_role("heading", name="This is not Stripe")).to_be_visible()
        self.page.get_by_role("button", name="Pay").click()
        expect(self.page.get_by_text("paid until")).to_be_visible()

    def ask(self, question: str, about: str) -> str:
        """What the assistant answered, which may search a document."""
        answers: list[str] = []

        def is_answered() -> bool:
            with suppress(Error):  # the connection broke off: asked again
                answers.append(self._ask(question, about))
            return bool(answers)

        until(is_answered)
        return answers[0]

    def _ask(self, question: str, about: str) -> str:
        self.visit("/api/v1/ai/models")  # a page whose script may ask
        self._post("/api/v1/knowledge/documents", name="Mine", text=about)
        begun = json.loads(self._post("/api/v1/ai/conversations"))["id"]
        stream = self._post(f"/api/v1/ai/conversations/{begun}/turns", text=question)
        assert '"state":"complete"' in stream.replace(" ", ""), stream
        pieces = re.findall(r"^event: text\s+data: (.*)$", stream, re.MULTILINE)
        return "".join(json.loads(piece) for piece in pieces)

    def _post(self, path: str, **sent: str) -> str:
        return str(self.page.evaluate(POST, [path, sent]))

    def use_a_passkey(self) -> None:
        """Add one and log in with it, in the place of a password."""
        devtools = self.page.context.new_cdp_session(self.page)
        devtools.send("WebAuthn.enable")
        options: Any = {"options": DEVICE}
        devtools.send("WebAuthn.addVirtualAuthenticator", options)
        self.visit("/account/passkeys")
        if "/confirm" in self.page.url:  # she logged in more than ten minutes ago
            fill(self.page, "Go on", Password=PASSWORD)
        assert any(self._gets("not used yet", "Add a passkey") for _ in range(3))
        self.visit("/account")
        self.page.get_by_role("button", name="Log out").click()
        assert any(self._gets(ADA, "Log in with a passkey") for _ in range(3))

    def _gets(self, shown: str, button: str) -> bool:
        """Whether the page of passkeys did it; its script or a request may have broken off."""
        self.visit("/account/passkeys")
        with suppress(Error, AssertionError):
            self.page.get_by_role("button", name=button).click(timeout=HALF_A_MINUTE)
            expect(self.page.get_by_text(shown)).to_be_visible(timeout=HALF_A_MINUTE)
            return True
        return False

    def is_not_logged_out_from(self, elsewhere: str, url: str) -> None:
        """By a page of another site, which sends a form here."""
        self.page.goto(elsewhere)
        with self.page.expect_navigation():
            self.page.evaluate(LOG_OUT, f"{url}/account/account")
        self.visit("/account")
        expect(self.page.get_by_text(ADA)).to_be_visible()

    def look_after(self) -> None:
        """As an admin: log in, see what people did, have a job done, and ask."""
        self.visit("/dashboard/")
        self.log_in(ADMIN)
        begin(self.page)
        see(self.page, "your stack")
        self.picture("dashboard")
        for title, shown in (("Accounts", ADA), ("Payments", "29.00 EUR")):
            self.page.get_by_role("button", name=title).first.click()
            see(self.page, shown)
        self.page.get_by_role("button", name="Queues").click()
        self.page.get_by_role("button", name="Run a demo job").click()
        see(self.page, "Demo job queued")
        self.page.get_by_role("button", name="AI", exact=True).first.click()
        question = self.page.get_by_role("textbox", name="Question")
        question.click()
        question.press_sequentially('call current_time {"zone": "Europe/Berlin"}', delay=20)
        self.page.get_by_role("button", name="Ask", exact=True).click()
        see(self.page, "The tool current_time returned")
        self.picture("conversation")
