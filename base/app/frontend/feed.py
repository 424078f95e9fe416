"""Everybody's health, asked once for all who watch, and the last hour of what components count.

Knows nothing of Flet: it counts before anybody visits the dashboard.
"""

import asyncio
import time
from collections import deque

from app.core.component import Component
from app.core.health import Health, Report, check_all
from app.frontend.parts import Line, named

INTERVAL = 1.5
"""Seconds between two looks at everybody's health."""
MINUTE = 60.0


class Feed:
    """One for all viewers."""

    def __init__(self, components: list[Component]) -> None:
        self._components = components
        self._round: asyncio.Task[Report] | None = None
        self._asked_at = 0.0
        self.trends: dict[tuple[str, str], deque[float]] = {
            (found.name, key): deque(maxlen=60) for found in components for key in found.trends
        }

    async def latest(self) -> Report:
        """How everybody is."""
        now = time.monotonic()
        if self._round is None or (self._round.done() and now - self._asked_at >= INTERVAL / 2):
            self._asked_at = now
            self._round = asyncio.create_task(check_all(self._components))
        # Shielded: one viewer who leaves must not take the answer away from the others.
        return await asyncio.shield(self._round)

    async def remember(self) -> None:
        """Note each minute what components count, whether somebody looks or not."""
        counting = [found for found in self._components if found.trends]
        while counting:
            await asyncio.sleep(MINUTE)
            report = await check_all(counting)
            for (name, key), values in self.trends.items():
                value = report.components[name].data.get(key)
                values.append(value if isinstance(value, int | float) else 0)


class Trends:
    """The lines of what some components count, for one viewer."""

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
            line.show("-" if now is None else str(now), [*self._feed.trends[name, key], number])
