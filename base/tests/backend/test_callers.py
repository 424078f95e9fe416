"""A component says who asks: for routes, and for what only admins may use."""

import pytest
from fastapi.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from app.backend import admin
from app.backend.callers import Caller, CurrentCaller, find_caller
from app.backend.main import create_app
from app.core import settings

KNOWS = """
from app.backend.callers import Caller
from app.core.component import Component


async def sign_out(connection):
    known.pop("lamp")
    return "/log-in"

known = {"lamp": Caller("1", "Ada", True, sign_out), "wick": Caller("2", "Bo")}
component = Component(name="people", title="People", summary="Knows them.",
    caller="app.components.people:caller", login="app.components.people:login")

async def caller(connection):
    if connection.headers.get("Authorization", "").endswith(("fog", "Fj3g")):
        raise OSError("the lamps are away")
    return known.get(connection.headers.get("Authorization", "").removeprefix("Bearer "))

async def login(connection):
    return f"/log-in?next={connection.url.path}" if known else None
"""
WS = "ws://my-api.example/dashboard/ws"
TOKEN = "q7Zr-2mWx-Kp9v-Tb4c-Yh6n-Ld8s-Fj3g"


@pytest.fixture
def client(plug_in, monkeypatch):
    monkeypatch.setenv("APP_ENV", "production")
    plug_in("people", KNOWS)
    app = create_app()

    @app.get("/mine")
    async def mine(caller: CurrentCaller) -> str:
        return caller.name

    app.router.routes.insert(0, app.router.routes.pop())  # before what is mounted
    return TestClient(app, "http://my-api.example", client=("192.0.2.7", 50_000))


def by(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_a_route_asks_in_one_line(client, monkeypatch):
    monkeypatch.setenv("ADMIN_TOKEN", TOKEN)
    settings.forget()
    assert client.get("/mine", headers=by("wick")).json() == "Bo"
    assert client.get("/mine", headers=by(TOKEN)).json() == "Admin"
    assert {client.get("/mine", headers=sent).status_code for sent in ({}, by("soot"))} == {401}
    for path in ("/mine", "/dashboard/"):
        with pytest.raises(OSError, match="lamps"):
            client.get(path, headers=by("fog"))
    assert client.get("/dashboard/", headers=by(TOKEN)).status_code == 200


def test_a_test_says_who_asks(client):
    client.app.dependency_overrides[find_caller] = lambda: Caller("3", "Cy")
    assert client.get("/mine").json() == "Cy"


@pytest.mark.parametrize("token", ["", TOKEN])
def test_an_admin_of_a_component_needs_no_token(client, monkeypatch, token):
    monkeypatch.setenv("ADMIN_TOKEN", token)
    settings.forget()
    answers = [client.get("/dashboard/", headers=by(who)) for who in ("lamp", "wick", "soot")]
    assert [answer.status_code for answer in answers] == [200, 403, 401 if token else 403]


@pytest.mark.parametrize("token", ["", "off", TOKEN])
def test_a_browser_of_a_stranger_goes_where_it_can_log_in(client, monkeypatch, token):
    monkeypatch.setenv("ADMIN_TOKEN", token)
    settings.forget()
    page = {"Accept": "text/html,*/*;q=0.8"}

    def ask(method="GET", **headers):
        answer = client.request(
            method, "/dashboard/jobs", headers=page | headers, follow_redirects=False
        )
        return answer.headers.get("Location", answer.status_code)

    closed = 401 if token else 403
    assert ask() == "/log-in?next=/dashboard/jobs"
    assert [ask("POST"), ask(Accept="*/*"), ask(**by("soot"))] == [closed] * 3
    assert ask(**by("wick")) == 403  # who is logged in, but no admin
    assert ask(Origin="http://other.example") == 403
    from app.components.people import known

    known.clear()
    assert ask() == closed


def test_who_gave_a_caller_signs_it_out(client):
    path = "/dashboard/sign-out"
    stranger = by("lamp") | {"Origin": "http://other.example"}
    assert client.get(path, headers=stranger).status_code == 403
    out = client.get(path, headers=by("lamp"), follow_redirects=False)
    assert (out.status_code, out.headers["Location"]) == (303, "/log-in")
    assert client.get("/dashboard/", headers=by("lamp")).status_code == 403


def test_a_websocket_closes_once_its_admin_is_known_no_more(client, monkeypatch):
    monkeypatch.setattr(admin, "ASK_AGAIN", 0.0)
    with pytest.raises(WebSocketDisconnect), client.websocket_connect(WS, headers=by("wick")):
        pass
    with client.websocket_connect(WS, headers=by("lamp")) as socket:
        from app.components.people import known

        known.clear()
        socket.send_bytes(b"a message")
        assert socket.receive()["type"] == "websocket.close"
