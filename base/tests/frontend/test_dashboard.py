"""The dashboard, seen by a viewer without a browser."""

import asyncio
import threading
from datetime import UTC, datetime
from types import SimpleNamespace

import flet as ft
import pytest
import uvicorn
from websockets.sync.client import connect

from app.backend.main import create_app
from app.core.component import Component, discover
from app.core.health import Report
from app.core.logging import RECENT
from app.frontend import dashboard as dashboard_module
from app.frontend import feed, logs_page
from app.frontend.pages import PageContext
from app.frontend.parts import Table, distance, facts
from app.frontend.stack_map import StackMap, links, ranks
from app.identity import DESCRIPTION, NAME
from tests.conftest import WS, Viewer, here, until

pytestmark = pytest.mark.usefixtures("alone")

CLOCK = """
from app.core.component import Component, discover
component = Component(
    name="clock", title="Clock", summary="Tells the time.",
    health="app.components.clock.parts:check", page="app.components.clock.parts:page",
    trends=("ticks",),
)
"""
PARTS = """
import asyncio
import flet as ft
from app.core.health import Health
from app.frontend.pages import Page, PageBody, PageContext

ticks = 0

async def check() -> Health:
    return Health("degraded", "a little late", {"ticks": ticks})

def build(context: PageContext) -> PageBody:
    shown = ft.Text("")

    async def tick() -> str:
        global ticks
        ticks += 1
        await asyncio.sleep(0.1)
        return f"It ticked for {context.caller.name}"

    async def refresh(health: Health) -> None:
        shown.value = f"{context.component.title} ticked {health.data['ticks']} times"

    stop = context.action("Stop", tick, sure="Stop the clock?")
    return PageBody([context.action("Tick", tick), stop, shown], refresh)

page = Page("Hands", ft.Icons.SCHEDULE, build)
"""


def test_all_is_well_on_the_first_page(dashboard):
    with dashboard() as viewer:
        viewer.find(lambda d: d.get("identifier") == "node-core")
        viewer.see(NAME)
        viewer.see(DESCRIPTION)
        viewer.see("All is well. Nothing needs you.")
        viewer.see("Requests / s")


def test_a_viewer_who_leaves_while_something_is_sent_ends_the_visit():
    RECENT.clear()
    server = uvicorn.Server(uvicorn.Config(create_app(), port=0, log_config=None))
    serving = threading.Thread(target=server.run)
    serving.start()
    try:
        until(lambda: server.started)
        port = server.servers[0].sockets[0].getsockname()[1]
        for _ in range(6):
            with connect(f"ws://127.0.0.1:{port}/dashboard/ws", proxy=None) as socket:
                Viewer(SimpleNamespace(send_bytes=socket.send, receive_bytes=socket.recv))
    finally:
        server.should_exit = True
        serving.join()
    assert [line for line in RECENT if line["level"] == "error"] == []


def test_its_files_come_compressed_and_only_once():
    script = "/dashboard/main.dart.js"
    with here(create_app()) as client:
        first = client.get(script, headers={"Accept-Encoding": "gzip"})
        assert first.headers["Content-Encoding"] == "gzip"
        assert first.num_bytes_downloaded < len(first.content) / 3
        again = client.get(script, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.headers["Cache-Control"]) == (304, "no-cache")


@pytest.mark.parametrize("token", ["", "lantern"])
def test_who_sent_a_token_can_sign_out(token, monkeypatch):
    monkeypatch.setenv("ADMIN_TOKEN", token)
    headers = {"Authorization": "Bearer lantern"}
    with here(create_app()) as client, client.websocket_connect(WS, headers=headers) as socket:
        viewer = Viewer(socket)
        button = viewer.find(lambda d: d.get("content") == "Sign out")
    assert button.get("visible", True) is bool(token)
    assert "/dashboard/sign-out" in str(button["url"])


def test_what_needs_a_person_leads_to_its_page(plug_in, dashboard):
    plug_in("clock", CLOCK, parts=PARTS)
    with dashboard() as viewer:
        viewer.see("1 thing needs you")
        viewer.see("Clock: a little late")
        viewer.see("Clock: ticks")  # its line
        viewer.click("Hands")
        viewer.see(f"Clock · {NAME}")  # the browser's tab


def test_a_page_reacts_and_asks_before_it_does_what_cannot_be_undone(plug_in, dashboard):
    plug_in("clock", CLOCK, parts=PARTS)
    with dashboard("/clock") as viewer:
        viewer.see("Clock ticked 0 times")
        viewer.click("Tick")
        viewer.click("Tick")  # too soon
        viewer.see("Clock ticked 1 times")
        viewer.find(lambda d: d.get("identifier") == "line-clock-ticks")
        viewer.click("Stop")
        viewer.see("Stop the clock?")
        viewer.click("Yes, stop")
        viewer.find(lambda d: d.get("_c") == "SnackBar" and "It ticked" in d["content"])
        viewer.see("Clock ticked 2 times")


def test_a_page_knows_who_acts(plug_in, dashboard):
    ada = "async def ada(connection):\n    return Caller('1', 'Ada', True, ada)\n"
    people = f"from app.backend.callers import Caller\n{ada}"
    known = CLOCK.replace("Component(", "Component(caller='app.components.clock.people:ada', ")
    plug_in("clock", known, parts=PARTS, people=people)
    with dashboard("/clock") as viewer:
        viewer.click("Tick")
        viewer.see("It ticked for Ada")
        button = viewer.find(lambda d: d.get("content") == "Sign out")
    assert button.get("visible", True), "whoever knows her signs her out"


