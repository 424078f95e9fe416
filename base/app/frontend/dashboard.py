"""The dashboard: a card for the core and for every component, kept up to date while it is open."""

import asyncio
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import flet as ft
import flet_web.fastapi
from fastapi import FastAPI
from starlette.datastructures import MutableHeaders
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.backend.admin import SIGN_OUT
from app.core.component import Component, discover
from app.core.health import Report, check_all
from app.core.settings import Settings, read
from app.frontend import theme
from app.frontend.card import Card, CardContext, Pill
from app.identity import DESCRIPTION, NAME

PATH = "/dashboard"
ASSETS = Path(__file__).parent / "assets"
INTERVAL = 1.5
"""Seconds between two looks at everybody's health."""

CORE = Component(
    name="core", title="Core", summary="The process that serves the API and this dashboard."
)


def create() -> FastAPI:
    """The application to mount under `PATH`. It loads nothing from elsewhere: it works offline."""
    components = discover()
    feed = _Feed(components)

    async def main(page: ft.Page) -> None:
        await _open(page, [CORE, *components], feed)

    app: FastAPI = flet_web.fastapi.app(
        main,
        no_cdn=True,
        assets_dir=str(ASSETS),
        app_name=NAME,
        app_description=DESCRIPTION,
        session_timeout_seconds=600,
    )
    app.add_middleware(_ForItself)
    app.add_middleware(GZipMiddleware, compresslevel=5)
    # Flet has a limit of its own for what its page uploads.
    app.add_middleware(RequestBodyLimitMiddleware, max_body_size=sys.maxsize)
    return app


class _ForItself:
    """Its files are for its own page, which asks each time whether it has the newest.

    Flet would let the pages of every site read them, and leave it to the browser when to ask.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_closed(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                del headers["Access-Control-Allow-Origin"]
                headers["Cache-Control"] = "no-cache"
            await send(message)

        await self._app(scope, receive, send_closed)


@asynccontextmanager
async def running() -> AsyncIterator[None]:
    """Flet's own start and stop, which a mounted application is not given by itself."""
    await flet_web.fastapi.app_manager.start()
    try:
        yield
    finally:
        await flet_web.fastapi.app_manager.shutdown()


class _Feed:
    """Everybody's health, asked once for all who watch."""

    def __init__(self, components: list[Component]) -> None:
        self._components = components
        self._round: asyncio.Task[Report] | None = None
        self._asked_at = 0.0

    async def latest(self) -> Report:
        now = time.monotonic()
        if self._round is None or (self._round.done() and now - self._asked_at >= INTERVAL / 2):
            self._asked_at = now
            self._round = asyncio.create_task(check_all(self._components))
        # Shielded: one viewer who leaves must not take the answer away from the others.
        return await asyncio.shield(self._round)


async def _open(page: ft.Page, components: list[Component], feed: _Feed) -> None:
    """Lay out one viewer's page, and keep it alive for as long as somebody looks at it."""
    page.title = NAME
    theme.apply(page)
    overall = Pill("status-overall")
    cards = {found.name: Card(CardContext(page, found)) for found in components}
    page.add(
        _header(page, overall),
        ft.ResponsiveRow([card.control for card in cards.values()], spacing=16, run_spacing=16),
    )
    watched = asyncio.Event()
    watched.set()
    page.on_connect = watched.set
    page.on_disconnect = watched.clear

    async def watch() -> None:
        while True:
            await watched.wait()
            report = await feed.latest()
            overall.show(report.status)
            for name, health in report.components.items():
                await cards[name].show(health)
            page.update()
            await asyncio.sleep(INTERVAL)

    watching = page.run_task(watch)
    page.on_close = watching.cancel


def _header(page: ft.Page, overall: Pill) -> ft.Control:
    return ft.ResponsiveRow(
        [
            ft.Column(
                [
                    ft.Text(NAME, size=28, weight=ft.FontWeight.BOLD),
                    ft.Text(DESCRIPTION, color=ft.Colors.ON_SURFACE_VARIANT),
                ],
                spacing=2,
                col={"xs": 12, "md": 7},
            ),
            ft.Row(
                [
                    overall.control,
                    ft.TextButton("API", icon=ft.Icons.OPEN_IN_NEW, url="/docs"),
                    ft.TextButton(
                        "Theme", icon=ft.Icons.CONTRAST, on_click=lambda: theme.toggle(page)
                    ),
                    ft.TextButton(
                        "Sign out",
                        icon=ft.Icons.LOGOUT,
                        url=ft.Url(PATH + SIGN_OUT, ft.UrlTarget.SELF),
                        visible=bool(read(Settings).admin_token),
                    ),
                ],
                alignment=ft.MainAxisAlignment.END,
                col={"xs": 12, "md": 5},
            ),
        ],
        vertical_alignment=ft.CrossAxisAlignment.CENTER,
    )
