"""Who may use what is for those who run the project: the dashboard, and everything under `/admin`.

    router = APIRouter(prefix="/admin/clock", dependencies=[Depends(admins_only)])

Whoever has ADMIN_TOKEN, as a bearer token or as the password of a browser's own prompt. Without a
token nobody in production, and in development whoever sits at this machine.
"""

import base64
import hashlib
import hmac
import ipaddress
from urllib.parse import urlsplit

from fastapi import HTTPException
from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.core.settings import Settings, read

COOKIE = "admin"
CLOSED = "closed: set ADMIN_TOKEN, and send it"
_ASK = {"WWW-Authenticate": 'Basic realm="admin", charset="UTF-8"'}


def admins_only(connection: HTTPConnection) -> None:
    """Refuse everybody else; a dependency for routes."""
    if not is_admin(connection):
        if read(Settings).admin_token:
            raise HTTPException(401, "wrong token", _ASK)
        raise HTTPException(403, CLOSED)


class AdminsOnly:
    """Refuses everybody else; around an application that is mounted."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        connection = HTTPConnection(scope)
        if is_admin(connection):
            await self._app(scope, receive, _giving_cookie(scope, send))
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        elif read(Settings).admin_token:
            await PlainTextResponse("wrong token", 401, _ASK)(scope, receive, send)
        else:
            await PlainTextResponse(CLOSED, 403)(scope, receive, send)


def is_admin(connection: HTTPConnection) -> bool:
    """Whether whoever asks runs the project, and asks of their own accord."""
    if _is_from_elsewhere(connection):
        return False
    if token := read(Settings).admin_token:
        return hmac.compare_digest(_password(connection).encode(), token.encode()) or (
            hmac.compare_digest(connection.cookies.get(COOKIE, "").encode(), _cookie().encode())
        )
    client = connection.client.host if connection.client else ""
    # Asked for by a name of this machine: a name of somebody else's can be made to lead here.
    here = _is_loopback(client) and _is_loopback(_host(f"//{connection.headers.get('Host', '')}"))
    return here and read(Settings).app_env == "development"


def _is_from_elsewhere(connection: HTTPConnection) -> bool:
    """Whether a page of another site makes the browser ask."""
    origin = connection.headers.get("Origin")
    return origin is not None and origin.partition("://")[2] != connection.headers.get("Host")


def _password(connection: HTTPConnection) -> str:
    scheme, _, given = connection.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return given
    try:
        return base64.b64decode(given, validate=True).decode().partition(":")[2]
    except ValueError:
        return ""


def _giving_cookie(scope: Scope, send: Send) -> Send:
    # Not every browser sends the password along when it opens a WebSocket.
    async def send_with_cookie(message: Message) -> None:
        if message["type"] == "http.response.start" and read(Settings).admin_token:
            secure = "; Secure" if scope["scheme"] == "https" else ""
            cookie = f"{COOKIE}={_cookie()}; Path=/; HttpOnly; SameSite=Strict{secure}"
            MutableHeaders(scope=message).append("Set-Cookie", cookie)
        await send(message)

    return send_with_cookie


def _cookie() -> str:
    return hmac.new(read(Settings).admin_token.encode(), b"admin", hashlib.sha256).hexdigest()


def _host(url: str) -> str:
    try:
        parts = urlsplit(url)
        return (parts.hostname or "") if parts.port != 0 else ""
    except ValueError:
        return ""


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
