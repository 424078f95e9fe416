"""A card on the dashboard, and what a component may put on its own.

Every component has a card with its title, its summary, and its health as it changes. With
`card="app.components.clock.card:body"` it adds controls below those:

    def body(context: CardContext) -> CardBody:
        ticks = ft.Text("0 ticks")

        async def tick(event: ft.Event[ft.Button]) -> None:
            ticks.value = "1 tick"
            context.page.update()

        return CardBody([ft.Button("Tick", on_click=tick), ticks])

A `refresh` in the CardBody is called with each new Health, before the page is updated.

In a browser each part can be found by its `flt-semantics-identifier`: `card-clock`,
`status-clock`, `detail-clock` and, for each key of its data, `data-clock-<key>`. A text that has
no node of its own becomes part of the label of the card, as the title and the summary do.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import flet as ft
import structlog

from app.core.component import Component, load
from app.core.health import Health, Value
from app.frontend.theme import STATUS_COLORS, UNKNOWN_COLOR


@dataclass(frozen=True, slots=True)
class CardContext:
    """What a card is built for: one viewer's page, and the component that it shows."""

    page: ft.Page
    component: Component


@dataclass(frozen=True, slots=True)
class CardBody:
    """What a component adds to its card."""

    controls: Sequence[ft.Control] = ()
    refresh: Callable[[Health], Awaitable[None]] | None = None


CardBuilder = Callable[[CardContext], CardBody]


class Pill:
    """A status in a word and a colour."""

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
        self._word.value = status
        self._dot.bgcolor = STATUS_COLORS.get(status, UNKNOWN_COLOR)


class Card:
    """One part of the application, live. `control` is what goes on the page."""

    def __init__(self, context: CardContext) -> None:
        component = context.component
        self._name = component.name
        self._pill = Pill(f"status-{component.name}")
        self._detail = ft.Text("", size=13)
        self._data = ft.Column(spacing=4)
        self._body = _build_body(context)
        self.control = ft.Semantics(
            identifier=f"card-{component.name}",
            col={"xs": 12, "md": 6, "xl": 4},
            content=_panel(
                [
                    ft.Row(
                        [_title(component.title), self._pill.control],
                        alignment=ft.MainAxisAlignment.SPACE_BETWEEN,
                    ),
                    ft.Text(component.summary, size=13, color=ft.Colors.ON_SURFACE_VARIANT),
                    ft.Divider(height=12, color=ft.Colors.OUTLINE_VARIANT),
                    ft.Semantics(identifier=f"detail-{component.name}", content=self._detail),
                    self._data,
                    *(ft.Semantics(container=True, content=part) for part in self._body.controls),
                ]
            ),
        )

    async def show(self, health: Health) -> None:
        """Show the newest health; the page is updated by whoever has shown it on every card."""
        self._pill.show(health.status)
        self._detail.value = health.detail
        self._data.controls = [
            ft.Semantics(identifier=f"data-{self._name}-{key}", content=_data_row(key, value))
            for key, value in health.data.items()
        ]
        if self._body.refresh:
            try:
                await self._body.refresh(health)
            except Exception as error:
                _log_failure(self._name, error)
                self._detail.value = f"This card can't refresh: {error}"


def _build_body(context: CardContext) -> CardBody:
    """The component's own part; if that fails, a card that says so among cards that work."""
    if context.component.card is None:
        return CardBody()
    try:
        builder: CardBuilder = load(context.component.card)
        return builder(context)
    except Exception as error:
        _log_failure(context.component.name, error)
        return CardBody([ft.Text(f"This card can't be built: {error}", color=ft.Colors.ERROR)])


def _log_failure(name: str, error: Exception) -> None:
    structlog.get_logger(__name__).error("card failed", component=name, exc_info=error)


def _title(text: str) -> ft.Control:
    return ft.Text(text, size=18, weight=ft.FontWeight.W_600, expand=True)


def _panel(controls: list[ft.Control]) -> ft.Control:
    return ft.Container(
        ft.Column(controls, spacing=8, tight=True),
        padding=20,
        border_radius=16,
        bgcolor=ft.Colors.SURFACE_CONTAINER_LOW,
        border=ft.Border.all(1, ft.Colors.OUTLINE_VARIANT),
    )


def _data_row(key: str, value: Value) -> ft.Control:
    return ft.Row(
        [
            ft.Text(key, size=13, color=ft.Colors.ON_SURFACE_VARIANT),
            ft.Text("-" if value is None else str(value), size=13, weight=ft.FontWeight.W_500),
        ],
        alignment=ft.MainAxisAlignment.SPACE_BETWEEN,
    )
