"""The dashboard: a first page, and a page for each component, live while they are open."""

import asyncio
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import flet as ft
import flet_web.fastapi
from fastapi import FastAPI
from flet_web.fastapi import FletApp, app_manager
from starlette.datastructures import MutableHeaders
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.routing import WebSocketRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect

from app.backend.admin import SIGN_OUT
from app.backend.callers import AT_DASHBOARD
from app.core.component import Component, discover
from app.core.settings import Settings, read
from app.frontend import theme
from app.frontend.feed import INTERVAL, Feed
from app.frontend.mount import PATH
from app.frontend.overview import Overview
from app.frontend.pages import ComponentPage, PageContext, page_of
from app.frontend.parts import ZONE, Pill
from app.identity import DESCRIPTION, NAME

ASSETS = Path(__file__).parent / "assets"

CORE = Component(
    name="core",
    title="Web server",
    summary="Serves the API and this dashboard.",
    page="app.frontend.requests_page:page",
)
LOGS = Component(
    name="logs",
    title="Logs",
    summary="The last 500 lines of this web server, the newest first.",
    page="app.frontend.logs_page:page",
)


async def start(feed: Feed) -> FastAPI:
    """The application to mount. It loads nothing from elsewhere, so it works offline."""
    components = discover()

    async def main(page: ft.Page) -> None:
        _Visit(page, [CORE, *components, LOGS], feed)

    app: FastAPI = flet_web.fastapi.app(
        main, no_cdn=True, assets_dir=str(ASSETS), app_name=NAME, app_description=DESCRIPTION
    )

    async def connect(websocket: WebSocket) -> None:
        with suppress(ValueError, OSError):  # no zone of this name
            ZONE.set(ZoneInfo(websocket.cookies.get("zone", "UTC")))
        around = asyncio.get_running_loop(), app_manager.executor
        await _Connection(*around, main, None, session_timeout_seconds=600).handle(websocket)

    app.router.routes.insert(0, WebSocketRoute("/ws", connect))
    app.add_middleware(_ForItself)
    app.add_middleware(GZipMiddleware, compresslevel=5)
    # Flet has its own limit for what its page uploads.
    app.add_middleware(RequestBodyLimitMiddleware, max_body_size=sys.maxsize)
    # A mounted application isn't started and stopped by itself.
    await app_manager.start()
    return app


class _Connection(FletApp):  # type: ignore[misc]  # it has no types
    """Flet's, except for its end: messages that come too late for a viewer are dropped.

    Flet would raise, and keep the visit for ever; its queue may be gone.
    """

    _is_open = True

    async def handle(self, websocket: WebSocket) -> None:
        async def receive() -> Message:
            message = await websocket.receive()
            if message["type"] == "websocket.disconnect":
                self._is_open = False
            return message

        async def send(message: Message) -> None:
            try:
                if self._is_open:
                    await websocket.send(message)
            except WebSocketDisconnect:
                self._is_open = False

        await super().handle(WebSocket(websocket.scope, receive, send))

    def send_message(self, message: Any) -> None:
        if self._is_open:
            super().send_message(message)


class _ForItself:
    """Its files are for its own page, which checks each time whether it has the newest.

    Flet would let pages of every site read them, and the browser decide when to check.
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


HERE = ft.ButtonStyle(bgcolor=ft.Colors.SECONDARY_CONTAINER)
"""The style of the open page's tab."""


