"""ADMIN_TOKEN in a request: as a bearer token, a browser's password, or a session cookie.

If it isn't set, production lets nobody in, and development lets in anybody on this machine.
"""

import base64
import hmac
from ipaddress import ip_address
from urllib.parse import urlsplit

from fastapi import HTTPException
from fastapi.openapi.models import HTTPBearer
from fastapi.security.base import SecurityBase
from starlette.requests import HTTPConnection

from app.backend.admin_session import COOKIE, FORGET, sent
from app.backend.guesses import Guesses
from app.core.admin_token import OFF
from app.core.settings import Settings

CLOSED = "closed: set ADMIN_TOKEN and send it"
ASK = {"WWW-Authenticate": 'Basic realm="admin", charset="UTF-8"'}
TOKENS, COOKIES = Guesses(), Guesses()


class TokenScheme(SecurityBase):
    """A base class for dependencies: `/docs` shows a lock for them, and asks for the token.

    FastAPI's own schemes take no WebSocket, and would answer before a wrong token is counted.
    """

    model = HTTPBearer(description="ADMIN_TOKEN, or a token of somebody whom a component knows")
    scheme_name = "token"


def refusal_of_token(connection: HTTPConnection, settings: Settings) -> HTTPException | None:
    """The answer to a request without the right token; a wrong one counts as a guess."""
    if settings.admin_token == OFF:
        return HTTPException(401, "log in as an admin", {"WWW-Authenticate": "Bearer"})
    if not settings.admin_token:
        return None if _sits_here(connection, settings) else HTTPException(403, CLOSED)
    session = sent(connection, settings.admin_token)
    if session and session.is_open() and not session.is_idle():
        return None
    scheme, _ = token_of(connection)
    forget = {"Set-Cookie": FORGET} if COOKIE in connection.cookies else {}
    # A browser sends a remembered password by itself: that must not begin a new session.
    if session and scheme in ("", "basic"):
        return HTTPException(401, "session expired: sign in again", ASK | forget)
    if not scheme and not forget:
        return HTTPException(401, "token required", ASK)
    right = has_token(connection, settings)
    # Cookies are counted separately: a page with an old one must not lock anybody out.
    guesses = TOKENS if scheme else COOKIES
    if wait := guesses.count(connection.client.host if connection.client else "", right):
        waiting = {"Retry-After": str(wait)} | forget
        return HTTPException(429, f"too many wrong tokens: wait {wait} s", waiting)
    return None if right else HTTPException(401, "wrong token", ASK | forget)


def has_token(connection: HTTPConnection, settings: Settings, only: str = "") -> bool:
    """Whether ADMIN_TOKEN itself is sent, and not somebody's own token; in one scheme, or any."""
    (scheme, given), right = token_of(connection), settings.admin_token
    is_right = right not in ("", OFF) and hmac.compare_digest(given, right.encode())
    return is_right and only in ("", scheme)


def _sits_here(connection: HTTPConnection, settings: Settings) -> bool:
    """Whether this is development, and the request comes from this machine."""
    client = connection.client.host if connection.client else ""
    try:
        # By a name of this machine: anybody can make a name of their own point here.
        asked = urlsplit(f"//{connection.headers.get('Host', '')}").hostname or ""
        names = (client, "127.0.0.1" if asked == "localhost" else asked)
        here = all(ip_address(name).is_loopback for name in names)
    except ValueError:
        return False
    return here and settings.app_env == "development"


def is_from_elsewhere(connection: HTTPConnection) -> bool:
    """Whether a page of another site makes the browser send this."""
    origin = connection.headers.get("Origin")
    return origin is not None and origin.partition("://")[2] != connection.headers.get("Host")


def token_of(connection: HTTPConnection) -> tuple[str, bytes]:
    """The scheme in lower case, empty if nothing was sent, and the token as it was sent."""
    scheme, _, given = connection.headers.get("Authorization", "").partition(" ")
    sent = given.encode("latin-1").strip()  # as Starlette reads headers
    if scheme.lower() == "basic":
        try:
            sent = base64.b64decode(sent, validate=True).partition(b":")[2]
        except ValueError:
            sent = b""
    return scheme.lower(), sent
