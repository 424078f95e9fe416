"""When an expression as in a crontab comes due, by the clocks of a time zone.

Five fields, minute, hour, day, month and weekday: numbers or names (`jan`, `mon`; 0 and 7 are
Sunday), each `*`, a list, a range or a step. Where both a day and a weekday are named, one of them
is enough, as crontab has it.

Clocks change, and that loses no slot and doubles none (RFC 5545, section 3.3.5). A time that they
skip is counted as if they had not changed yet: 02:30 in Berlin is 03:30 on that day. Of a time that
they show twice the first counts; where every hour is named, as in `*/15 * * * *`, both do.
"""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import product
from zoneinfo import ZoneInfo

_FIELDS = {
    "minute": (0, 59),
    "hour": (0, 23),
    "day of the month": (1, 31),
    "month": (1, 12),
    "day of the week": (0, 7),
}
_PART = re.compile(r"(?:\*|(\d+|[a-z]{3})(?:-(\d+|[a-z]{3}))?)(?:/(0|[1-9]\d*))?", re.ASCII)
_NAMES = {
    "month": "- jan feb mar apr may jun jul aug sep oct nov dec",
    "day of the week": "sun mon tue wed thu fri sat",
}
_NEAR = timedelta(days=2)
"""How long before and after a moment a change of clocks can matter to it."""
_FAR = 41 * 366
"""Days within which all comes due that ever does: the 29th of February on some weekday."""


@dataclass(frozen=True, slots=True)
class Cron:
    """What the fields stand for, and where."""

    minutes: list[int]
    hours: list[int]
    days: list[int]
    months: list[int]
    weekdays: list[int]
    either: bool
    """Whether the day or the weekday is enough."""
    zone: ZoneInfo

    def after(self, moment: float) -> float:
        """The first slot after a moment, both in seconds since 1970; infinite if there is none."""
        now = datetime.fromtimestamp(moment, UTC)
        # The clock on the wall, before or after a change nearby: whichever shows less.
        clocks = [(now + near).astimezone(self.zone) for near in (-_NEAR, timedelta(), _NEAR)]
        behind = min(clock.utcoffset() or timedelta() for clock in clocks)
        found = math.inf
        for wall in self._walls((now + behind).replace(tzinfo=None)):
            first, second = (
                wall.replace(tzinfo=self.zone, fold=fold).timestamp() for fold in (0, 1)
            )
            if min(first, second) > found:
                break
            shown = (first, second) if len(self.hours) == 24 and first < second else (first,)
            found = min([found, *(at for at in shown if at > moment)])
        return found

    def _walls(self, start: datetime) -> Iterator[datetime]:
        """What the clock on the wall shows when it comes due, from `start` on."""
        for ahead in range(_FAR):
            day = start.date() + timedelta(days=ahead)
            if self._has(day):
                hours = [hour for hour in self.hours if ahead or hour >= start.hour]
                for hour, minute in product(hours, self.minutes):
                    wall = datetime(day.year, day.month, day.day, hour, minute)
                    if wall >= start:
                        yield wall

    def _has(self, day: date) -> bool:
        on_day, on_weekday = day.day in self.days, day.isoweekday() % 7 in self.weekdays
        fits = on_day or on_weekday if self.either else on_day and on_weekday
        return fits and day.month in self.months


def parse(expression: str, timezone: str = "UTC") -> Cron:
    """What an expression means in a time zone; ValueError says in one line what is wrong."""
    texts = expression.lower().split()
    if len(texts) != len(_FIELDS):
        raise ValueError("needs five fields: minute, hour, day, month and weekday")
    texts[4] = texts[4].replace("sun-sun", "sun").replace("-sun", "-7")
    fields = []
    for text, name in zip(texts, _FIELDS, strict=True):
        parts = [_numbers(part, name) for part in text.split(",")]
        if not all(parts):
            raise ValueError(f"{text!r} is not a valid {name}")
        fields.append(sorted({number for part in parts for number in part}))
    minutes, hours, days, months, weekdays = fields
    try:
        zone = ZoneInfo(timezone)
    except (LookupError, ValueError, OSError):
        raise ValueError(f"unknown time zone {timezone!r}; try one like 'Europe/Berlin'") from None
    either = not texts[2].startswith("*") and not texts[4].startswith("*")
    weekdays = sorted({number % 7 for number in weekdays})
    found = Cron(minutes, hours, days, months, weekdays, either, zone)
    if found.after(0) == math.inf:
        raise ValueError("never matches")
    return found


def _numbers(part: str, field: str) -> range:
    """What `*`, `3`, `1-5` or one of them with a step, as in `*/15`, stands for; maybe nothing."""
    match = _PART.fullmatch(part)
    if match is None:
        return range(0)
    first, last, step = match.groups()
    low, high = _FIELDS[field]
    start = _number(first, field) if first else low
    # A number alone is itself; with a step it goes on to the end.
    end = _number(last, field) if last else start if first and not step else high
    fits = low <= start and end <= high and step != "0"
    return range(start, end + 1, int(step or 1)) if fits else range(0)


def _number(text: str, field: str) -> int:
    """The number that is meant; -1 for a name that the field does not have."""
    names = _NAMES.get(field, "").split()
    return int(text) if text.isdigit() else names.index(text) if text in names else -1
