"""How much a request may bring: MAX_BODY_SIZE, or what a route or a router says of itself.

    @router.post("/videos", max_body_size=500_000_000)

What is larger is 413, before it fills the memory: by its Content-Length, or by counting what comes.
"""

from starlette.datastructures import Headers
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.core.settings import Settings, read

_BODY = frozenset((b"content-length", b"transfer-encoding"))
"""Without one of these a request of HTTP/1.1, which is all that uvicorn speaks, brings no body."""


class BodyLimit(RequestBodyLimitMiddleware):
    """Starlette's limit for every route that has none of its own, refusing as our routes do."""

    def __init__(self, app: ASGIApp) -> None:
        super().__init__(app, read(Settings).max_body_size)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, as far as it fits."""
        if scope["type"] != "http" or _BODY.isdisjoint(dict(scope["headers"])):
            return await self.app(scope, receive, send)
        refused = False

        async def send_as_json(message: Message) -> None:
            nonlocal refused
            if message["type"] == "http.response.start" and message["status"] == 413:
                kind = Headers(raw=message["headers"]).get("Content-Type", "")
                refused = kind.startswith("text/plain")
                if refused:
                    answer = JSONResponse({"detail": "Content Too Large"}, 413)
                    return await answer(scope, receive, send)
            if not refused:
                await send(message)

        await super().__call__(scope, receive, send_as_json)
