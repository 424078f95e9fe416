"""A server answers to its own names, and repeats nobody else's."""

import pytest
from fastapi.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from app.backend.main import create_app
from app.backend.middleware.known_hosts import KnownHosts

pytestmark = pytest.mark.usefixtures("alone")
EVIL = ["evil.example", "evil.example:8000", "localhost.evil.example", "127.0.0.1.evil.example"]
STRANGE = ["", "evil.example/", "evil.example?", "a@evil.example", "[::1].evil", "1.2.3.4:x", "é"]


@pytest.fixture(autouse=True)
def _no_names(monkeypatch):
    monkeypatch.delenv("ALLOWED_HOSTS")


def ask(host: str, path: str = "/dashboard"):
    client = TestClient(create_app(), follow_redirects=False)
    return client.get(path, headers={"Host": host.encode()})


@pytest.mark.parametrize("environment", ["development", "production"])
@pytest.mark.parametrize("path", ["/", "/dashboard", "/health/live/", "/api/v1/hello", "/no/such"])
def test_a_name_of_somebody_else_is_refused_and_not_repeated(monkeypatch, environment, path):
    monkeypatch.setenv("APP_ENV", environment)
    for host in EVIL + STRANGE:
        answer = ask(host, path)
        assert answer.status_code == 400, host
        assert "ALLOWED_HOSTS" in answer.json()["detail"]
        assert "evil" not in str(answer.headers) + answer.text


@pytest.mark.parametrize(
    "host",
    ["localhost:8000", "LOCALHOST.", "127.0.0.1", "10.1.2.3:8000", "[::1]:8000", "[fe80::1]"],
)
def test_whoever_asks_by_address_is_answered_as_probes_do(monkeypatch, host):
    monkeypatch.setenv("APP_ENV", "production")
    monkeypatch.setenv("DOMAIN", "app.example")
    assert ask(host, "/health/live").status_code == 200


async def test_who_names_no_host_is_answered():
    asked = []

    async def app(scope, receive, send):
        asked.append(scope)

    await KnownHosts(app)({"type": "http", "headers": []}, None, None)
    assert asked


def test_the_names_of_the_settings_are_answered(monkeypatch):
    monkeypatch.setenv("DOMAIN", "app.example")
    monkeypatch.setenv("ALLOWED_HOSTS", "webserver, *.lan.example")
    mine = ("app.example", "App.Example:443", "webserver:8000", "a.lan.example", "b.a.lan.example")
    for host in mine:
        assert ask(host).headers["Location"] == f"http://{host}/dashboard/"
    for host in ("lan.example", "evil-lan.example", "www.app.example", "app.example.evil.example"):
        assert ask(host).status_code == 400


def test_a_star_is_any_name(monkeypatch):
    monkeypatch.setenv("ALLOWED_HOSTS", "*")
    assert ask("anything.example", "/health/live").status_code == 200


def test_a_websocket_is_refused_too():
    client = TestClient(create_app(), "http://evil.example", client=("127.0.0.1", 50_000))
    with pytest.raises(WebSocketDisconnect), client.websocket_connect("/dashboard/ws"):
        pass


def preflight(**headers: str):
    asked = {"Origin": "https://shop.example", "Access-Control-Request-Method": "PUT", **headers}
    return TestClient(create_app(), "http://localhost").options("/api/v1/hello", headers=asked)


@pytest.mark.parametrize(
    "path", ["/api/v1/hello", "/health/live", "/dashboard/", "/dashboard/python.js"]
)
def test_no_page_of_another_site_may_read_unless_it_is_named(path):
    client = TestClient(create_app(), "http://localhost", client=("127.0.0.1", 50_000))
    assert "Access-Control-Allow-Origin" not in client.get(path).headers
    stranger = client.get(path, headers={"Origin": "https://shop.example"})
    assert "Access-Control-Allow-Origin" not in stranger.headers
    assert "Access-Control-Allow-Origin" not in preflight().headers


def test_an_origin_that_is_named_may(monkeypatch):
    monkeypatch.setenv("CORS_ORIGINS", "https://shop.example, https://desk.example")
    told = preflight().headers
    assert told["Access-Control-Allow-Origin"] == "https://shop.example"
    assert told["Access-Control-Allow-Credentials"] == "true"
    assert "PUT" in told["Access-Control-Allow-Methods"]
    assert "Access-Control-Allow-Origin" not in preflight(Origin="https://evil.example").headers


def test_to_everybody_nobody_brings_cookies(monkeypatch):
    monkeypatch.setenv("CORS_ORIGINS", "*")
    told = preflight().headers
    assert told["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Credentials" not in told
