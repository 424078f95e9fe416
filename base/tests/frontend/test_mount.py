"""When the dashboard is loaded."""

import subprocess
import sys

import pytest

SERVE = """
import sys
from fastapi.testclient import TestClient
from app.backend.main import create_app

with TestClient(create_app(), "http://localhost", client=("127.0.0.1", 50_000)) as client:
    assert client.get("/health/live").is_success
    assert client.get("/dashboard/", headers={"Origin": "http://elsewhere"}).status_code == 403
    print(*{"flet", "flet_web", "jinja2", "segno", "app.frontend.dashboard"} & sys.modules.keys())
    {visit}
    print(*sorted({"flet", "flet_web", "app.frontend.dashboard"} & sys.modules.keys()))
"""
ALL = "app.frontend.dashboard flet flet_web"


@pytest.mark.parametrize(
    "visit",
    [
        'assert client.get("/dashboard/").is_success',
        'with client.websocket_connect("ws://localhost/dashboard/ws"): pass',
    ],
)
def test_the_first_visit_loads_it_and_nothing_before(visit):
    code = SERVE.replace("{visit}", visit)
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.splitlines() == ["", ALL]
