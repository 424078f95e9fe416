"""The dashboard, seen by a viewer without a browser."""

import pytest

from app.backend.main import create_app
from app.identity import DESCRIPTION, NAME
from tests.conftest import WS, Viewer, here

pytestmark = pytest.mark.usefixtures("alone")

CLOCK = """
from app.core.component import Component
component = Component(
    name="clock", title="Clock", summary="Tells the time.",
    health="app.components.clock.parts:check", card="app.components.clock.parts:body",
)
"""
PARTS = """
import flet as ft
from app.core.health import Health
from app.frontend.card import CardBody, CardContext

ticks = 0

async def check() -> Health:
    return Health("degraded", "a little late", {"ticks": ticks})

def body(context: CardContext) -> CardBody:
    shown = ft.Text("")

    async def tick(event) -> None:
        global ticks
        ticks += 1

    async def refresh(health: Health) -> None:
        shown.value = f"{context.component.title} ticked {health.data['ticks']} times"

    return CardBody([ft.Button("Tick", on_click=tick), shown], refresh)
"""


def test_the_core_has_a_live_card(dashboard):
    with dashboard() as viewer:
        viewer.find(lambda d: d.get("identifier") == "card-core")
        viewer.see(NAME)
        viewer.see(DESCRIPTION)
        viewer.see("the process answers")


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


def test_a_component_has_a_card_that_reacts(plug_in, dashboard):
    plug_in("clock", CLOCK, parts=PARTS)
    with dashboard() as viewer:
        viewer.find(lambda d: d.get("identifier") == "card-clock")
        viewer.see("a little late")
        viewer.see("Clock ticked 0 times")
        viewer.click("Tick")
        viewer.see("Clock ticked 1 times")


def test_a_broken_card_does_not_take_the_others_along(plug_in, dashboard):
    plug_in("clock", CLOCK, parts=PARTS.replace("shown = ", "shown = nothing = 1 / 0 and "))
    with dashboard() as viewer:
        viewer.see("This card can't be built")
        viewer.see("the process answers")
