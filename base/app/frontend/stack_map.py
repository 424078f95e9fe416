"""The map: the components that are there, who talks to whom, each in the colour of its health.

Who talks to whom is read, not declared: the web server talks to whatever has a part in it, and a
component to each other one that its modules name.
"""

import re
from collections.abc import Callable
from pathlib import Path

import flet as ft
import flet.canvas as cv

import app.components
from app.core.component import Component
from app.core.health import Report
from app.frontend.theme import FOCUSED, MUTED, UNKNOWN_COLOR, color_of

HEIGHT, GAP, MOST = 62, 26, 4
"""Of a node, between two nodes, and how many stand in one line at most."""
_NAMED = re.compile(rf"\b{re.escape(app.components.__name__)}\.(\w+)")


def links(components: list[Component]) -> set[tuple[str, str]]:
    """Pairs of names, each in the order of the alphabet."""
    known = {found.name for found in components}
    found_links: set[tuple[str, str]] = set()
    for component in components:
        named = {*component.talks_to}
        if component.router or component.middleware or component.lifespan:
            named.add("core")
        for root in app.components.__path__:
            for module in (Path(root) / component.name).rglob("*.py"):
                named.update(_NAMED.findall(module.read_text(encoding="utf-8")))
        for other in named & known - {component.name}:
            found_links.add((min(component.name, other), max(component.name, other)))
    return found_links


def ranks(components: list[Component]) -> list[list[str]]:
    """Who stands beside whom: what is in front, the web server, processes, and what they share."""
    found: list[list[str]] = [[], [], [], []]
    for component in components:
        if component.name == "core":
            rank = 1
        elif "core" in component.talks_to:
            rank = 0
        else:
            rank = 2 if component.process else 3
        found[rank].append(component.name)
    return [rank[at : at + MOST] for rank in found for at in range(0, len(rank), MOST)]


class StackMap:
    """The map for one viewer, who opens a component's page by a tap."""

    def __init__(
        self, page: ft.Page, components: list[Component], go: Callable[[str], None]
    ) -> None:
        self._page, self._ranks, self._links = page, ranks(components), links(components)
        self._nodes = {found.name: _Node(found, go) for found in components}
        self._canvas = cv.Canvas([], left=0, top=0)
        self._width = 0.0
        in_order = [self._nodes[name].control for rank in self._ranks for name in rank]
        self._stack = ft.Stack([self._canvas, *in_order])
        self.control = ft.Semantics(identifier="map", container=True, content=self._stack)

    def show(self, report: Report) -> None:
        """Show everybody's newest health, in the width that the viewer's window has by now."""
        width = min((self._page.width or 1000) - 70, 1400)
        if width != self._width:
            self._width = width
            self._place(width, width < 170 * len(self._ranks))
        for name, health in report.components.items():
            self._nodes[name].show(health.status, health.detail)

    def _place(self, width: float, narrow: bool) -> None:
        """Ranks from left to right, or from top to bottom where the window is narrow."""
        longest = max(len(rank) for rank in self._ranks)
        most = 2 if width < 650 else MOST
        rows = [rank[at : at + most] for rank in self._ranks for at in range(0, len(rank), most)]
        columns, least = (most, 12.0) if narrow else (len(self._ranks), 40.0)
        side = min((width + least) / columns - least, 230)
        gap = least if narrow or columns == 1 else (width - columns * side) / (columns - 1)
        for line, names in enumerate(rows if narrow else self._ranks):
            for place, name in enumerate(names):
                node = self._nodes[name].control
                across, down = (place, line) if narrow else (line, place)
                before = 0.0 if narrow else (longest - len(names)) / 2
                node.left = across * (side + gap) + (
                    (most - len(names)) * (side + gap) / 2 if narrow else 0
                )
                node.top = (down + before) * (HEIGHT + GAP)
                node.width, node.height = side, HEIGHT
        height = (len(rows) if narrow else longest) * (HEIGHT + GAP) - GAP
        self._canvas.width = self._stack.width = width
        self._canvas.height = self._stack.height = height
        self._canvas.shapes = [self._link(*pair, narrow) for pair in sorted(self._links)]

    def _link(self, one: str, other: str, narrow: bool) -> cv.Shape:
        ax, ay = self._nodes[one].middle()
        bx, by = self._nodes[other].middle()
        if narrow:
            curve = cv.Path.CubicTo(ax, (ay + by) / 2, bx, (ay + by) / 2, bx, by)
        else:
            curve = cv.Path.CubicTo((ax + bx) / 2, ay, (ax + bx) / 2, by, bx, by)
        paint = ft.Paint(ft.Colors.OUTLINE, stroke_width=1.5, style=ft.PaintingStyle.STROKE)
        return cv.Path([cv.Path.MoveTo(ax, ay), curve], paint)


class _Node:
    """One component on the map: a button in the colour of its health."""

    def __init__(self, component: Component, go: Callable[[str], None]) -> None:
        self._dot = ft.Container(width=10, height=10, border_radius=5, bgcolor=UNKNOWN_COLOR)
        self._status = ft.Text("checking", size=12, color=MUTED)
        self._detail = ft.Text("", size=12, color=MUTED, no_wrap=True, expand=True)
        self._detail.overflow = ft.TextOverflow.ELLIPSIS
        title = ft.Text(component.title, weight=ft.FontWeight.W_600, no_wrap=True, expand=True)
        title.overflow = ft.TextOverflow.ELLIPSIS
        status = ft.Semantics(identifier=f"status-{component.name}", content=self._status)
        self._button = ft.OutlinedButton(
            ft.Column(
                [ft.Row([self._dot, title], spacing=8), ft.Row([status, self._detail], spacing=8)],
                spacing=2,
                alignment=ft.MainAxisAlignment.CENTER,
            ),
            on_click=lambda: go(component.name),
        )
        self._color("checking")
        self.control = ft.Container(
            ft.Semantics(identifier=f"node-{component.name}", content=self._button)
        )

    def show(self, status: str, detail: str) -> None:
        if status != self._status.value:
            self._color(status)
        self._status.value, self._dot.bgcolor = status, color_of(status)
        self._detail.value = self._button.tooltip = detail

    def middle(self) -> tuple[float, float]:
        node = self.control
        return (node.left or 0) + (node.width or 0) / 2, (node.top or 0) + HEIGHT / 2

    def _color(self, status: str) -> None:
        self._button.style = ft.ButtonStyle(
            color=ft.Colors.ON_SURFACE,
            bgcolor=ft.Colors.SURFACE_CONTAINER,
            side={ft.ControlState.DEFAULT: ft.BorderSide(1.5, color_of(status)), **FOCUSED},
            shape=ft.RoundedRectangleBorder(radius=12),
            padding=ft.Padding.symmetric(vertical=6, horizontal=12),
        )
