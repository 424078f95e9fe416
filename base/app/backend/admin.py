"""Admins only: guards the dashboard and everything under `/admin`.

    router = APIRouter(prefix="/admin/clock", dependencies=[Depends(admins_only)])

Whoever sends ADMIN_TOKEN (`app.backend.credentials`) is an admin, and so is whoever a component
knows as one (`app.backend.callers`).
"""

import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import structlog
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.backend.admin_session import COOKIE, FORGET, AdminSession, begin, sent
from app.backend.callers import AT_DASHBOARD, Caller, known_caller
from app.backend.credentials import ASK, TokenScheme, is_from_elsewhere, refusal_of_token, token_of
from app.backend.dependencies import CurrentSettings
from app.core.settings import Settings, read

SIGN_OUT = "/sign-out"
"""The path at which a mounted application lets a browser sign out, below its own."""
ASK_AGAIN = 10.0
"""After how many seconds a component is asked again about somebody on an open WebSocket."""
StillOpen = Callable[[], Awaitable[bool]]


class _RefuseOthers(TokenScheme):
    async def __call__(self, connection: HTTPConnection, settings: CurrentSettings) -> None:
        if refused := refusal(connection, await known_caller(connection, settings), settings):
            raise refused


admins_only = _RefuseOthers()
"""Refuses everybody else; a dependency for routes."""


def refusal(
    connection: HTTPConnection, caller: Caller | None, settings: Settings
) -> HTTPException | None:
    """The answer to somebody who isn't an admin, or to a request from another site's page."""
    if is_from_elsewhere(connection):
        return HTTPException(403, "requests from other sites are refused")
    if caller and caller.is_admin:
        return None
    refused = refusal_of_token(connection, settings)
    if refused and caller and refused.status_code == 401:
        return HTTPException(403, "only for admins")
    return refused


class AdminsOnly:
    """Refuses everybody else, and lets browsers sign out; wraps a mounted application."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        # A copy, because a mounted application replaces `app` in the scope with itself.
        connection = HTTPConnection(dict(scope))
        settings = read(Settings)
        session = sent(connection, settings.admin_token)
        caller: Caller | None = await _answer(connection, known_caller(connection, settings))
        refused = refusal(connection, caller, settings)
        # Also for an expired session, but not for another site's page.
        may_sign_out = not refused or (session and not is_from_elsewhere(connection))
        if may_sign_out and scope["path"] == scope.get("root_path", "") + SIGN_OUT:
            await (await _sign_out(connection, caller, session))(scope, receive, send)
        elif refused and scope["type"] == "websocket" and refused.status_code != 429:
            await send({"type": "websocket.close", "code": 1008})  # which is answered with 403
        elif refused:
            await (await _refuse(connection, caller, refused))(scope, receive, send)
        elif caller and caller.is_admin:
            AT_DASHBOARD.set(caller)
            if scope["type"] == "websocket":
                receive, send = _while_open(_still_known(connection, settings), receive, send)
            await self._app(scope, receive, send)
        elif not settings.admin_token:
            await self._app(scope, receive, send)
        else:
            session = session if session and session.is_open() else begin()
            if scope["type"] == "websocket":
                receive, send = _while_open(session.still_open, receive, send)
            await self._app(scope, receive, _giving_cookie(session, settings, scope, send))


async def _refuse(
    connection: HTTPConnection, caller: Caller | None, refused: HTTPException
) -> Response:
    """Redirect a stranger's browser to a component's login page, unless it sent a token."""
    headers = connection.headers
    is_page = connection.scope.get("method") == "GET" and "text/html" in headers.get("Accept", "")
    has_sent = "Authorization" in headers or COOKIE in connection.cookies
    if is_page and not (caller or has_sent or is_from_elsewhere(connection)):
        for login in connection.app.state.logins:
            if page := await _answer(connection, login(connection)):
                return RedirectResponse(page, 303)
    return PlainTextResponse(refused.detail, refused.status_code, refused.headers)


async def _answer(connection: HTTPConnection, asked: Awaitable[Any]) -> Any:
    """A component's answer. If it can't give one (its database is down), ADMIN_TOKEN is enough."""
    try:
        return await asked
    except Exception as error:  # a token that can't be looked up is no guess of ADMIN_TOKEN
        if isinstance(error, HTTPException) or token_of(connection)[0] == "bearer":
            raise
        structlog.get_logger(__name__).exception("a component can't say who asks")
        return None


def _still_known(connection: HTTPConnection, settings: Settings) -> StillOpen:
    """Whether a component still knows somebody as an admin; asked again from time to time."""
    asked, is_known = time.monotonic(), True

    async def still_known() -> bool:
        nonlocal asked, is_known
        if is_known and time.monotonic() >= asked + ASK_AGAIN:
            asked = time.monotonic()
            caller = await _answer(connection, known_caller(connection, settings))
            is_known = caller is not None and caller.is_admin
        return is_known

    return still_known


async def _sign_out(
    connection: HTTPConnection, caller: Caller | None, session: AdminSession | None
) -> Response:
    """End the session. Answering with 401 makes the browser forget the password too."""
    page = connection.scope.get("root_path", "") + "/"
    if caller and caller.sign_out:
        page = await caller.sign_out(connection)
    if session is None:  # or the password was typed into the prompt that signing out brings
        return RedirectResponse(page, 303)
    try:
        session.sign_out()
    except OSError as error:
        return PlainTextResponse(f"not signed out: can't write to data/, {error}", 503)
    return PlainTextResponse("signed out", 401, ASK | {"Set-Cookie": FORGET})


def _while_open(still_open: StillOpen, receive: Receive, send: Send) -> tuple[Receive, Send]:
    """Both directions of a WebSocket, closed at the first message after the session's end."""
    is_closed = False

    async def close() -> None:
        nonlocal is_closed
        if not is_closed:
            is_closed = True
            with suppress(OSError):  # the browser was faster
                await send({"type": "websocket.close", "code": 1008})

    async def receive_while_open() -> Message:
        message = await receive()
        if await still_open():
            return message
        await close()
        return {"type": "websocket.disconnect", "code": 1008}

    async def send_while_open(message: Message) -> None:
        await (send(message) if await still_open() else close())

    return receive_while_open, send_while_open


def _giving_cookie(session: AdminSession, settings: Settings, scope: Scope, send: Send) -> Send:
    # Not every browser sends the password when it opens a WebSocket.
    async def send_with_cookie(message: Message) -> None:
        if message["type"] in ("http.response.start", "websocket.accept"):
            cookie = session.cookie(scope["scheme"], settings.admin_token)
            MutableHeaders(scope=message).append("Set-Cookie", cookie)
        await send(message)

    return send_with_cookie