class _Visit:
    """One viewer's pages, alive for as long as somebody looks at them."""

    def __init__(self, page: ft.Page, components: list[Component], feed: Feed) -> None:
        self._page, self._feed = page, feed
        self._components = {found.name: found for found in components}
        self._overall = Pill("status-overall")
        self._navigation = ft.Row(scroll=ft.ScrollMode.AUTO, spacing=0)
        self._place = ft.Container()
        self._shown: Overview | ComponentPage | None = None
        self._name = ""
        self._tabs: dict[str, tuple[ft.Semantics, ft.TextButton]] = {}
        self._tab("", "Overview", ft.Icons.DASHBOARD)
        for component in components:
            if found := page_of(component):
                self._tab(component.name, found.title, found.icon)
        theme.apply(page)
        page.add(_header(page, self._overall), self._navigation, self._place)
        self._watched = asyncio.Event()
        self._watched.set()
        page.on_connect = self._watched.set
        page.on_disconnect = self._watched.clear
        page.on_route_change = lambda: self._show(page.route)
        page.on_resize = lambda: page.run_task(self._refresh)
        self._show(page.route)
        watching = page.run_task(self._watch)
        page.on_close = watching.cancel

    def _go(self, name: str) -> None:
        """Open a page by its component's name; without one, the first page."""
        self._show(f"/{name}")
        self._page.run_task(self._page.push_route, f"/{name}")

    def _show(self, route: str) -> None:
        name = route.strip("/").partition("/")[0].partition("?")[0]
        name = name if name in self._components else ""
        if self._shown is not None and name == self._name:
            return
        self._name = name
        self._page.title = f"{self._components[name].title} · {NAME}" if name else NAME
        if name:
            self._shown = ComponentPage(PageContext(self._page, self._components[name]), self._feed)
        else:
            on_map = [found for found in self._components.values() if found is not LOGS]
            self._shown = Overview(self._page, on_map, self._feed, self._go)
        self._place.content = self._shown.control
        for tab, (place, button) in self._tabs.items():
            place.selected = tab == name
            button.style = HERE if tab == name else None
        self._page.update()
        self._page.run_task(self._refresh)
        self._page.run_task(self._to_the_top, name)

    async def _to_the_top(self, name: str) -> None:
        if name in self._tabs:  # which scrolls everything around it, too
            await self._navigation.scroll_to(scroll_key=name)
        await self._page.scroll_to(offset=0)

    def _tab(self, name: str, title: str, icon: ft.IconData) -> None:
        """It stays for the whole visit, so that it keeps the focus."""
        button = ft.TextButton(title, icon=icon, on_click=lambda: self._go(name))
        key = ft.ScrollKey(name)  # type: ignore[call-arg]  # a dataclass that only Flet knows as one
        place = ft.Semantics(identifier=f"tab-{name}", content=button, key=key)
        self._tabs[name] = place, button
        self._navigation.controls.append(place)

    async def _refresh(self) -> None:
        report = await self._feed.latest()
        self._overall.show(report.status)
        match self._shown:
            case Overview() as overview:
                await overview.show(report)
            case ComponentPage() as shown:
                await shown.show(report.components.get(self._name, report.components["core"]))
        self._page.update()

    async def _watch(self) -> None:
        while True:
            await self._watched.wait()
            await self._refresh()
            await asyncio.sleep(INTERVAL)


def _header(page: ft.Page, overall: Pill) -> ft.Control:
    name = ft.Text(NAME, size=24, weight=ft.FontWeight.BOLD)
    title = ft.Row([name, overall.control], wrap=True, spacing=12)
    about = ft.Column([title, ft.Text(DESCRIPTION, color=theme.MUTED)], spacing=2)
    about.col = {"xs": 12, "md": 7}
    api = ft.TextButton("API", icon=ft.Icons.OPEN_IN_NEW, url="/docs")
    other = ft.TextButton("Theme", icon=ft.Icons.CONTRAST, on_click=lambda: theme.toggle(page))
    leave = ft.TextButton(
        "Sign out",
        icon=ft.Icons.LOGOUT,
        url=ft.Url(PATH + SIGN_OUT, ft.UrlTarget.SELF),
        visible=bool(read(Settings).admin_token or AT_DASHBOARD.get().sign_out),
    )
    links = ft.Row([api, other, leave], alignment=ft.MainAxisAlignment.END, wrap=True)
    links.col = {"xs": 12, "md": 5}
    return ft.ResponsiveRow([about, links], vertical_alignment=ft.CrossAxisAlignment.CENTER)
