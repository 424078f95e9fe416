"""Building blocks of pages: panels, tables, times as people read them, and small charts."""

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from contextvars import ContextVar
from datetime import UTC, datetime, tzinfo

import flet as ft
import flet.canvas as cv

from app.core.health import Health, Value
from app.frontend.feed import Feed
from app.frontend.theme import MUTED, UNKNOWN_COLOR, color_of

Cell = Value | datetime
LONG = 50
"""How many characters a cell of a table shows in a line."""


ZONE: ContextVar[tzinfo] = ContextVar("zone", default=UTC)
"""The viewer's time zone, which their browser sends in a cookie."""


class Pill:
    """A status as a word and a colour."""

    def __init__(self, identifier: str) -> None:
        self._dot = ft.Container(width=8, height=8, border_radius=4, bgcolor=UNKNOWN_COLOR)
        self._word = ft.Text("checking", size=12, weight=ft.FontWeight.W_600)
        self.control = ft.Semantics(
            identifier=identifier,
            content=ft.Container(
                ft.Row([self._dot, self._word], spacing=6, tight=True),
                padding=ft.Padding.symmetric(vertical=4, horizontal=10),
                border_radius=12,
                bgcolor=ft.Colors.SURFACE_CONTAINER_HIGH,
            ),
        )

    def show(self, status: str) -> None:
        """Show another status."""
        self._word.value = status
        self._dot.bgcolor = color_of(status)


class Line:
    """A number now, and a small chart of the last hour."""

    HEIGHT = 36

    def __init__(self, identifier: str, title: str) -> None:
        self._title, self._values, self._width = title, list[float](), 0.0
        self._now = ft.Text("-", size=20, weight=ft.FontWeight.W_600)
        self._canvas = cv.Canvas([], height=self.HEIGHT, on_resize=self._resize)
        label = ft.Text(title, size=12, color=MUTED, no_wrap=True)
        self.control = ft.Semantics(
            identifier=identifier,
            container=True,
            col={"xs": 6, "md": 4, "xl": 2},
            content=panel([label, self._now, self._canvas], padding=14, spacing=4),
        )

    def show(self, now: str, values: Sequence[float]) -> None:
        """Show newer values, the oldest first."""
        self._now.value = now
        if list(values) != self._values:
            self._values = list(values)
            self._draw()

    def _resize(self, event: cv.CanvasResizeEvent) -> None:
        self._width = event.width
        self._draw()

    def _draw(self) -> None:
        values, width, height = self._values, self._width, self.HEIGHT - 2
        if len(values) < 2 or not width:
            return
        highest = max(values) or 1.0
        step = width / (len(values) - 1)
        points = [
            (at * step, 1 + height - height * each / highest) for at, each in enumerate(values)
        ]
        trace: list[cv.Path.PathElement] = [cv.Path.MoveTo(*points[0])]
        trace += [cv.Path.LineTo(*point) for point in points[1:]]
        edge = ft.Paint(ft.Colors.PRIMARY, stroke_width=1.5, style=ft.PaintingStyle.STROKE)
        self._canvas.shapes = [cv.Path(trace, edge)]


class Trends:
    """The charts of some components' counts, for one viewer."""

    def __init__(self, feed: Feed, titles: dict[str, str]) -> None:
        self._feed = feed
        self._lines: dict[tuple[str, str], Line] = {}
        for name, key in feed.trends:
            if name in titles:
                title = f"{titles[name]}: {named(key).lower()}" if titles[name] else named(key)
                self._lines[name, key] = Line(f"line-{name}-{key}", title)
        self.controls = [line.control for line in self._lines.values()]

    def show(self, components: dict[str, Health]) -> None:
        """Show the newest number of each."""
        for (name, key), line in self._lines.items():
            now = components[name].data.get(key)
            number = float(now) if isinstance(now, int | float) else 0.0
            line.show(measured(key, now), [*self._feed.trends[name, key], number])


def panel(controls: Sequence[ft.Control], padding: int = 18, spacing: int = 8) -> ft.Container:
    """Controls below each other, on a background of their own."""
    wide = ft.CrossAxisAlignment.STRETCH
    return ft.Container(
        ft.Column(list(controls), spacing=spacing, tight=True, horizontal_alignment=wide),
        padding=padding,
        border_radius=14,
        bgcolor=ft.Colors.SURFACE_CONTAINER_LOW,
        border=ft.Border.all(1, ft.Colors.OUTLINE_VARIANT),
    )


def strip(controls: Sequence[ft.Control]) -> ft.Control:
    """Controls beside each other, as many as fit."""
    return ft.ResponsiveRow(list(controls), spacing=12, run_spacing=12, visible=bool(controls))


