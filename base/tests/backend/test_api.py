"""The routes of the core, and those that a component brings."""

import gc

import pytest
from fastapi.testclient import TestClient

from app.backend.main import create_app
from app.identity import NAME

pytestmark = pytest.mark.usefixtures("alone")

CLOCK = """
from app.core.component import Component
component = Component(
    name="clock", title="Clock", summary="Tells the time.",
    router="app.components.clock.parts:router",
    errors="app.components.clock.parts:errors",
    middleware="app.components.clock.parts:Stamp",
    lifespan="app.components.clock.parts:lifespan",
    health="app.components.clock.parts:check",
)
"""
PARTS = """
from contextlib import asynccontextmanager
from fastapi import APIRouter, Response
from app.core.health import Health
router = APIRouter(prefix="/clock")
running = []

@router.get("")
async def time(): return {"running": running}

@router.post("")
async def wind(by: dict[str, int]): return 60 / by["hours"]

async def stop(request, error): return Response("the clock stopped", 503)
errors = {ZeroDivisionError: stop}

class Stamp:
    def __init__(self, app):
        self.app = app
    async def __call__(self, scope, receive, send):
        async def stamped(message):
            if message["type"] == "http.response.start":
                message["headers"].append((b"x-clock", b"noon"))
            await send(message)
        await self.app(scope, receive, stamped)

@asynccontextmanager
async def lifespan(app):
    running.append(app.title)
    yield
    running.clear()

async def check(): return Health("down", "stopped", {"ticks": None})
"""


def test_the_front_door_leads_to_the_dashboard(client):
    answer = client.get("/")
    assert answer.url.path == "/dashboard/"
    assert NAME in answer.text


def test_the_example_route(client):
    assert client.get("/api/v1/hello", params={"name": "Ada"}).json() == {
        "message": f"Hello, Ada, from {NAME}."
    }


def test_health_reports_the_core_and_is_documented(client):
    assert client.get("/health").json()["components"]["core"]["status"] == "ok"
    assert "/health" in client.get("/openapi.json").json()["paths"]


def test_a_component_brings_routes_health_and_what_runs_beside_the_server(plug_in):
    plug_in("clock", CLOCK, parts=PARTS)
    with TestClient(create_app()) as client:
        answer = client.get("/clock")
        assert answer.json() == {"running": [NAME]}
        assert answer.headers["x-clock"] == "noon"
        stopped = client.post("/clock", json={"hours": 0})
        assert (stopped.status_code, stopped.text) == (503, "the clock stopped")
        answer = client.get("/health")
    assert answer.status_code == 503
    assert answer.json()["components"]["clock"] == {
        "status": "down",
        "detail": "stopped",
        "data": {"ticks": None},
    }


@pytest.mark.parametrize(
    "value", ["NaN", "-Infinity", "1e999", r'"\ud800"', r'{"\udfff": NaN}', '"hunter2"']
)
@pytest.mark.parametrize("key", ["hours", r"\ud800"])
def test_a_mistake_is_422_and_not_repeated(plug_in, key, value):
    plug_in("clock", CLOCK, parts=PARTS)
    with TestClient(create_app()) as client:
        body, headers = f'{{"{key}": {value}}}', {"Content-Type": "application/json"}
        answer = client.post("/clock", content=body, headers=headers)
    assert answer.status_code == 422
    assert {"type", "loc", "msg"} == answer.json()["detail"][0].keys()
    assert "hunter2" not in answer.text


def test_garbage_is_collected_once_everything_is_loaded():
    gc.disable()
    try:
        with TestClient(create_app()):
            assert gc.isenabled()
    finally:
        gc.unfreeze()
        gc.enable()
