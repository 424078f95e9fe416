"""The web server's page: the requests of the last hour, by route."""

import flet as ft

from app.backend.traffic import TRAFFIC
from app.core.health import Health
from app.frontend.pages import Page, PageBody, PageContext
from app.frontend.parts import heading, panel, table


def build(context: PageContext) -> PageBody:
    """A table that is made anew when a number in it has changed."""
    shown = ft.Column([], spacing=8)
    before: list[list[str]] = []

    async def refresh(health: Health) -> None:
        nonlocal before
        rows = [
            [
                route,
                str(counts.requests),
                str(counts.errors),
                *(_ms(counts.percentile(share)) for share in (0.5, 0.95)),
            ]
            for route, counts in list(TRAFFIC.routes().items())[:30]
        ]
        if rows != before or not shown.controls:
            before = rows
            columns = ["Route", "Requests", "Errors", "Half within", "95 % within"]
            shown.controls = [table(columns, rows) if rows else ft.Text("No requests yet.")]

    return PageBody([panel([heading("Requests of the last hour"), shown])], refresh)


def _ms(seconds: float | None) -> str:
    return "-" if seconds is None else f"{seconds * 1000:.0f} ms"


page = Page("Requests", ft.Icons.SWAP_VERT, build)
