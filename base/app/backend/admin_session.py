"""After sending ADMIN_TOKEN, a browser goes on with a cookie: a session that ends.

The cookie says when the session began and was last used, and is signed with the token. So every web
server can read it, and a new token ends all sessions. Signing out leaves a file in `data/`, which
every web server that shares the directory sees.
"""

import hashlib
import hmac
import secrets
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from starlette.requests import HTTPConnection

from app.core.admin_token import OFF
from app.identity import SLUG

COOKIE = f"{SLUG}-admin"
IDLE = 2 * 60 * 60
"""Seconds without a page or connection after which a session ends."""
LONGEST = 12 * 60 * 60
"""Seconds after its beginning at which it ends, however much it is used."""
SIGNED_OUT = Path("data/signed-out")
_FLAGS = "Path=/; HttpOnly; SameSite=Strict"
FORGET = f'{COOKIE}=""; Max-Age=0; {_FLAGS}'
"""The Set-Cookie header that deletes the cookie."""


@dataclass(frozen=True, slots=True)
class AdminSession:
    """A session that we began; it may have ended."""

    name: str
    began: int
    used: int

    def is_open(self) -> bool:
        """Whether it hasn't expired and nobody has signed out; asked while it is in use."""
        return time.time() < self.began + LONGEST and not (SIGNED_OUT / self.name).exists()

    async def still_open(self) -> bool:
        """`is_open` in the form of checks that have to ask a component first."""
        return self.is_open()

    def is_idle(self) -> bool:
        """Whether it was unused for too long to be resumed."""
        return time.time() >= self.used + IDLE

    def cookie(self, scheme: str, token: str) -> str:
        """The Set-Cookie header that says it was used now, signed with ADMIN_TOKEN."""
        said = f"{self.name}.{self.began}.{int(time.time())}"
        # No Max-Age: an expired one still comes back, so that we can ask for the token again.
        secure = "; Secure" if scheme in ("https", "wss") else ""
        return f"{COOKIE}={said}.{_sign(said, token)}; {_FLAGS}{secure}"

    def sign_out(self) -> None:
        """End it. Raises OSError if that can't be stored."""
        SIGNED_OUT.mkdir(parents=True, exist_ok=True)
        (SIGNED_OUT / self.name).touch()
        for file in SIGNED_OUT.iterdir():
            with suppress(OSError):  # others tidy up as well
                if file.name != self.name and file.stat().st_mtime < time.time() - LONGEST:
                    file.unlink()


def begin() -> AdminSession:
    """A session that begins now."""
    now = int(time.time())
    return AdminSession(secrets.token_hex(16), now, now)


def sent(connection: HTTPConnection, token: str) -> AdminSession | None:
    """The session in a cookie, ended or not; None for a cookie that we didn't make."""
    said, _, signature = connection.cookies.get(COOKIE, "").rpartition(".")
    is_ours = hmac.compare_digest(signature.encode(), _sign(said, token).encode())
    if not is_ours or token in ("", OFF):  # what is signed with nothing anybody signs
        return None
    try:
        name, began, used = said.split(".")
        return AdminSession(name, int(began), int(used))
    except ValueError:  # of another version of ours
        return None


def _sign(said: str, token: str) -> str:
    return hmac.new(token.encode(), f"session {said}".encode(), hashlib.sha256).hexdigest()
