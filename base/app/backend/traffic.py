"""The requests of the last hour, counted by the minute in this process."""

import time
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field

MINUTES = 60
BOUNDS = tuple(0.001 * 1.25**step for step in range(50))
"""Seconds: a duration is known as well as the bounds are apart, up to a minute."""
ROUTES = 200
"""Routes that are counted apart in a minute; all others count as one."""


@dataclass(slots=True)
class Counts:
    """How many requests there were, how many failed here (5xx), and how long they took."""

    requests: int = 0
    errors: int = 0
    durations: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS) + 1))

    def add(self, other: "Counts") -> None:
        """Count what another counted."""
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
    """A ring of minutes."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._minutes: dict[int, dict[str, Counts]] = {}

    def count(self, route: str, status: int, seconds: float) -> None:
        """Remember one request."""
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
        """The last hour, the oldest minute first; minutes without requests are among them."""
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
        """The last hour by route, those that were asked for most first."""
        now = int(self._clock() // 60)
        found: dict[str, Counts] = defaultdict(Counts)
        for at, routes in self._minutes.items():
            for route, counts in routes.items() if at > now - MINUTES else ():
                found[route].add(counts)
        return dict(sorted(found.items(), key=lambda item: -item[1].requests))


TRAFFIC = Traffic()
"""What this process has answered; the dashboard and its probes are not counted."""
