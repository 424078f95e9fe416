"""The web server's page: the requests of the last hour, by route."""

import flet as ft

from app.backend.traffic import TRAFFIC
from app.core.health import Health
from app.frontend.pages import Page, PageBody, PageContext
from app.frontend.parts import Cell, Table, heading, panel


def build(context: PageContext) -> PageBody:
    """A table, the most requested routes first."""
    columns = ["Route", "Requests", "Errors", "Half within", "95 % within"]
    routes = Table(columns, "No requests yet: /docs sends some.")

    async def refresh(health: Health) -> None:
        rows: dict[str, list[Cell]] = {}
        for route, counts in list(TRAFFIC.routes().items())[:30]:
            half, most = (_ms(counts.percentile(share)) for share in (0.5, 0.95))
            rows[route] = [route, counts.requests, counts.errors, half, most]
        routes.show(rows)

    return PageBody([panel([heading("Requests of the last hour"), routes.control])], refresh)


def _ms(seconds: float | None) -> str:
    return "-" if seconds is None else f"{seconds * 1000:.0f} ms"


page = Page("Requests", ft.Icons.SWAP_VERT, build)
