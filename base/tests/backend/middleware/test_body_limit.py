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
from fastapi import APIRouter, Form, Request, UploadFile
router = APIRouter(prefix="/clock")

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


@pytest.fixture
def client(plug_in):
    plug_in("clock", INIT, api=API)
    with TestClient(create_app(), "http://localhost") as client:
        yield client


def test_a_first_form_works(client):
    assert client.post("/clock/form", data={"zone": "Oslo"}).json() == "Oslo"
    assert client.post("/clock/file", files={"dial": b"twelve"}).json() == 6


def test_a_mebibyte_is_the_most_unless_set_otherwise(client):
    assert client.post("/clock/bytes", content=b"x" * MIB).status_code == 200
    answer = client.post("/clock/bytes", content=b"x" * (MIB + 1))
    assert (answer.status_code, "X-Request-ID" in answer.headers) == (413, True)


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
