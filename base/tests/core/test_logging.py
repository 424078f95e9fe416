"""Every line goes through one pipe, as text or as JSON."""

import json
import logging

import pytest
import structlog

from app.core import logging as app_logging
from app.core.settings import Settings

ACCESS = logging.getLogger("uvicorn.access")


@pytest.fixture(autouse=True)
def _restored():
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield
    root.handlers, root.level = handlers, level
    structlog.reset_defaults()


def test_json_holds_our_lines_and_uvicorns(capsys):
    app_logging.configure(Settings(log_format="json"))
    structlog.get_logger("ours").info("hello", answer=42)
    logging.getLogger("uvicorn.error").info('::1 - "WebSocket /dashboard/ws" [accepted]')
    logging.getLogger("uvicorn.error").info("started", extra={"color_message": "\x1b[1m"})
    ours, theirs = (json.loads(line) for line in capsys.readouterr().err.splitlines())
    assert (ours["event"], ours["answer"], ours["level"]) == ("hello", 42, "info")
    assert (theirs["event"], theirs["logger"]) == ("started", "uvicorn.error")
    assert "color_message" not in theirs
    assert app_logging.RECENT[-2]["event"] == "hello"


@pytest.mark.parametrize(
    ("path", "status", "lines"),
    [
        ("/api/v1/hello", 200, 1),
        ("/health/live", 200, 0),
        ("/health/live", 503, 1),
        ("/dashboard/main.js", 200, 0),
        ("/dashboard/none", 404, 1),
        ("/health/live", "200", 1),
        (None, 200, 1),
    ],
)
def test_what_is_asked_for_all_day_has_no_line(capsys, path, status, lines):
    app_logging.configure(Settings(log_format="json"))
    ACCESS.info('%s - "%s %s HTTP/%s" %s', "127.0.0.1:1", "GET", path, "1.1", status)
    assert len(capsys.readouterr().err.splitlines()) == lines


def test_the_token_of_a_link_is_left_out(capsys):
    app_logging.configure(Settings())
    path = "/account/verify?a=1&token=lantern&b=2"
    ACCESS.info('%s - "%s %s HTTP/%s" %d', "127.0.0.1:1", "GET", path, "1.1", 200)
    assert "/account/verify?a=1&token=...&b=2" in capsys.readouterr().err


def test_a_request_has_a_line_like_all_others(capsys):
    app_logging.configure(Settings(log_format="json"))
    with structlog.contextvars.bound_contextvars(request_id="lantern"):
        for name in ("uvicorn.access", "theirs"):
            logging.getLogger(name).info('%s - "%s"', "127.0.0.1:1", "GET /")
    access, other = (json.loads(line) for line in capsys.readouterr().err.splitlines())
    assert access["request_id"] == "lantern"
    assert access == {**other, "logger": "uvicorn.access", "timestamp": access["timestamp"]}


@pytest.mark.parametrize("form", ["console", "json"])
def test_an_exception_is_part_of_its_line_and_shows_no_values(capsys, form):
    app_logging.configure(Settings(log_format=form))
    password = "lantern"
    try:
        raise ValueError(len(password))
    except ValueError:
        logging.getLogger("theirs").exception("failed")
    told = capsys.readouterr().err
    assert "ValueError: 7" in told
    assert "'lantern'" not in told.replace('password = "lantern"', "")


@pytest.mark.parametrize(("wish", "colored"), [("1", True), (None, False)])
def test_colors_where_somebody_asks_for_them(capsys, monkeypatch, wish, colored):
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    if wish:
        monkeypatch.setenv("FORCE_COLOR", wish)
    app_logging.configure(Settings())
    structlog.get_logger("ours").info("hello")
    assert ("\x1b[" in capsys.readouterr().err) is colored
