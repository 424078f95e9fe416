"""Somebody with a browser and a mailbox, before a project in containers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.policy import default
from typing import Any

import httpx
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import Envelope

from tests.servers import free_port, until

ADA, ADMIN, PASSWORD = "ada@example.com", "ops@example.com", "correct horse battery"
URL = "https://accounts.example"
"""AUTH_URL: where links in mails lead, whatever a request says."""
AUTH = "/api/v1/auth"
PAGE = {"Accept": "text/html,application/xhtml+xml"}
EVIL = {"Origin": "https://evil.example"}
UPGRADE = {
    **{"Connection": "Upgrade", "Upgrade": "websocket"},
    **{"Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="},
}


@dataclass(slots=True)
class Inbox:
    """A mail server and what it has taken."""

    host: str
    port: int
    mails: list[tuple[str, str]] = field(default_factory=list)
    """To whom, and the text."""

    async def handle_DATA(self, server: Any, session: Any, envelope: Envelope) -> str:  # noqa: ARG002, N802 - aiosmtpd's
        mail = message_from_bytes(envelope.original_content or b"", policy=default)
        body = mail.get_body(("plain",))
        assert body
        self.mails += [(each, str(body.get_content())) for each in envelope.rcpt_tos]
        return "250 taken"

    def link(self, to: str) -> str:
        """The token of the next link that arrives for somebody; it leads to the project alone."""
        until(lambda: any(each == to for each, _ in self.mails))
        text = next(text for each, text in self.mails if each == to)
        self.mails.remove((to, text))
        links: list[str] = re.findall(r"https?://\S+", text)
        assert links
        assert all(link.startswith(f"{URL}/") for link in links), text
        return links[0].partition("token=")[2]


@contextmanager
def mail_server(host: str) -> Iterator[Inbox]:
    """A real one, on an address that containers reach."""
    inbox = Inbox(host, free_port())
    controller = Controller(inbox, hostname=host, port=inbox.port)
    controller.start()
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
        token = inbox.link(email)
        assert self.tell("verify", token=token, password=PASSWORD).status_code == 201

    def is_in(self) -> bool:
        return self.get(f"{AUTH}/me").status_code == 200

    def websocket(self, path: str, **headers: str) -> int:
        with self.stream("GET", path, headers=UPGRADE | headers) as answer:
            return answer.status_code
