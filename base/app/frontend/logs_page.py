"""The last log lines of this process, by level and by request."""

from datetime import datetime
from typing import Any

import flet as ft

from app.core.logging import RECENT
from app.frontend.pages import Page, PageBody, PageContext
from app.frontend.parts import ZONE, panel
from app.frontend.theme import MUTED, STATUS_COLORS

COLORS = {
    "debug": MUTED,
    "info": STATUS_COLORS["ok"],
    "warning": STATUS_COLORS["degraded"],
    "error": STATUS_COLORS["down"],
    "critical": STATUS_COLORS["down"],
}
"""Levels, from the least."""


def build(context: PageContext) -> PageBody:
    """A line stays the same control, so that text that is selected in it stays selected."""
    options = [ft.DropdownOption(level, f"{level} and above") for level in COLORS]
    least = ft.Dropdown("debug", options, label="Level", width=200)
    words = ft.TextField("", label="Request id, or any word", width=300)
    lines = ft.ListView([], height=560, spacing=6)
    made: dict[int, tuple[dict[str, Any], ft.Control]] = {}

    async def refresh(_: object) -> None:
        nonlocal made
        before, made = made, {}
        for event in newest(least.value or "debug", words.value or ""):
            made[id(event)] = before.get(id(event)) or (event, _line(event))
        lines.controls = [line for _, line in made.values()] or [ft.Text("No such line.")]

    least.on_select = words.on_change = refresh
    # Separate for screen readers, which don't read selectable text by itself.
    filters = ft.Row([ft.Semantics(container=True, content=least), words], wrap=True)
    return PageBody([panel([filters, ft.SelectionArea(lines)])], refresh)


def newest(least: str, words: str) -> list[dict[str, Any]]:
    """The lines of at least a level that contain some words."""
    levels = list(COLORS)[list(COLORS).index(least) :]
    lines = [event for event in reversed(RECENT) if event["level"] in levels]
    return [event for event in lines if words in str(event)]


def _line(event: dict[str, Any]) -> ft.Control:
    rest = dict(event)
    when = datetime.fromisoformat(rest.pop("timestamp")).astimezone(ZONE.get())
    level, error = rest.pop("level"), rest.pop("exception", "")
    spans = [
        ft.TextSpan(f"{when:%H:%M:%S} ", ft.TextStyle(color=MUTED)),
        ft.TextSpan(f"{level} ", ft.TextStyle(color=COLORS[level], weight=ft.FontWeight.W_600)),
        ft.TextSpan(f"{rest.pop('event')} "),
        ft.TextSpan(" ".join(f"{key}={rest[key]}" for key in rest), ft.TextStyle(color=MUTED)),
        ft.TextSpan(f"\n{error}" if error else ""),
    ]
    return ft.Text(spans=spans, size=13)


page = Page("Logs", ft.Icons.SUBJECT, build)
