"""What a request may bring: a form, and no more than there is room for."""

import pytest
from fastapi.testclient import TestClient
from flet_web.uploads import build_upload_url

from app.backend.main import create_app

INIT = """
from app.core.component import Component
component = Component(
    name="clock", title="Clock", summary="Tells the time.", router="app.components.clock.api:router"
)
"""
API = """
from typing import Annotated
from fastapi import APIRouter, Body, Form, Request, UploadFile
router = APIRouter(prefix="/clock")

@router.post("/json")
async def json(by: dict[str, str]): return len(by)

@router.post("/form")
async def form(zone: Annotated[str, Form()]): return zone

@router.post("/file")
async def file(dial: UploadFile): return dial.size

@router.post("/bytes")
async def count(request: Request): return sum([len(part) async for part in request.stream()])

@router.post("/more", max_body_size=3_000_000)
async def more(request: Request): return sum([len(part) async for part in request.stream()])
"""
MIB = 1_048_576
PART = b"x" * 65_536


@pytest.fixture
def client(plug_in):
    plug_in("clock", INIT, api=API)
    with TestClient(create_app(), "http://localhost") as client:
        yield client


class Endless:
    """A body of 200 MB that counts what is taken of it."""

    taken = 0

    def __iter__(self):
        for _ in range(200_000_000 // len(PART)):
            self.taken += len(PART)
            yield PART


def test_a_first_form_works(client):
    assert client.post("/clock/form", data={"zone": "Oslo"}).json() == "Oslo"
    assert client.post("/clock/file", files={"dial": b"twelve"}).json() == 6


@pytest.mark.parametrize("path", ["json", "form", "file", "bytes", "no-such"])
def test_what_is_too_large_is_refused_before_it_is_read(client, path):
    kind = "application/x-www-form-urlencoded" if path == "form" else "application/json"
    headers = {"Content-Length": "200000000", "Content-Type": kind}
    answer = client.post(f"/clock/{path}", content=b"", headers=headers)
    assert (answer.status_code, "X-Request-ID" in answer.headers) == (413, True)
    assert client.get("/health/live").status_code == 200


async def test_what_does_not_say_its_size_is_counted(client):
    body, sent = iter(endless := Endless()), []

    async def receive():
        return {"type": "http.request", "body": next(body), "more_body": True}

    async def send(message):
        sent.append(message)

    for path in ("json", "bytes"):
        scope = {
            "type": "http", "method": "POST", "path": f"/clock/{path}", "query_string": b"",
            "headers": [(b"content-type", b"application/json"), (b"transfer-encoding", b"chunked")],
            "scheme": "http", "server": ("localhost", 80), "client": ("127.0.0.1", 50_000),
            "root_path": "", "http_version": "1.1", "asgi": {"version": "3.0"},
        }  # fmt: skip
        sent.clear()
        endless.taken = 0
        await client.app(scope, receive, send)
        assert sent[0]["status"] == 413
        assert endless.taken <= MIB + len(PART)


@pytest.mark.parametrize(("size", "status"), [(MIB, 200), (MIB + 1, 413)])
def test_a_mebibyte_is_the_most_unless_set_otherwise(client, size, status):
    assert client.post("/clock/bytes", content=b"x" * size).status_code == status


def test_the_setting_and_a_route_say_otherwise(client, monkeypatch):
    assert client.post("/clock/more", content=b"x" * 3_000_000).json() == 3_000_000
    assert client.post("/clock/more", content=iter([b"x" * 3_000_001])).status_code == 413
    monkeypatch.setenv("MAX_BODY_SIZE", "10")
    from app.core import settings

    settings.forget()
    smaller = TestClient(create_app(), "http://localhost")
    assert smaller.post("/clock/bytes", content=b"x" * 11).status_code == 413
    assert smaller.post("/clock/more", content=b"x" * 3_000_000).status_code == 200


def test_the_dashboards_own_uploads_have_flets_limit(monkeypatch, tmp_path, alone):
    monkeypatch.setenv("FLET_UPLOAD_DIR", str(tmp_path))
    monkeypatch.setenv("FLET_SECRET_KEY", "lantern")
    client = TestClient(create_app(), "http://localhost", client=("127.0.0.1", 50_000))
    signed = build_upload_url("dashboard/upload", "dial", 600, "lantern")
    assert client.put(signed, content=b"x" * 3_000_000).is_success
    assert (tmp_path / "dial").stat().st_size == 3_000_000
