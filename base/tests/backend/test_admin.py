"""The dashboard and /admin are for those who run the project."""

import base64
import time
from types import SimpleNamespace

import pytest
from fastapi import APIRouter, Depends, FastAPI, WebSocket
from fastapi.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from app.backend import admin_session, guesses
from app.backend.admin import admins_only
from app.backend.admin_session import COOKIE, AdminSession
from app.backend.guesses import Guesses
from app.backend.main import create_app
from app.core import settings
from app.core.settings import Settings

pytestmark = pytest.mark.usefixtures("alone")

HERE = {"base_url": "http://localhost", "client": ("127.0.0.1", 50_000)}
ELSEWHERE = {"base_url": "http://my-api.example", "client": ("192.0.2.7", 50_000)}
TOKEN = "lantern-7f3k-umlaut-ä-9QzX-b0Wm-e5Rà"
WS = "ws://my-api.example"
DOORS = ("dashboard", "websocket", "api")


def visit(door: str, client: TestClient, **headers: str | bytes) -> int:
    """The status with which a guarded door answers."""
    if door == "api":
        return client.get("/admin/clock", headers=headers).status_code
    if door == "dashboard":
        return client.get("/dashboard/", headers=headers).status_code
    try:
        with client.websocket_connect(f"{WS}/dashboard/ws", headers=headers):
            return 200
    except WebSocketDisconnect as closed:
        return getattr(closed, "status_code", 403)


def project() -> FastAPI:
    """The whole application, and a route of its own for those who run it."""
    app = FastAPI()
    router = APIRouter(prefix="/admin/clock", dependencies=[Depends(admins_only)])
    router.add_api_route("", lambda: "noon", methods=["GET", "POST"])
    app.include_router(router)
    app.mount("/", create_app())
    return app


def elsewhere(address: str = "192.0.2.7") -> TestClient:
    return TestClient(project(), "http://my-api.example", client=(address, 50_000))


def bearer(token: str) -> bytes:
    return b"Bearer " + token.encode()


def basic(token: str) -> str:
    return f"Basic {base64.b64encode(f'me:{token}'.encode()).decode()}"


@pytest.fixture
def token(monkeypatch):
    monkeypatch.setenv("APP_ENV", "production")
    monkeypatch.setenv("ADMIN_TOKEN", TOKEN)
    return TOKEN


@pytest.fixture
def browser(token):
    """One that has signed in, and has a session's cookie."""
    browser = elsewhere()
    browser.get("/dashboard/", headers={"Authorization": basic(token)})
    return browser


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


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("send", [bearer, basic])
def test_the_token_opens_every_door_in_every_scheme(token, door, send):
    client = elsewhere()
    assert visit(door, client) in (401, 403)
    assert visit(door, client, Authorization="Basic !") in (401, 403)
    assert visit(door, client, Authorization=send("lamp")) in (401, 403)
    assert visit(door, client, Authorization=send(token.replace("ä", "a"))) in (401, 403)
    assert visit(door, client, Authorization=send(token)) == 200


@pytest.mark.parametrize("door", DOORS)
def test_a_page_of_another_site_opens_nothing(door, token):
    stranger = {"Origin": "http://other.example", "Authorization": bearer(token)}
    assert visit(door, elsewhere(), **stranger) == 403


def test_the_settings_of_a_guard_can_be_overridden():
    app = project()
    app.dependency_overrides[Settings.current] = lambda: Settings(admin_token=TOKEN)
    assert TestClient(app, **HERE).get("/admin/clock").status_code == 401
    allowed = TestClient(app, **ELSEWHERE, headers={"Authorization": bearer(TOKEN)})
    assert allowed.get("/admin/clock").json() == "noon"


def test_the_documentation_has_a_lock_for_what_is_guarded():
    app = FastAPI(dependencies=[Depends(admins_only)])
    app.add_api_route("/admin/clock", lambda: "noon")
    described = app.openapi()
    assert described["paths"]["/admin/clock"]["get"]["security"] == [{"token": []}]
    assert described["components"]["securitySchemes"]["token"]["scheme"] == "bearer"


def test_a_guarded_websocket_of_ones_own(token):
    app = FastAPI()

    @app.websocket("/admin/ticks", dependencies=[Depends(admins_only)])
    async def ticks(socket: WebSocket) -> None:
        await socket.accept()
        await socket.send_text("tick")

    client = TestClient(app, **ELSEWHERE, headers={"Authorization": basic(token)})
    with client.websocket_connect(f"{WS}/admin/ticks") as ws:
        assert ws.receive_text() == "tick"


