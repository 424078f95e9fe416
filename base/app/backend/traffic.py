"""The last hour's requests, counted by the minute in this process."""

import time
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field

MINUTES = 60
BOUNDS = tuple(0.001 * 1.25**step for step in range(50))
"""Bounds in seconds, up to a minute: durations are only known as precisely as these."""
ROUTES = 200
"""Routes that are counted separately in a minute; all others count as one."""


@dataclass(slots=True)
class Counts:
    """How many requests there were, how many failed (5xx), and how long they took."""

    requests: int = 0
    errors: int = 0
    durations: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS) + 1))

    def add(self, other: "Counts") -> None:
        """Add another's counts."""
        self.requests += other.requests
        self.errors += other.errors
        self.durations = [a + b for a, b in zip(self.durations, other.durations, strict=True)]

    def percentile(self, share: float) -> float | None:
        """Seconds within which this share of the requests was answered; None without requests."""
        seen = 0
        for bound, count in zip((*BOUNDS, BOUNDS[-1]), self.durations, strict=True):
            seen += count
            if count and seen >= share * self.requests:
                return bound
        return None


class Traffic:
    """A ring buffer of minutes."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._minutes: dict[int, dict[str, Counts]] = {}

    def count(self, route: str, status: int, seconds: float) -> None:
        """Count one request."""
        now = int(self._clock() // 60)
        if now not in self._minutes:
            self._minutes = {at: seen for at, seen in self._minutes.items() if at > now - MINUTES}
            self._minutes[now] = defaultdict(Counts)
        routes = self._minutes[now]
        counts = routes[route if route in routes or len(routes) < ROUTES else "more routes"]
        counts.requests += 1
        counts.errors += status >= 500
        counts.durations[bisect_left(BOUNDS, seconds)] += 1

    def minutes(self) -> list[Counts]:
        """The last hour, oldest minute first, including minutes without requests."""
        now = int(self._clock() // 60)
        hour = [Counts() for _ in range(MINUTES)]
        for at, routes in self._minutes.items():
            for counts in routes.values() if at > now - MINUTES else ():
                hour[at - now - 1].add(counts)
        return hour

    def rate(self) -> float:
        """Requests a second, over this minute and the one before."""
        before, current = self.minutes()[-2:]
        return (before.requests + current.requests) / (60 + self._clock() % 60)

    def routes(self) -> dict[str, Counts]:
        """The last hour by route, the most requested first."""
        now = int(self._clock() // 60)
        found: dict[str, Counts] = defaultdict(Counts)
        for at, routes in self._minutes.items():
            for route, counts in routes.items() if at > now - MINUTES else ():
                found[route].add(counts)
        return dict(sorted(found.items(), key=lambda item: -item[1].requests))


TRAFFIC = Traffic()
"""The requests of this process, without those of the dashboard and its probes."""
