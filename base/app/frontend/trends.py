"""Lines of what components count, over the last hour."""

from app.core.health import Health
from app.frontend.feed import Feed
from app.frontend.parts import Line, named


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