def test_a_route_of_ones_own():
    assert TestClient(project(), **HERE).post("/admin/clock").json() == "noon"
    assert TestClient(project(), **ELSEWHERE).post("/admin/clock").status_code == 403
    stranger = {"Origin": "http://other.example"}
    assert TestClient(project(), **HERE).post("/admin/clock", headers=stranger).status_code == 403


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize(
    "wrong",
    [
        {"Authorization": "Bearer lamp"},
        {"Authorization": basic("lamp")},
        {"Authorization": "Basic !"},
        {"Cookie": f"{COOKIE}=lamp"},
        {"Cookie": f"{COOKIE}={'0' * 32}.1.1.{'0' * 64}"},
    ],
)
def test_guesses_are_throttled_at_every_door(token, door, wrong):
    stranger = elsewhere()
    codes = [visit(door, stranger, **wrong) for _ in range(guesses.LIMIT + 2)]
    assert codes == [403 if door == "websocket" else 401] * guesses.LIMIT + [429] * 2
    assert visit("dashboard", elsewhere("192.0.2.8"), Authorization=bearer(token)) == 200


def test_doors_and_schemes_share_one_count_and_the_right_token_waits_as_well(token):
    stranger = elsewhere()
    for number in range(guesses.LIMIT):
        send = (bearer, basic)[number % 2]
        visit(DOORS[number % 3], stranger, Authorization=send(f"lamp {number}"))
    answer = stranger.get("/admin/clock", headers={"Authorization": bearer(token)})
    assert answer.status_code == 429
    assert 0 < int(answer.headers["Retry-After"]) <= guesses.WINDOW
    assert visit("api", stranger) == 401, "who sends nothing guesses nothing"


def test_who_has_signed_in_stays_so_whoever_guesses_from_the_same_address(browser):
    for _ in range(guesses.LIMIT + 1):
        assert visit("api", elsewhere(), Authorization="Bearer lamp") in (401, 429)
    assert all(visit(door, browser) == 200 for door in DOORS)


def test_a_count_ends_and_memory_too(monkeypatch):
    counted = Guesses()
    while not counted.count("192.0.2.7", False):
        pass
    # A home has one network of IPv6, however many addresses; IPv4 inside IPv6 is IPv4.
    assert counted.count("::ffff:192.0.2.7", True)
    assert not counted.count("::ffff:192.0.2.8", True)
    while not counted.count("2001:db8::1", False):
        pass
    assert counted.count("2001:db8::ffff:1", True)
    assert not counted.count("2001:db8:0:1::1", True)
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now + guesses.WINDOW + 1)
    assert not counted.count("192.0.2.7", True)
    monkeypatch.setattr(guesses, "ADDRESSES", 100)
    for number in range(1000):
        counted.count(f"198.51.{number // 250}.{number % 250}", False)
    assert len(counted._wrong) == 100


def test_the_cookie_is_enough_and_tells_nothing(token):
    browser = elsewhere()
    given = browser.get("/dashboard/", headers={"Authorization": basic(token)})
    assert given.headers["Set-Cookie"].endswith("; Path=/; HttpOnly; SameSite=Strict")
    assert "lantern" not in given.headers["Set-Cookie"]
    assert all(visit(door, browser) == 200 for door in DOORS)
    over_tls = TestClient(project(), "https://my-api.example")
    given = over_tls.get("/dashboard/", headers={"Authorization": basic(token)})
    assert "; Secure" in given.headers["Set-Cookie"]


@pytest.fixture
def later(monkeypatch):
    """A clock that can be put forward."""
    now, clock = time.time(), SimpleNamespace(seconds=0.0)
    monkeypatch.setattr(admin_session.time, "time", lambda: now + clock.seconds)
    return clock


def test_a_session_ends_when_it_is_not_used(later, browser):
    for _ in range(3):
        later.seconds += admin_session.IDLE - 1
        assert visit("dashboard", browser) == 200
    later.seconds += admin_session.IDLE + 1
    copied = cookie_of(browser)
    assert [visit(door, elsewhere(), Cookie=copied) for door in DOORS] == [401, 403, 401]


def test_a_session_ends_however_much_it_is_used(later, browser):
    used = 0
    while visit("dashboard", browser) == 200:
        later.seconds += admin_session.IDLE / 2
        used += 1
    assert used == admin_session.LONGEST / (admin_session.IDLE / 2)


