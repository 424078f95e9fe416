"""Mounts the dashboard, and loads it with its first visitor, not before.

Half of what a web server would import is Flet. One that only answers requests does without.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import import_module

from starlette.types import ASGIApp, Receive, Scope, Send

from app.core.component import discover
from app.frontend.feed import Feed

PATH = "/dashboard"


class Dashboard:
    """The ASGI application to mount under `PATH`."""

    def __init__(self) -> None:
        self._feed = Feed(discover())
        self._app: ASGIApp | None = None
        self._loading = asyncio.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a visitor; the first one waits while the dashboard loads."""
        app = self._app or await self._load()
        await app(scope, receive, send)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """From the server's start to its end."""
        remembering = asyncio.create_task(self._feed.remember())
        try:
            yield
        finally:
            remembering.cancel()
            if self._app:
                await import_module("app.frontend.dashboard").app_manager.shutdown()

    async def _load(self) -> ASGIApp:
        async with self._loading:
            if self._app is None:
                # In a thread: meanwhile others are answered.
                dashboard = await asyncio.to_thread(import_module, "app.frontend.dashboard")
                self._app = await dashboard.start(self._feed)
            return self._app
