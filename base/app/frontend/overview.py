"""The first page: is all well, what needs a person, and what is happening."""

from collections.abc import Callable

import flet as ft

from app.backend.traffic import TRAFFIC
from app.core.component import Component
from app.core.health import Report
from app.frontend.feed import Feed
from app.frontend.parts import Line, Trends, heading, panel, strip
from app.frontend.stack_map import StackMap
from app.frontend.theme import MUTED, color_of


class Overview:
    """The first page for one viewer. `control` is what is shown."""

    def __init__(
        self, page: ft.Page, components: list[Component], feed: Feed, go: Callable[[str], None]
    ) -> None:
        self._titles = {found.name: found.title for found in components}
        self._go = go
        self._map = StackMap(page, components, go)
        self._needs = ft.Column([ft.Text("Looking …", color=MUTED)], spacing=4)
        self._needed: list[tuple[str, str, str]] | None = None
        self._rate = Line("line-requests", "Requests / s")
        self._errors = Line("line-errors", "Errors / min")
        self._slow = Line("line-p95", "95 % within")
        self._trends = Trends(feed, self._titles)
        lines = [self._rate.control, self._errors.control, self._slow.control]
        self.control = ft.Column(
            [
                ft.Semantics(identifier="needs", live_region=True, content=panel([self._needs])),
                panel([heading("Your stack"), self._map.control], spacing=14),
                heading("Last hour"),
                strip([*lines, *self._trends.controls]),
            ],
            spacing=14,
            horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
        )

    async def show(self, report: Report) -> None:
        """Show the newest of everything."""
        self._map.show(report)
        self._show_needs(report)
        minutes = TRAFFIC.minutes()
        self._rate.show(f"{TRAFFIC.rate():.2g}", [each.requests / 60 for each in minutes])
        self._errors.show(str(minutes[-1].errors), [float(each.errors) for each in minutes])
        slow = [each.percentile(0.95) or 0.0 for each in minutes]
        latest = next((each for each in reversed(slow) if each), None)
        self._slow.show("-" if latest is None else f"{latest * 1000:.0f} ms", slow)
        self._trends.show(report.components)

    def _show_needs(self, report: Report) -> None:
        """A line for each component that isn't ok, the worst first; or one calm line."""
        needed: list[tuple[str, str, str]] = [
            (health.status, name, health.detail)
            for name, health in report.components.items()
            if health.status != "ok"
        ]
        needed.sort(key=lambda need: need[0] != "down")
        if needed == self._needed:
            return
        self._needed = needed
        if needed:
            things = "1 thing needs" if len(needed) == 1 else f"{len(needed)} things need"
            lines = [heading(f"{things} you", 20), *(self._need(*need) for need in needed)]
        else:
            calm = ft.Icon(ft.Icons.CHECK_CIRCLE, color=color_of("ok"))
            lines = [ft.Row([calm, heading("All is well. Nothing needs you.", 20)], wrap=True)]
        self._needs.controls = lines

    def _need(self, status: str, name: str, detail: str) -> ft.Control:
        icon = ft.Icons.ERROR if status == "down" else ft.Icons.WARNING_AMBER
        row = ft.Row(
            [
                ft.Icon(icon, color=color_of(status), size=20),
                ft.Text(f"{self._titles[name]}: {detail or status}", expand=True),
                ft.Icon(ft.Icons.CHEVRON_RIGHT, size=18),
            ],
            spacing=10,
        )
        style = ft.ButtonStyle(
            color=ft.Colors.ON_SURFACE,
            shape=ft.RoundedRectangleBorder(radius=8),
            padding=ft.Padding.symmetric(vertical=10, horizontal=8),
        )
        button = ft.TextButton(row, style=style, on_click=lambda: self._go(name))
        return ft.Semantics(identifier=f"need-{name}", content=button)
