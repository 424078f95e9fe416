"""Who may use what is for those who run the project: the dashboard, and everything under `/admin`.

    router = APIRouter(prefix="/admin/clock", dependencies=[Depends(admins_only)])

Whoever has ADMIN_TOKEN, as a bearer token or as the password of a browser's own prompt. Without a
token nobody in production, and in development whoever sits at this machine.
"""

import base64
import hmac
import ipaddress
from urllib.parse import urlsplit

from fastapi import HTTPException
from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.backend.admin_session import COOKIE, FORGET, AdminSession, begin, sent
from app.backend.guesses import Guesses
from app.core.settings import Settings, read

CLOSED = "closed: set ADMIN_TOKEN and send it"
SIGN_OUT = "/sign-out"
"""Where a mounted application lets a browser sign out, below its own path."""
TOKENS, COOKIES = Guesses(), Guesses()
_ASK = {"WWW-Authenticate": 'Basic realm="admin", charset="UTF-8"'}


def admins_only(connection: HTTPConnection) -> None:
    """Refuse everybody else; a dependency for routes."""
    if refused := refusal(connection):
        raise refused


class AdminsOnly:
    """Refuses everybody else, and lets browsers sign out; around an application that is mounted."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        connection = HTTPConnection(scope)
        session = sent(connection)
        refused = refusal(connection)
        if scope["path"] == scope.get("root_path", "") + SIGN_OUT and _may_sign_out(
            connection, session, refused
        ):
            await _sign_out(session, scope)(scope, receive, send)
        elif refused and scope["type"] == "websocket" and refused.status_code != 429:
            await send({"type": "websocket.close", "code": 1008})  # which is answered with 403
        elif refused:
            answer = PlainTextResponse(refused.detail, refused.status_code, refused.headers)
            await answer(scope, receive, send)
        elif not read(Settings).admin_token:
            await self._app(scope, receive, send)
        else:
            session = session if session and session.is_open() else begin()
            if scope["type"] == "websocket":
                receive, send = _while_open(session, receive, send)
            await self._app(scope, receive, _giving_cookie(session, scope, send))


def refusal(connection: HTTPConnection) -> HTTPException | None:
    """What to answer to whoever does not run the project, or does not ask of their own accord."""
    if _is_from_elsewhere(connection):
        return HTTPException(403, "requests from other sites are refused")
    if not read(Settings).admin_token:
        return None if _sits_here(connection) else HTTPException(403, CLOSED)
    session = sent(connection)
    if session and session.is_open() and not session.is_idle():
        return None
    scheme, token = _token(connection)
    forget = {"Set-Cookie": FORGET} if COOKIE in connection.cookies else {}
    # A browser sends the password that it remembers by itself: that begins no other session.
    if session and scheme in ("", "basic"):
        return HTTPException(401, "session expired: sign in again", _ASK | forget)
    if not scheme and not forget:
        return HTTPException(401, "token required", _ASK)
    right = bool(scheme) and hmac.compare_digest(token, read(Settings).admin_token.encode())
    # Cookies have a count of their own: a page that goes on with an old one locks nobody out.
    guesses = TOKENS if scheme else COOKIES
    if wait := guesses.count(connection.client.host if connection.client else "", right):
        waiting = {"Retry-After": str(wait)} | forget
        return HTTPException(429, f"too many wrong tokens: wait {wait} seconds", waiting)
    return None if right else HTTPException(401, "wrong token", _ASK | forget)


def _may_sign_out(
    connection: HTTPConnection, session: AdminSession | None, refused: HTTPException | None
) -> bool:
    """Also whoever has a session that is over; not the page of another site."""
    return not refused or (session is not None and not _is_from_elsewhere(connection))


def _sits_here(connection: HTTPConnection) -> bool:
    """Whether it is development, and somebody at this machine asks."""
    client = connection.client.host if connection.client else ""
    # Asked for by a name of this machine: a name of somebody else's can be made to lead here.
    here = _is_loopback(client) and _is_loopback(_host(f"//{connection.headers.get('Host', '')}"))
    return here and read(Settings).app_env == "development"


def _is_from_elsewhere(connection: HTTPConnection) -> bool:
    """Whether a page of another site makes the browser ask."""
    origin = connection.headers.get("Origin")
    return origin is not None and origin.partition("://")[2] != connection.headers.get("Host")


def _token(connection: HTTPConnection) -> tuple[str, bytes]:
    """The scheme in lower case, empty where nothing is sent, and the token as it was sent."""
    scheme, _, given = connection.headers.get("Authorization", "").partition(" ")
    sent = given.encode("latin-1").strip()  # as Starlette reads headers
    if scheme.lower() == "basic":
        try:
            sent = base64.b64decode(sent, validate=True).partition(b":")[2]
        except ValueError:
            sent = b""
    return scheme.lower(), sent


def _sign_out(session: AdminSession | None, scope: Scope) -> Response:
    """End the session. The browser forgets the password too, since it is answered with 401."""
    if session is None:  # the password was typed into the prompt that signing out brings
        return RedirectResponse(scope.get("root_path", "") + "/", 303)
    try:
        session.sign_out()
    except OSError as error:
        return PlainTextResponse(f"not signed out: can't write to data/, {error}", 503)
    return PlainTextResponse("signed out", 401, _ASK | {"Set-Cookie": FORGET})


def _while_open(session: AdminSession, receive: Receive, send: Send) -> tuple[Receive, Send]:
    """Both directions of a WebSocket, closed at the first message after the session's end."""
    is_closed = False

    async def close() -> None:
        nonlocal is_closed
        if not is_closed:
            is_closed = True
            await send({"type": "websocket.close", "code": 1008})

    async def receive_while_open() -> Message:
        message = await receive()
        if session.is_open():
            return message
        await close()
        return {"type": "websocket.disconnect", "code": 1008}

    async def send_while_open(message: Message) -> None:
        await (send(message) if session.is_open() else close())

    return receive_while_open, send_while_open


def _giving_cookie(session: AdminSession, scope: Scope, send: Send) -> Send:
    # Not every browser sends the password along when it opens a WebSocket.
    async def send_with_cookie(message: Message) -> None:
        if message["type"] in ("http.response.start", "websocket.accept"):
            MutableHeaders(scope=message).append("Set-Cookie", session.cookie(scope["scheme"]))
        await send(message)

    return send_with_cookie


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
