"""The id of a request, in its answer and in the log."""

import pytest
import structlog
from fastapi import FastAPI
from fastapi.testclient import TestClient

from app.backend.middleware.request_id import HEADER, RequestId


@pytest.fixture
def client():
    app = FastAPI()
    app.add_middleware(RequestId)

    @app.get("/bound")
    async def bound():
        return structlog.contextvars.get_contextvars()

    return TestClient(app)


def test_each_request_has_an_id_of_its_own_and_log_lines_carry_it(client):
    answers = [client.get("/bound") for _ in range(3)]
    assert len({answer.headers[HEADER] for answer in answers}) == 3
    for answer in answers:
        assert answer.json() == {"request_id": answer.headers[HEADER]}


def test_an_id_from_a_proxy_is_kept(client):
    assert client.get("/bound", headers={HEADER: "abc-12345678"}).headers[HEADER] == "abc-12345678"


@pytest.mark.parametrize("bad", ["short", "x" * 65, "has space here", "semi;colon-here"])
def test_what_is_no_id_is_not_let_in(client, bad):
    assert client.get("/bound", headers={HEADER: bad}).headers[HEADER] != bad


async def test_the_line_of_an_exception_carries_it_too():
    async def broken(scope, receive, send):
        raise OSError("no oil")

    scope = {"type": "http", "method": "GET", "path": "/broken", "headers": []}
    with pytest.raises(OSError, match="no oil"):
        await RequestId(broken)(scope, None, None)
    assert "request_id" in structlog.contextvars.get_contextvars()  # where the server logs it
    structlog.contextvars.clear_contextvars()
