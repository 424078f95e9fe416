"""When an expression comes due: by its fields, and around each change of clocks that there is."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

import pytest

from app.core.cron import parse

FIVE, HOUR, DAY = 5 * 60, 60 * 60, 24 * 60 * 60
YEARS = (2010, 2038)


def moment(text, zone="UTC"):
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()


@pytest.mark.parametrize(
    ("expression", "due", "not_due"),
    [
        ("* * * * *", ["2026-11-23 12:00", "2026-02-28 23:59"], []),
        ("*/15 * * * *", ["2026-11-23 12:45"], ["2026-11-23 12:50"]),
        ("5/20 * * * *", ["2026-11-23 12:45"], ["2026-11-23 12:00"]),
        ("0 9-17/4 * * *", ["2026-11-23 13:00"], ["2026-11-23 12:00", "2026-11-23 21:00"]),
        ("0,30 3 * * *", ["2026-11-23 03:30"], ["2026-11-23 03:31"]),
        ("0 0 1 */3 *", ["2026-04-01 00:00"], ["2026-05-01 00:00"]),
        ("0 0 1 APR,oct *", ["2026-04-01 00:00"], ["2026-05-01 00:00"]),
        ("0 0 * * 0", ["2026-11-22 00:00"], ["2026-11-23 00:00"]),
        ("0 0 * * 5-7", ["2026-11-22 00:00", "2026-11-20 00:00"], ["2026-11-23 00:00"]),
        ("0 0 * * fri-sun", ["2026-11-22 00:00", "2026-11-20 00:00"], ["2026-11-23 00:00"]),
        ("0 0 * * sun-mon", ["2026-11-22 00:00", "2026-11-23 00:00"], ["2026-11-24 00:00"]),
        ("0 0 * * sun-sun", ["2026-11-22 00:00"], ["2026-11-23 00:00"]),
        ("0 0 13 * 5", ["2026-11-20 00:00", "2026-10-13 00:00"], ["2026-11-23 00:00"]),
        ("0 0 13 * */2", ["2026-10-13 00:00"], ["2026-11-13 00:00"]),
        ("0 0 29 2 *", ["2096-02-29 00:00", "2104-02-29 00:00"], ["2100-03-01 00:00"]),
    ],
)
def test_when_it_is_due(expression, due, not_due):
    cron = parse(expression)
    for text in due + not_due:
        assert (cron.after(moment(text) - 1) == moment(text)) == (text in due)
        assert cron.after(moment(text)) > moment(text)


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("", "needs five fields"),
        ("* * * *", "needs five fields"),
        ("0 * * * * *", "needs five fields"),
        ("60 * * * *", "'60' is not a valid minute"),
        ("* 24 * * *", "'24' is not a valid hour"),
        ("* mon * * *", "'mon' is not a valid hour"),
        ("* * 0 * *", "'0' is not a valid day of the month"),
        ("* * * 9-3 *", "'9-3' is not a valid month"),
        ("1-sun * * * *", "'1-sun' is not a valid minute"),
        ("* * * * oct", "'oct' is not a valid day of the week"),
        ("*/0 * * * *", "'[*]/0' is not a valid minute"),
        ("1,,2 * * * *", "'1,,2' is not a valid minute"),
        ("0 0 30 2 *", "never matches"),
        ("0 0 31 4,6 *", "never matches"),
    ],
)
def test_what_cannot_be_one_is_a_line(expression, message):
    with pytest.raises(ValueError, match=message):
        parse(expression)


@pytest.mark.parametrize("zone", ["Mars/Base", "Europe", "../etc/passwd", "", "europe berlin\0"])
def test_a_zone_that_is_none_is_a_line(zone):
    with pytest.raises(ValueError, match="unknown time zone") as caught:
        parse("* * * * *", zone)
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize(
    ("expression", "around", "slots"),
    [
        (
            "30 2 * * *",
            "2026-03-28 12:00",
            ["2026-03-29 03:30:00+02:00", "2026-03-30 02:30:00+02:00"],
        ),
        (
            "30 2 * * *",
            "2026-10-24 12:00",
            ["2026-10-25 02:30:00+02:00", "2026-10-26 02:30:00+01:00"],
        ),
        (
            "30 * * * *",
            "2026-03-29 01:00",
            ["2026-03-29 01:30:00+01:00", "2026-03-29 03:30:00+02:00"],
        ),
        (
            "0 * * * *",
            "2026-10-25 01:30",
            ["2026-10-25 02:00:00+02:00", "2026-10-25 02:00:00+01:00", "2026-10-25 03:00:00+01:00"],
        ),
        ("0 0 * * mon", "2026-03-23 00:00", ["2026-03-30 00:00:00+02:00"]),
    ],
)
def test_what_the_change_of_clocks_does(expression, around, slots):
    at, found = moment(around, "Europe/Berlin"), []
    for _ in slots:
        at = parse(expression, "Europe/Berlin").after(at)
        found.append(datetime.fromtimestamp(at, ZoneInfo("Europe/Berlin")).isoformat(" "))
    assert found == slots


def offset(at, zone):
    return datetime.fromtimestamp(at, zone).utcoffset().total_seconds()


def changes():
    """One of each kind of change of clocks: `(moment, seconds before, seconds after, zone)`."""
    begin, end = (int(datetime(year, 1, 1, tzinfo=UTC).timestamp()) for year in YEARS)
    weeks = range(begin, end, 7 * DAY)
    kinds = {}
    for zone in map(ZoneInfo, sorted(available_timezones())):
        offsets = [offset(week, zone) for week in weeks]
        for week, (before, after) in zip(weeks, pairwise(offsets), strict=False):
            if before != after:
                early, late = week, week + 7 * DAY
                while late - early > 1:
                    middle = (early + late) // 2
                    still = offset(middle, zone) == before
                    early, late = (middle, late) if still else (early, middle)
                kinds[before, after, (late + before) % (7 * DAY)] = late, before, after, zone
    return kinds.values()


def walls(at, change):
    """The times that count at a minute, by which every hour is to count twice and which once."""
    since, before, after, _ = change
    late, missing = at - since, after - before
    shown = datetime(1970, 1, 1) + timedelta(seconds=at + (after if late >= 0 else before))
    often = [shown]
    if 0 <= late < missing:  # it shows what would have been skipped
        often.append(shown - timedelta(seconds=missing))
    once = [] if 0 <= late < -missing else often
    return often, once


def test_around_every_change_of_clocks_it_is_as_a_search_minute_by_minute_says():
    for change in changes():
        at, before, _, zone = change
        first = (at - 13 * HOUR) // FIVE * FIVE
        minutes = range(first, at + 25 * HOUR, FIVE)  # on which all slots below lie
        shown = [(minute, *walls(minute, change)) for minute in minutes]
        wall = datetime(1970, 1, 1) + timedelta(seconds=at + before)
        hour, weekday = wall.hour, wall.isoweekday()
        for expression, fits in {
            "10,40 * * * *": lambda it: it.minute in (10, 40),
            f"*/20 {hour} * * *": lambda it, hour=hour: it.minute % 20 == 0 and it.hour == hour,
            "0,30 */2 * * *": lambda it: it.minute in (0, 30) and it.hour % 2 == 0,
            "0 0 * * *": lambda it: (it.minute, it.hour) == (0, 0),
            f"30 {hour} * * {weekday}": lambda it, at=(30, hour, weekday): (
                (it.minute, it.hour, it.isoweekday()) == at
            ),
            f"0 0 {wall.day} * *": lambda it, at=(0, 0, wall.day): (
                (it.minute, it.hour, it.day) == at
            ),
        }.items():
            cron, often = parse(expression, zone.key), expression.split()[1] == "*"
            searched = [
                minute for minute, each, once in shown if any(map(fits, each if often else once))
            ]
            found, slot = [], minutes[0] - 1
            while (slot := cron.after(slot)) <= minutes[-1]:
                found.append(slot)
            assert found == searched, (zone, expression)
