"""The map: the installed components, who talks to whom, each in the colour of its health.

A link is read from code, or declared: the web server talks to every component with a part in it,
and a component to those that its modules import, or that are in its `talks_to`.
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
"""The height of a node, the distance between two, and the most nodes in one line."""
Go = Callable[[str], None]
_NAMED = re.compile(rf"\b{re.escape(app.components.__name__)}\.(\w+)")


def links(components: list[Component]) -> set[tuple[str, str]]:
    """Pairs of names, each in alphabetical order."""
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
    """The ranks of the map: what is in front, the web server, processes, and what they share."""
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

    def __init__(self, page: ft.Page, components: list[Component], go: Go) -> None:
        self._page, self._ranks, self._links = page, ranks(components), links(components)
        self._nodes = {found.name: _Node(found, go, self._draw) for found in components}
        self._canvas = cv.Canvas([], left=0, top=0)
        self._width, self._narrow = 0.0, False
        in_order = [self._nodes[name].control for rank in self._ranks for name in rank]
        self._stack = ft.Stack([self._canvas, *in_order])
        self.control = ft.Semantics(identifier="map", container=True, content=self._stack)

    def show(self, report: Report) -> None:
        """Show everybody's newest health, at the present width of the viewer's window."""
        width = min((self._page.width or 1000) - 70, 1400)
        if width != self._width:
            self._width, self._narrow = width, width < 170 * len(self._ranks)
            self._place()
            self._draw()
        for name, health in report.components.items():
            self._nodes[name].show(health.status, health.detail)

    def _place(self) -> None:
        """Ranks from left to right, or from top to bottom in a narrow window."""
        most = 2 if self._narrow and self._width < 650 else MOST
        longest = most if self._narrow else max(map(len, self._ranks))
        lines = [rank[at : at + most] for rank in self._ranks for at in range(0, len(rank), most)]
        columns, gap = (longest, 12.0) if self._narrow else (len(lines), 40.0)
        side = min((self._width + gap) / columns - gap, 230)
        gap = (self._width - columns * side) / max(columns - 1, 1)
        for line, names in enumerate(lines):
            for place, name in enumerate(names):
                beside = place + (longest - len(names)) / 2
                across, down = (beside, line) if self._narrow else (line, beside)
                node = self._nodes[name].control
                node.left, node.top = across * (side + gap), down * (HEIGHT + GAP)
                node.width = side
        self._canvas.width = self._stack.width = self._width
        height = (len(lines) if self._narrow else longest) * (HEIGHT + GAP) - GAP
        self._canvas.height = self._stack.height = height

    def _draw(self, chosen: str = "") -> None:
        """Who talks to whom; while the viewer points at a component, only that one's links."""
        links = sorted(pair for pair in self._links if not chosen or chosen in pair)
        near = {chosen}.union(*links)
        for name, node in self._nodes.items():
            node.control.opacity = 1.0 if not chosen or name in near else 0.4
        color = ft.Colors.PRIMARY if chosen else ft.Colors.OUTLINE_VARIANT
        self._canvas.shapes = [self._link(*pair, color) for pair in links]

    def _link(self, one: str, other: str, color: ft.Colors) -> cv.Shape:
        ax, ay = self._nodes[one].middle()
        bx, by = self._nodes[other].middle()
        if self._narrow:
            curve = cv.Path.CubicTo(ax, (ay + by) / 2, bx, (ay + by) / 2, bx, by)
        else:
            curve = cv.Path.CubicTo((ax + bx) / 2, ay, (ax + bx) / 2, by, bx, by)
        paint = ft.Paint(color, stroke_width=1.5, style=ft.PaintingStyle.STROKE)
        return cv.Path([cv.Path.MoveTo(ax, ay), curve], paint)


class _Node:
    """One component on the map: a button in the colour of its health."""

    def __init__(self, component: Component, go: Go, point: Go) -> None:
        self._dot = ft.Container(width=10, height=10, border_radius=5, bgcolor=UNKNOWN_COLOR)
        self._status = ft.Text("checking", size=12, color=MUTED)
        self._detail = ft.Text("", size=12, color=MUTED, no_wrap=True, expand=True)
        title = ft.Text(component.title, weight=ft.FontWeight.W_600, no_wrap=True, expand=True)
        self._detail.overflow = title.overflow = ft.TextOverflow.ELLIPSIS
        status = ft.Semantics(identifier=f"status-{component.name}", content=self._status)
        self._button = ft.OutlinedButton(
            ft.Column(
                [ft.Row([self._dot, title], spacing=8), ft.Row([status, self._detail], spacing=8)],
                spacing=2,
                alignment=ft.MainAxisAlignment.CENTER,
            ),
            on_click=lambda: go(component.name),
            on_hover=lambda event: point(component.name if event.data else ""),
            on_focus=lambda: point(component.name),
            on_blur=lambda: point(""),
        )
        self._color("checking")
        place = ft.Semantics(identifier=f"node-{component.name}", content=self._button)
        self.control = ft.Container(place, height=HEIGHT)

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
