"""A component's page on the dashboard: its health, and what it adds.

Every component has a page at its name, `/dashboard/clock`, which the map leads to. With
`page="app.components.clock.page:page"` it adds controls, and gets a place in the navigation:

    def build(context: PageContext) -> PageBody:
        ticks = ft.Text("")

        async def refresh(health: Health) -> None:
            ticks.value = f"{health.data['ticks']} ticks"

        async def tick() -> str:
            await clock.tick()
            return "Ticked"

        return PageBody([ticks, context.action("Tick", tick)], refresh)

    page = Page("Clock", ft.Icons.SCHEDULE, build)

`refresh` is called with each new Health, while the page is shown. If something fails or is slow,
the page says so, and everything else goes on.

In a browser parts are found by their `flt-semantics-identifier`: `page-clock`, `notice-clock`.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

import flet as ft
import structlog

from app.backend.callers import AT_DASHBOARD, Caller
from app.core.component import Component, load
from app.core.health import Health
from app.frontend.feed import Feed
from app.frontend.parts import Pill, Trends, facts, heading, panel, strip
from app.frontend.theme import MUTED

PATIENCE = 2.0
"""Seconds that a refresh may take."""
WAITS = ft.Icons.HOURGLASS_TOP
"""The icon of a button in action."""


@dataclass(frozen=True, slots=True)
class PageContext:
    """A page's context: one viewer's browser, and the component that it shows."""

    page: ft.Page
    component: Component
    notice: ft.Text = field(default_factory=lambda: ft.Text("", size=13))

    @property
    def caller(self) -> Caller:
        """The viewer. Ask again before they act: somebody else may go on in the same window."""
        return AT_DASHBOARD.get()

    def action(
        self,
        label: str,
        do: Callable[[], Awaitable[str]],
        icon: ft.IconData | None = None,
        sure: str = "",
    ) -> ft.Button:
        """A button; the page shows the result of `do`, or why it failed.

        `sure` is a question to be answered with yes before that.
        """

        async def act() -> None:
            if button.icon == WAITS:
                return  # it is under way; a button that is disabled would lose the focus
            button.icon = WAITS
            self.say(f"{label} …")
            try:
                said = await do()
            except Exception as error:
                log_failure(self.component.name, error)
                said = f"{label} failed: {error}"
            button.icon = icon
            drop()
            if said:  # in sight, wherever on the page they are
                self.page.overlay.append(ft.SnackBar(said, open=True, on_dismiss=drop))
            self.say(said)

        def drop() -> None:
            layer = self.page.overlay  # which may have controls of a page, too
            layer[:] = [each for each in layer if not isinstance(each, ft.SnackBar)]

        async def asked() -> None:
            self.page.pop_dialog()
            await act()

        def ask() -> None:
            leave = ft.TextButton("No", on_click=self.page.pop_dialog, autofocus=True)
            go_on = ft.FilledButton(f"Yes, {label.lower()}", on_click=asked)
            question = ft.AlertDialog(title=ft.Text(sure, size=18), actions=[leave, go_on])
            self.page.show_dialog(question)

        button = ft.FilledTonalButton(label, icon=icon, on_click=ask if sure else act)
        return button

    def say(self, text: str) -> None:
        """Show a line at the top of the page; a screen reader reads it out."""
        self.notice.value = text
        self.page.update()


@dataclass(frozen=True, slots=True)
class PageBody:
    """What a component adds to its page."""

    controls: Sequence[ft.Control] = ()
    refresh: Callable[[Health], Awaitable[None]] | None = None
    every: float = 0
    """Seconds between two refreshes, if looking is expensive; an action refreshes at once."""


@dataclass(frozen=True, slots=True)
class Page:
    """A page in the navigation."""

    title: str
    icon: ft.IconData
    build: Callable[[PageContext], PageBody]


class ComponentPage:
    """One component, live. `control` is what is shown."""

    def __init__(self, context: PageContext, feed: Feed) -> None:
        component = context.component
        self._trends = Trends(feed, {component.name: ""})
        self._context = context
        self._failure = ft.Text("", color=ft.Colors.ERROR, visible=False)
        self._pill = Pill(f"health-{component.name}")
        self._detail, self._facts = ft.Text("", size=14), ft.Container()
        self._body = _build(context)
        self._shown: Health | None = None
        self._next, self._said = 0.0, ""
        found = page_of(component)
        names = dict.fromkeys([component.title, found.title if found else component.title])
        title = ft.Row([heading(" · ".join(names), 22), self._pill.control], wrap=True, spacing=12)
        about = ft.Text(component.summary, color=MUTED)
        notice = ft.Semantics(
            identifier=f"notice-{component.name}", live_region=True, content=context.notice
        )
        body = [ft.Semantics(container=True, content=part) for part in self._body.controls]
        trends = strip(self._trends.controls)
        parts: list[ft.Control] = [title, about, self._detail, notice, self._failure, trends, *body]
        stretched = ft.CrossAxisAlignment.STRETCH
        whole = ft.Column([*parts, self._facts], spacing=12, horizontal_alignment=stretched)
        self.control = ft.Semantics(identifier=f"page-{component.name}", content=whole)

    async def show(self, health: Health) -> None:
        """Show the newest health; the caller updates the page."""
        if health != self._shown:
            self._shown = health
            self._pill.show(health.status)
            self._detail.value = health.detail
            self._facts.content = panel([facts(health.data)]) if health.data else None
        self._trends.show({self._context.component.name: health})
        said, now = self._context.notice.value, time.monotonic()
        if self._body.refresh and (now >= self._next or said != self._said):
            self._next, self._said = now + self._body.every, said
            try:
                async with asyncio.timeout(PATIENCE):
                    await self._body.refresh(health)
                self._failure.visible = False
            except Exception as error:
                log_failure(self._context.component.name, error)
                self._failure.value = f"This page can't refresh: {error or type(error).__name__}"
                self._failure.visible = True


def page_of(component: Component) -> Page | None:
    """A component's page for the navigation; None if it has none, or it can't be loaded."""
    try:
        page: Page | None = load(component.page) if component.page else None
    except Exception as error:
        log_failure(component.name, error)
        return None
    return page


def _build(context: PageContext) -> PageBody:
    """The component's own part; if that fails, a line that says so."""
    if context.component.page is None:
        return PageBody()
    try:
        page: Page = load(context.component.page)
        return page.build(context)
    except Exception as error:
        log_failure(context.component.name, error)
        return PageBody([ft.Text(f"This page can't be built: {error}", color=ft.Colors.ERROR)])


def log_failure(name: str, error: Exception) -> None:
    """Log the error that a page shows in one line."""
    structlog.get_logger(__name__).error("page failed", component=name, exc_info=error)
