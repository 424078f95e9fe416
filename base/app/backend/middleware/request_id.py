"""Gives every request an id: in a response header, and in each of its log lines.

It also counts requests for the dashboard.
"""

import re
import secrets
import time

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.backend.traffic import TRAFFIC

HEADER = "X-Request-ID"
_RAW = HEADER.lower().encode()
QUIET = ("/health/live", "/dashboard")
"""Requests that come all day: probes and the dashboard's files."""
# An id that a proxy may send; anything else stays out of our logs.
_SANE = re.compile(rb"[A-Za-z0-9._-]{8,64}")


class RequestId:
    """ASGI middleware that keeps the id that a proxy sent, or makes one."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request under its id."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        sent = dict(scope["headers"]).get(_RAW, b"")
        request_id = sent if _SANE.fullmatch(sent) else secrets.token_hex(8).encode()
        # It stays set in this request's task: the server may still log an exception.
        structlog.contextvars.bind_contextvars(request_id=request_id.decode())
        status = 500  # what becomes of an exception that nobody handles

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                others = [each for each in message.get("headers", ()) if each[0] != _RAW]
                message["headers"] = [*others, (_RAW, request_id)]
                status = message["status"]
            await send(message)

        began = time.perf_counter()
        try:
            await self._app(scope, receive, send_with_id)
        finally:
            if not scope["path"].startswith(QUIET):
                route = getattr(scope.get("route"), "path", "no route")
                seconds = time.perf_counter() - began
                TRAFFIC.count(f"{scope['method'][:8]} {route}", status, seconds)
