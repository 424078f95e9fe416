"""Everybody's health, asked once for all viewers, and the counts of the last hour.

Independent of Flet: it counts before anybody visits the dashboard.
"""

import asyncio
import time
from collections import deque

from app.core.component import Component
from app.core.health import Report, check_all

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
        """Everybody's health."""
        now = time.monotonic()
        if self._round is None or (self._round.done() and now - self._asked_at >= INTERVAL / 2):
            self._asked_at = now
            self._round = asyncio.create_task(check_all(self._components))
        # Shielded: one viewer who leaves must not cancel the answer for the others.
        return await asyncio.shield(self._round)

    async def remember(self) -> None:
        """Record components' counts each minute, whether anybody looks or not."""
        counting = [found for found in self._components if found.trends]
        while counting:
            await asyncio.sleep(MINUTE)
            report = await check_all(counting)
            for (name, key), values in self.trends.items():
                value = report.components[name].data.get(key)
                values.append(value if isinstance(value, int | float) else 0)