def test_what_a_page_has_above_itself_stays_when_an_action_says_something():
    page = SimpleNamespace(overlay=["mine"], update=lambda: None)
    for said in ("", "Done", "Done"):
        context = PageContext(page, dashboard_module.CORE)
        asyncio.run(context.action("Do", lambda said=said: asyncio.sleep(0, said)).on_click())
        assert [getattr(it, "content", it) for it in page.overlay] == ["mine", *[said][not said :]]
    page.overlay[1].on_dismiss()
    assert page.overlay == ["mine"]


def test_a_row_of_a_table_stays_until_it_changes():
    shown = Table(["Name", "At"], "None yet.", lambda key: [ft.Button(f"Drop {key}")])
    shown.show({"a": ["a", None], "b": ["b" * 99, datetime.now(UTC)]})
    [a, b] = shown._table.rows
    shown.show({"b": ["b" * 99, b.data[0][1]], "a": ["a", 1]})
    assert (shown._table.rows[0] is b, shown._table.rows[1] is a) == (True, False)
    assert b.cells[2].content.value == "now"
    shown.show({})
    assert (shown._empty.visible, Table(["Name"], "None yet.")._empty.visible) == (True, False)


def test_the_logs_are_shown_by_level_and_by_request(dashboard):
    for number, level in enumerate(["info", "error", "warning"]):
        event = {"timestamp": "2026-01-01T12:00:00Z", "level": level, "event": f"lit {number}"}
        RECENT.append({**event, "request_id": f"lantern-{number}"})
    found = logs_page.newest("warning", "lantern-")
    assert [line["event"] for line in found] == ["lit 2", "lit 1"]
    assert [line["event"] for line in logs_page.newest("debug", "lantern-0")] == ["lit 0"]
    with dashboard("/logs", zone="Asia/Tokyo") as viewer:
        viewer.see("lit 0")
        viewer.see("21:00:00")


@pytest.mark.parametrize(("zone", "name"), [("Asia/Tokyo", "JST"), ("../etc/passwd", "UTC")])
def test_a_moment_has_the_viewers_clock(plug_in, dashboard, zone, name):
    moment = PARTS.replace('"ticks": ticks', '"ticks": 1, "next": "2001-01-01T00:00:00+00:00"')
    plug_in("clock", CLOCK, parts=moment)
    with dashboard("/clock", zone=zone) as viewer:
        viewer.see(f"2001-01-01 {'09' if name == 'JST' else '00'}:00:00 {name}")


@pytest.mark.parametrize(
    ("good", "bad", "said"),
    [
        ("shown = ", "shown = nothing = 1 / 0 and ", "This page can't be built"),
        ("shown.value = ", "nothing = 1 / 0 and ", "This page can't refresh"),
        ("shown.value = ", "await asyncio.sleep(60) #", "This page can't refresh"),
    ],
)
def test_a_broken_page_says_so_and_stops_nothing(plug_in, dashboard, monkeypatch, good, bad, said):
    monkeypatch.setattr("app.frontend.pages.PATIENCE", 0.1)
    plug_in("clock", CLOCK, parts=PARTS.replace(good, bad))
    with dashboard("/clock") as viewer:
        viewer.see(said)
        viewer.click("Overview")
        viewer.see("Clock: a little late")


def test_an_action_that_fails_says_why(plug_in, dashboard):
    broken = PARTS.replace("ticks += 1", "raise OSError('no spring')")
    plug_in("clock", CLOCK, parts=broken)
    with dashboard("/clock") as viewer:
        viewer.click("Tick")
        viewer.see("Tick failed: no spring")


async def test_what_components_count_is_noted_while_nobody_looks(plug_in, monkeypatch):
    plug_in("clock", CLOCK, parts=PARTS)
    monkeypatch.setattr(feed, "MINUTE", 0)
    noted = feed.Feed(discover())
    remembering = asyncio.create_task(noted.remember())
    while len(noted.trends["clock", "ticks"]) < 60:  # noqa: ASYNC110 - it has no event
        await asyncio.sleep(0)
    remembering.cancel()
    assert set(noted.trends["clock", "ticks"]) == {0}


def test_who_talks_to_whom_is_read_from_the_code(plug_in):
    plug_in("clock", CLOCK, parts="from app.components.tower import bell")
    plug_in("tower", "", bell="")
    clock = Component("clock", "", "", router="app.components.clock.parts:router")
    tower = Component("tower", "", "", process=("tower", "run"), talks_to=("gone",))
    gate = Component("gate", "", "", talks_to=("core",))
    found = [dashboard_module.CORE, clock, gate, tower]
    assert links(found) == {("clock", "core"), ("clock", "tower"), ("core", "gate")}
    assert ranks(found) == [["gate"], ["core"], ["tower"], ["clock"]]
    stack = StackMap(SimpleNamespace(width=1280), found, print)
    stack.show(Report("ok", {}))
    canvas, gate, *_ = stack.control.content.controls
    gate.content.content.on_hover(SimpleNamespace(data=True))
    assert len(canvas.shapes) == 1


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.2, "now"), (-5, "5 s ago"), (240, "in 4 min"), (-7200, "2 h ago"), (90_000, "in 1 d")],
)
def test_moments_are_said_as_people_say_them(seconds, words):
    assert distance(seconds) == words


def test_facts_are_said_as_people_say_them():
    given = {"build": "20010101", "tag": "T1", "hit_rate": 0.87, "latency_ms": 0.3}
    cells = facts({"next": "2001-01-01T00:00:00+00:00", **given}).controls
    texts = [": ".join(text.value for text in cell.controls) for cell in cells]
    assert texts[0].endswith(" d ago")
    assert texts[1:] == ["Build: 20010101", "Tag: T1", "Hit rate: 87 %", "Latency: 0.3 ms"]
