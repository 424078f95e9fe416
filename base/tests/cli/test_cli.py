"""The command line, and the commands that a component brings."""

import gc
import socket
import sys

import pytest
from typer.testing import CliRunner

from app.cli import cli, main
from app.core.settings import BadSettingsError
from app.identity import NAME
from tests.conftest import loaded

pytestmark = pytest.mark.usefixtures("alone")

CLOCK = """
from app.core.component import Component
component = Component(
    name="clock", title="Clock", summary="Tells the time.",
    cli="app.components.clock.commands:cli", health="app.components.clock.commands:check",
)
"""
COMMANDS = """
import structlog, typer
from app.core.health import Health
cli = typer.Typer()

@cli.command()
def show(zone: str = "UTC"): print("it is noon in", zone)

async def check():
    structlog.get_logger().info("rusty")
    return Health("down", "stopped [now]", {"hands": 2, "zone": None})
"""


def run(*arguments: str):
    return CliRunner().invoke(cli, arguments)


def test_version():
    assert run("version").output.startswith(NAME)


def test_a_token_that_is_printed_is_one_for_production(monkeypatch):
    monkeypatch.setenv("APP_ENV", "production")
    monkeypatch.setenv("ADMIN_TOKEN", "changeme")
    refused = run("health")
    assert isinstance(refused.exception, BadSettingsError)
    printed = run("admin-token").output.strip()
    monkeypatch.setenv("ADMIN_TOKEN", printed)
    assert run("health").exit_code == 0
    assert run("admin-token").output.strip() != printed


def test_health_is_ok():
    result = run("health")
    assert (result.exit_code, "core" in result.output) == (0, True)


def test_a_component_brings_commands_under_its_name(plug_in):
    plug_in("clock", CLOCK, commands=COMMANDS)
    assert "Tells the time." in run("--help").output
    assert "it is noon in Oslo" in run("clock", "show", "--zone", "Oslo").output
    assert "show" in run("clock", "--help").output


def test_help_leaves_a_components_commands_alone(plug_in):
    plug_in("clock", CLOCK, commands="raise RuntimeError")
    assert "Tells the time." in run("--help").output


def test_bad_health_is_exit_1(plug_in):
    plug_in("clock", CLOCK, commands=COMMANDS)
    result = run("health")
    assert result.exit_code == 1
    assert "stopped [now]" in result.output
    assert result.stdout.rstrip().endswith("hands=2"), "and nothing of what is not known"
    assert ("rusty" in result.stderr, "rusty" in result.stdout) == (True, False)


@pytest.mark.parametrize("words", ["serve", "serve --port 9", "health"])
def test_bad_variables_are_named_and_nothing_starts(monkeypatch, capsys, words):
    monkeypatch.setenv("PORT", "harbour")
    monkeypatch.setenv("LOG_LEVEL", "loud")
    monkeypatch.setattr(sys, "argv", ["app", *words.split()])
    monkeypatch.setattr(gc, "disable", lambda: None)  # in this process it goes on
    with pytest.raises(SystemExit) as caught:
        main()
    assert caught.value.code == 2
    said = capsys.readouterr().err.splitlines()
    assert [line.partition(":")[0] for line in said] == ["PORT", "LOG_LEVEL"]["--port" in words :]


def test_a_broken_component_is_one_line(plug_in, monkeypatch, capsys):
    plug_in("clock", "import no_such_module")
    monkeypatch.setattr(sys, "argv", ["app", "health"])
    with pytest.raises(SystemExit) as caught:
        main()
    assert caught.value.code == 2
    assert capsys.readouterr().err.startswith("component 'clock' can't be imported")


def test_a_server_loads_no_more_than_it_uses():
    with socket.create_server(("127.0.0.1", 0)) as taken:  # so that it ends once it has loaded all
        port = str(taken.getsockname()[1])
        modules = loaded("import app.__main__", "serve", "--port", port)
    assert "app.backend.main" in modules
    assert {"flet", "rich", "watchfiles"}.isdisjoint(modules)