def test_what_a_browser_remembers_does_not_begin_another_session(later, browser, token):
    remembered = {"Authorization": basic(token)}
    later.seconds += admin_session.IDLE + 1
    over = browser.get("/dashboard/", headers=remembered)
    assert (over.status_code, "Basic" in over.headers["WWW-Authenticate"]) == (401, True)
    assert browser.get("/dashboard/", headers=remembered).status_code == 200, "typed again"


def test_signing_out_ends_the_session_on_every_web_server(browser, token):
    copied = cookie_of(browser)
    with elsewhere().websocket_connect(f"{WS}/dashboard/ws", headers={"Cookie": copied}) as socket:
        out = browser.get("/dashboard/sign-out", headers={"Authorization": basic(token)})
        # A browser forgets the password that it sent when that is answered with 401.
        assert (out.status_code, "Basic" in out.headers["WWW-Authenticate"]) == (401, True)
        assert COOKIE not in browser.cookies
        socket.send_bytes(b"\0")
        with pytest.raises(WebSocketDisconnect):
            socket.receive_bytes()
    assert [visit(door, elsewhere(), Cookie=copied) for door in DOORS] == [401, 403, 401]


def test_signing_out_without_a_session_leads_to_the_dashboard(token):
    browser = elsewhere()
    assert browser.get("/dashboard/sign-out").status_code == 401
    browser.get("/dashboard/sign-out", headers={"Authorization": basic(token)})
    assert visit("dashboard", browser) == 200, "the prompt after signing out signs in"


def test_a_sign_out_that_cannot_be_kept_is_not_said_to_be_one(browser, monkeypatch, tmp_path):
    (tmp_path / "file").touch()
    monkeypatch.setattr(admin_session, "SIGNED_OUT", tmp_path / "file/below")
    answer = browser.get("/dashboard/sign-out")
    assert (answer.status_code, "data/" in answer.text) == (503, True)


def test_without_a_token_no_cookie_is_believed(monkeypatch):
    monkeypatch.setenv("APP_ENV", "production")
    planted = AdminSession("../planted", int(time.time()), 0).cookie("http", "").partition(";")[0]
    stranger = elsewhere()
    for path in ("/dashboard/", "/dashboard/sign-out", "/admin/clock"):
        assert stranger.get(path, headers={"Cookie": planted}).status_code == 403
    assert not (admin_session.SIGNED_OUT.parent / "planted").exists()


@pytest.mark.parametrize("env", ["development", "production"])
@pytest.mark.parametrize("door", DOORS)
def test_a_token_that_is_off_opens_nothing(monkeypatch, env, door):
    monkeypatch.setenv("APP_ENV", env)
    monkeypatch.setenv("ADMIN_TOKEN", "off")
    settings.forget()
    cookie = AdminSession("mine", 2**40, 2**40).cookie("http", "off").partition(";")[0]
    for sent in ({}, {"Authorization": "Bearer off"}, {"Cookie": cookie}):
        assert visit(door, TestClient(project(), **HERE), **sent) in (401, 403)


def test_a_page_of_another_site_signs_nobody_out(browser):
    stranger = {"Origin": "http://other.example"}
    assert browser.get("/dashboard/sign-out", headers=stranger).status_code == 403
    assert visit("dashboard", browser) == 200


@pytest.mark.parametrize("said", ["", "a", "a.b", "a.b.c", "a.1.2.3"])
def test_a_cookie_of_another_version_is_none(token, said):
    cookie = f"{COOKIE}={said}.{admin_session._sign(said, token)}"
    assert visit("dashboard", elsewhere(), Cookie=cookie) == 401


def test_what_signing_out_leaves_is_taken_away_whatever_else_is_there(token, later):
    (admin_session.SIGNED_OUT / "lost+found").mkdir(parents=True)
    for _ in range(3):
        browser = elsewhere()
        browser.get("/dashboard/", headers={"Authorization": basic(token)})
        browser.get("/dashboard/sign-out")
    assert len(list(admin_session.SIGNED_OUT.iterdir())) == 4
    later.seconds += admin_session.LONGEST + 3600  # files have the time of a clock that runs
    browser.get("/dashboard/", headers={"Authorization": basic(token)})
    copied = cookie_of(browser)
    browser.get("/dashboard/sign-out")
    assert len(list(admin_session.SIGNED_OUT.iterdir())) == 2
    assert visit("dashboard", elsewhere(), Cookie=copied) == 401


def test_another_token_ends_all_sessions(browser, monkeypatch):
    monkeypatch.setenv("ADMIN_TOKEN", TOKEN.swapcase())
    settings.forget()
    assert visit("dashboard", browser) == 401


def cookie_of(browser: TestClient) -> str:
    return f"{COOKIE}={browser.cookies[COOKIE]}"
