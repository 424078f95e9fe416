"""Health is asked of everybody at once, and nobody can spoil or delay the answer."""

import asyncio

import pytest

from app.core import health
from app.core.component import Component
from app.core.health import Health, check_all


async def good() -> Health:
    return Health("ok", "ticks", {"ticks": 1})


async def worn() -> Health:
    return Health("degraded", "ticks slowly")


async def broken() -> Health:
    raise OSError("no\nspring")


async def stuck() -> Health:
    await asyncio.sleep(600)
    return Health("ok")


def component(check: str) -> Component:
    return Component(name=check, title=check, summary="", health=f"checks:{check}")


@pytest.fixture(autouse=True)
def _checks(monkeypatch):
    monkeypatch.setattr(health, "load", lambda reference: globals()[reference.partition(":")[2]])


@pytest.mark.parametrize(
    ("checks", "status"),
    [([], "ok"), (["good"], "ok"), (["good", "worn"], "degraded"), (["worn", "broken"], "down")],
)
async def test_the_whole_is_as_bad_as_its_worst_part(checks, status):
    report = await check_all([component(name) for name in checks])
    assert report.status == status
    assert list(report.components) == ["core", *checks]


async def test_an_exception_is_down_with_one_line():
    report = await check_all([component("broken")])
    assert report.components["broken"] == Health("down", "OSError: no spring")


async def test_checks_are_cut_off(monkeypatch):
    monkeypatch.setattr(health, "TIMEOUT", 0.1)
    report = await check_all([component("stuck")])
    assert report.components["stuck"] == Health("down", "no answer in 0.1 s")


async def test_checks_run_at_the_same_time(monkeypatch):
    both = asyncio.Barrier(2)

    async def met() -> Health:
        await both.wait()
        return Health("ok")

    monkeypatch.setitem(globals(), "met", met)
    other = Component(name="other", title="", summary="", health="checks:met")
    monkeypatch.setattr(health, "TIMEOUT", 120)
    report = await check_all([component("met"), other])
    assert report.status == "ok"


async def test_no_check_is_no_complaint():
    report = await check_all([Component(name="quiet", title="Quiet", summary="")])
    assert report.components["quiet"].status == "ok"
