"""The pages of the dashboard in a real browser, of a project with everything that has one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import pytest
from playwright.sync_api import Page

from aegis_patch.upstream.releases import WORK
from tests import servers, stacks
from tests.measurements import pictures

pytestmark = pytest.mark.long

TABS = ["Overview", "Requests", "Cache", "Database", "Jobs", "Queues", "Logs"]
FOCUSED = (
    "() => document.activeElement.getAttribute('aria-label') || document.activeElement.innerText"
)
TAGGED = """
from app.components.cache.store import cached


@cached(tags=["lanterns"])
async def lantern() -> int:
    return 7


@job(every=1)
async def light() -> None:
    await lantern()


# yours below"""

WINDOWS = """
from types import SimpleNamespace

from app.core.component import discover
from app.core.health import Report
from app.frontend.dashboard import CORE
from app.frontend.stack_map import StackMap

for width in (390, 820, 1280):
    shown = StackMap(SimpleNamespace(width=width), [CORE, *discover()], print)
    shown.show(Report("ok", {}))
    print(min(node.control.width for node in shown._nodes.values()))
"""


def test_the_map_has_room_for_each_name(tmp_path: Path, python: Path) -> None:
    """Of a project whose components stand in six ranks."""
    project = stacks.make(tmp_path / "my-api", *stacks.everything(WORK), version=WORK)
    project.write("windows.py", WINDOWS)
    widths = stacks.tool(project, python, "windows").split()
    assert min(map(float, widths)) > 150, widths


def test_each_page_shows_what_there_is_and_does_what_it_offers(
    tmp_path: Path, python: Path
) -> None:
    with looking(tmp_path, python) as page:
        for title, shown in (("Overview", "your stack"), ("Requests", "/api/v1/hello")):
            page.get_by_role("button", name=title).click()
            see(page, shown)
        page.get_by_role("button", name="Cache").click()
        see(page, "lanterns")
        page.get_by_role("button", name="Clear", exact=True).click()
        see(page, "lanterns: 1 forgotten")
        page.get_by_role("button", name="Database").click()
        see(page, "scheduler_ledger")
        page.get_by_role("button", name="Back up now").click()
        page.get_by_role("button", name="Restore").first.click()
        page.get_by_role("button", name="Yes, restore").click()
        see(page, "what was there is in")
        page.get_by_role("button", name="Jobs").click()
        see(page, "JST")  # the viewer's clock
        page.get_by_text("Last 10 runs").click()
        see(page, "Outcome")
        page.get_by_role("button", name="Pause light").click()
        see(page, "light is paused")  # it would come and go among the jobs that wait
        page.get_by_role("button", name="Queues").click()
        see(page, "Worker · Queues")
        see(page, "no mail server for invoice 2")
        page.get_by_role("button", name="Cancel").first.click()
        see(page, "Cancel later?")
        page.get_by_role("button", name="Yes, cancel").click()
        see(page, "later is cancelled")
        page.get_by_role("button", name="Retry").first.click()
        see(page, "is queued again")
        page.get_by_role("button", name="Logs").click()
        page.get_by_label("Request id, or any word").fill("hello")
        see(page, "GET /api/v1/hello")


def test_tab_leads_through_a_page_from_top_to_bottom(tmp_path: Path, python: Path) -> None:
    with looking(tmp_path, python) as page:
        wanted = ["API", "Theme", *TABS, "Run heartbeat now", "Pause heartbeat", "Run light now"]
        seen: list[str] = []
        while wanted[-1] not in seen:
            page.keyboard.press("Tab")
            page.wait_for_timeout(300)  # the browser's focus follows Flutter's
            seen.append(page.evaluate(FOCUSED))
            assert len(seen) < 40, seen
            if seen[-1] == "Run heartbeat now":
                page.keyboard.press("Enter")
                see(page, "heartbeat runs now")
                page.wait_for_timeout(1000)
                assert page.evaluate(FOCUSED) == seen[-1]
            if seen[-1] == "Jobs" and "Jobs" not in seen[:-1]:
                page.keyboard.press("Enter")  # the focus stays where it is
                see(page, "Last 10 runs")
        places = [seen.index(name) for name in wanted]
        assert all(before < after for before, after in pairwise(places)), seen


@contextmanager
def looking(path: Path, python: Path) -> Iterator[Page]:
    """Somebody in Tokyo, on the first page of a project that has lived for a while."""
    project = stacks.make(path / "my-api", *pictures.COMPONENTS, version=WORK)
    for file, code in pictures.CODE.items():
        project.write(file, project.read(file).replace(pictures.YOURS, code, 1))
    file = "app/components/scheduler/jobs.py"
    project.write(file, project.read(file).replace(pictures.YOURS, TAGGED, 1))
    with (
        servers.dev(project.path, python, {"APP_ENV": "development"}) as url,
        servers.chromium() as browser,
    ):
        pictures.live(url)
        page = browser.new_page()
        session = browser.new_cdp_session(page)
        session.send("Emulation.setTimezoneOverride", {"timezoneId": "Asia/Tokyo"})
        page.goto(f"{url}/dashboard/")
        begin(page)
        yield page


def begin(page: Page) -> None:
    """Have the page tell a screen reader what it shows."""
    placeholder = page.locator("flt-semantics-placeholder")
    placeholder.wait_for(state="attached")
    placeholder.evaluate("element => element.click()")


def see(page: Page, text: str) -> None:
    """Wait until a text is there for screen readers."""
    labelled = page.locator(f'[aria-label*="{text}" i]')
    page.get_by_text(text).or_(labelled).first.wait_for(state="attached")
