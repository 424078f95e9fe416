"""The dashboard and /admin are for those who run the project."""

import pytest
from fastapi import APIRouter, Depends, FastAPI
from fastapi.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from app.backend.admin import admins_only
from app.backend.main import create_app

pytestmark = pytest.mark.usefixtures("alone")

HERE = {"base_url": "http://localhost", "client": ("127.0.0.1", 50_000)}
ELSEWHERE = {"base_url": "http://my-api.example", "client": ("192.0.2.7", 50_000)}


def dashboard(visitor: dict, **headers: str) -> int:
    return TestClient(create_app(), **visitor).get("/dashboard/", headers=headers).status_code


def test_in_development_whoever_is_here_may():
    assert dashboard(HERE) == 200
    assert dashboard(ELSEWHERE) == 403
    # Pages of other sites whose names lead here, and what is no name at all.
    assert dashboard({**HERE, "base_url": "http://my-api.example"}) == 403
    for host in ("a{b}.evil.example", "evil.example:", "[::1", "localhost@evil.example", ""):
        assert dashboard(HERE, Host=host) == 403, host
    for host in ("localhost:8000", "127.0.0.1", "[::1]:8000"):
        assert dashboard(HERE, Host=host) == 200, host
    assert dashboard(HERE, Origin="http://[::1") == 403


def test_in_production_nobody_may_without_a_token(monkeypatch):
    monkeypatch.setenv("APP_ENV", "production")
    assert dashboard(HERE) == 403


def test_the_token_opens_it_from_anywhere(monkeypatch):
    monkeypatch.setenv("APP_ENV", "production")
    monkeypatch.setenv("ADMIN_TOKEN", "lantern")
    assert dashboard(ELSEWHERE) == 401
    assert dashboard(ELSEWHERE, Authorization="Bearer lamp") == 401
    assert dashboard(ELSEWHERE, Authorization="Basic !") == 401
    assert dashboard(ELSEWHERE, Authorization="Bearer lantern") == 200
    browser = TestClient(create_app(), **ELSEWHERE)
    given = browser.get("/dashboard/", auth=("anybody", "lantern"))
    assert "HttpOnly; SameSite=Strict" in given.headers["Set-Cookie"]
    assert "lantern" not in given.headers["Set-Cookie"]
    assert browser.get("/dashboard/").status_code == 200, "the cookie is enough"


def test_a_websocket_is_closed_too(monkeypatch):
    for headers, visitor in (({}, ELSEWHERE), ({"Origin": "http://other.example"}, HERE)):
        client = TestClient(create_app(), **visitor)
        with (
            pytest.raises(WebSocketDisconnect),
            client.websocket_connect("/dashboard/ws", headers=headers),
        ):
            pass


def test_a_route_of_ones_own(monkeypatch):
    app = FastAPI()
    router = APIRouter(prefix="/admin/clock", dependencies=[Depends(admins_only)])
    router.add_api_route("", lambda: "noon", methods=["POST"])
    app.include_router(router)
    assert TestClient(app, **HERE).post("/admin/clock").json() == "noon"
    assert TestClient(app, **ELSEWHERE).post("/admin/clock").status_code == 403
    stranger = {"Origin": "http://other.example"}
    assert TestClient(app, **HERE).post("/admin/clock", headers=stranger).status_code == 403
    monkeypatch.setenv("ADMIN_TOKEN", "lantern")
