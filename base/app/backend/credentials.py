"""ADMIN_TOKEN as it is sent: as a bearer token, as a browser's password, or by a session's cookie.

Without a token nobody is let in in production, and in development whoever sits at this machine.
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
    """The base of a dependency for which `/docs` has a lock, and asks for the token.

    FastAPI's own schemes take no WebSocket, and would answer before a wrong token is counted.
    """

    model = HTTPBearer(description="ADMIN_TOKEN, or a token of somebody whom a component knows")
    scheme_name = "token"


def refusal_of_token(connection: HTTPConnection, settings: Settings) -> HTTPException | None:
    """What to answer to whoever sends no right token; a wrong one counts as a guess."""
    if settings.admin_token == OFF:
        return HTTPException(401, "log in as an admin", {"WWW-Authenticate": "Bearer"})
    if not settings.admin_token:
        return None if _sits_here(connection, settings) else HTTPException(403, CLOSED)
    session = sent(connection, settings.admin_token)
    if session and session.is_open() and not session.is_idle():
        return None
    scheme, _ = token_of(connection)
    forget = {"Set-Cookie": FORGET} if COOKIE in connection.cookies else {}
    # A browser sends the password that it remembers by itself: that begins no other session.
    if session and scheme in ("", "basic"):
        return HTTPException(401, "session expired: sign in again", ASK | forget)
    if not scheme and not forget:
        return HTTPException(401, "token required", ASK)
    right = has_token(connection, settings)
    # Cookies have a count of their own: a page that goes on with an old one locks nobody out.
    guesses = TOKENS if scheme else COOKIES
    if wait := guesses.count(connection.client.host if connection.client else "", right):
        waiting = {"Retry-After": str(wait)} | forget
        return HTTPException(429, f"too many wrong tokens: wait {wait} s", waiting)
    return None if right else HTTPException(401, "wrong token", ASK | forget)


def has_token(connection: HTTPConnection, settings: Settings, only: str = "") -> bool:
    """Whether ADMIN_TOKEN itself is sent, which is nobody else's token; by one scheme, or any."""
    (scheme, given), right = token_of(connection), settings.admin_token
    is_right = right not in ("", OFF) and hmac.compare_digest(given, right.encode())
    return is_right and only in ("", scheme)


def _sits_here(connection: HTTPConnection, settings: Settings) -> bool:
    """Whether it is development, and somebody at this machine asks."""
    client = connection.client.host if connection.client else ""
    try:
        # Asked for by a name of this machine: a name of somebody else's can be made to lead here.
        asked = urlsplit(f"//{connection.headers.get('Host', '')}").hostname or ""
        names = (client, "127.0.0.1" if asked == "localhost" else asked)
        here = all(ip_address(name).is_loopback for name in names)
    except ValueError:
        return False
    return here and settings.app_env == "development"


def is_from_elsewhere(connection: HTTPConnection) -> bool:
    """Whether a page of another site makes the browser ask."""
    origin = connection.headers.get("Origin")
    return origin is not None and origin.partition("://")[2] != connection.headers.get("Host")


def token_of(connection: HTTPConnection) -> tuple[str, bytes]:
    """The scheme in lower case, empty where nothing is sent, and the token as it was sent."""
    scheme, _, given = connection.headers.get("Authorization", "").partition(" ")
    sent = given.encode("latin-1").strip()  # as Starlette reads headers
    if scheme.lower() == "basic":
        try:
            sent = base64.b64decode(sent, validate=True).partition(b":")[2]
        except ValueError:
            sent = b""
    return scheme.lower(), sent