def heading(text: str, size: int = 16) -> ft.Control:
    """A heading, for screen readers too."""
    return ft.Semantics(header=True, content=ft.Text(text, size=size, weight=ft.FontWeight.W_600))


class Table:
    """Rows by key. One stays, with its focus, until a value in it changes.

    `buttons` makes those at the start of a row, from its key: they're in sight on a phone.
    """

    def __init__(
        self,
        columns: Sequence[str],
        empty: str,
        buttons: Callable[[str], list[ft.Control]] | None = None,
    ) -> None:
        names = ["", *columns] if buttons else columns
        heads = [ft.Text(name, weight=ft.FontWeight.W_600) for name in names]
        self._buttons = buttons
        self._shown: dict[str, tuple[Sequence[Cell], ft.DataRow]] = {}
        self._empty = ft.Text(empty, color=MUTED, visible=False)  # once that is known
        self._table = ft.DataTable(
            columns=[ft.DataColumn(label=head) for head in heads],
            column_spacing=28,
            horizontal_margin=4,
            heading_row_height=40,
            visible=False,
        )
        sideways = ft.Row([self._table], scroll=ft.ScrollMode.ALWAYS)
        self.control = ft.Column([self._empty, sideways], spacing=0)

    def show(self, rows: Mapping[str, Sequence[Cell]]) -> bool:
        """Show newer rows; whether anything but the time has changed."""
        self._empty.visible, self._table.visible = not rows, bool(rows)
        before = self._shown
        self._shown = {}
        for key, cells in rows.items():
            same = key in before and before[key][0] == cells
            self._shown[key] = before[key] if same else (cells, self._row(key, cells))
            for text, at in self._shown[key][1].data:
                show_moment(text, "", at.timestamp())
        changed = list(before.items()) != list(self._shown.items())
        if changed:
            self._table.rows = [row for _, row in self._shown.values()]
        return changed

    def _row(self, key: str, cells: Sequence[Cell]) -> ft.DataRow:
        moments: list[tuple[ft.Text, datetime]] = []
        controls: list[ft.Control] = [ft.Row(self._buttons(key))] if self._buttons else []
        for cell in cells:
            shown = "-" if cell is None else str(cell)
            text = ft.Text(shown, max_lines=2, overflow=ft.TextOverflow.ELLIPSIS)
            if isinstance(cell, datetime):
                moments.append((text, cell))
            elif len(shown) > LONG:
                text.width, text.tooltip = 7 * LONG, shown
            controls.append(text)
        return ft.DataRow([ft.DataCell(control) for control in controls], data=moments)


def facts(data: dict[str, Value]) -> ft.Control:
    """A health's data, with names instead of keys."""
    cells: list[ft.Control] = []
    for key, value in data.items():
        texts: list[ft.Control] = [ft.Text(named(key), size=12, color=MUTED), _value(key, value)]
        cells.append(ft.Column(texts, spacing=2, col={"xs": 6, "md": 3}))
    return ft.ResponsiveRow(cells, spacing=16, run_spacing=12)


def _value(key: str, value: Value) -> ft.Text:
    shown = measured(key, value)
    text = ft.Text(shown, size=14)
    with suppress(ValueError):
        if "T" in shown:  # digits alone would be read as a day
            show_moment(text, "", datetime.fromisoformat(shown).timestamp())
    return text


def named(key: str) -> str:
    """A key in words, without its unit."""
    return key.removesuffix("_ms").replace("_", " ").capitalize()


def measured(key: str, value: Value) -> str:
    """A value for people, with the unit that its key ends in."""
    if isinstance(value, int | float) and key.endswith("_rate"):
        return f"{100 * value:.0f} %"
    return "-" if value is None else f"{value} ms" if key.endswith("_ms") else str(value)


def show_moment(text: ft.Text, words: str, at: float) -> None:
    """A time as people say it, "next in 4 min"; its tooltip has the viewer's local time."""
    text.value = f"{words} {distance(at - time.time())}".strip()
    text.tooltip = datetime.fromtimestamp(at, ZONE.get()).strftime("%Y-%m-%d %H:%M:%S %Z")


def distance(seconds: float) -> str:
    """How far away a time is: "in 4 min", "2 h ago"."""
    away, unit = abs(seconds), "s"
    for size, name in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if away >= size:
            away, unit = away / size, name
            break
    if unit == "s" and away < 1:
        return "now"
    return f"in {away:.0f} {unit}" if seconds > 0 else f"{away:.0f} {unit} ago"
