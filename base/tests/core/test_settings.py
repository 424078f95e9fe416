"""Settings come from the environment or `.env`, and a bad one is said in a line."""

import secrets
from functools import partial

import pytest
from pydantic import Field
from pydantic_settings import SettingsConfigDict

from app.core.admin_token import make
from app.core.settings import BadSettingsError, EnvSettings, Settings, check, forget, read


class ClockSettings(EnvSettings):
    model_config = SettingsConfigDict(env_prefix="CLOCK_")
    hours: int = 24
    marks: list[int] = [3, 6, 9, 12]
    tower: int = Field(default=1, validation_alias="TOWER")


def test_defaults_are_for_development():
    settings = read(Settings)
    assert (settings.app_env, settings.host, settings.port) == ("development", "127.0.0.1", 8000)


def test_the_environment_goes_before_the_file(monkeypatch, tmp_path):
    (tmp_path / ".env").write_text("PORT=9000\nLOG_FORMAT=json\nSOMEBODY_ELSES=1\n")
    monkeypatch.setenv("PORT", "9001")
    assert (read(Settings).port, read(Settings).log_format) == (9001, "json")


def test_every_bad_variable_has_a_line_without_its_value(monkeypatch):
    monkeypatch.setenv("PORT", "harbour")
    monkeypatch.setenv("LOG_LEVEL", "loud")
    monkeypatch.setenv("CLOCK_HOURS", "secret")
    monkeypatch.setenv("TOWER", "high")
    with pytest.raises(BadSettingsError) as caught:
        check([Settings, ClockSettings])
    assert [line.partition(":")[0] for line in caught.value.lines] == [
        "PORT",
        "LOG_LEVEL",
        "CLOCK_HOURS",
        "TOWER",
    ]
    assert "secret" not in str(caught.value)


def test_a_list_that_is_no_json_is_a_line_too(monkeypatch):
    monkeypatch.setenv("CLOCK_MARKS", "[1,")
    with pytest.raises(BadSettingsError, match="marks"):
        read(ClockSettings)


@pytest.mark.parametrize(
    "token",
    [
        "a",
        "changeme",
        "a" * 64,
        "ab" * 32,
        "changeme" * 8,
        "Change-Me!" * 4,
        "12345678901234567890123456789012",
        "0123456789abcdef" * 2,
        "abcdefghijklmnopqrstuvwxyz0123456789",
        "lantern lantern lantern lantern lantern",
        "my super secret password for the harbour",
        " " * 20 + "9f86d081884c7d65" + " " * 20,
        secrets.token_hex(15),
    ],
)
def test_production_does_not_start_with_a_token_that_is_guessed(monkeypatch, token):
    monkeypatch.setenv("ADMIN_TOKEN", token)
    assert read(Settings).admin_token == token.strip(), "in development that is enough"
    forget()
    monkeypatch.setenv("APP_ENV", "production")
    with pytest.raises(BadSettingsError) as caught:
        read(Settings)
    (line,) = caught.value.lines
    assert line.startswith("ADMIN_TOKEN: ")
    assert "`python -m app admin-token`" in line
    assert token not in line.removeprefix("ADMIN_TOKEN: ") or token == "a"


@pytest.mark.parametrize("make", [make, partial(secrets.token_hex, 16), secrets.token_urlsafe])
def test_production_starts_with_one_made_by_chance(monkeypatch, make):
    monkeypatch.setenv("APP_ENV", "production")
    for _ in range(200):
        monkeypatch.setenv("ADMIN_TOKEN", f"{make()}\n")
        forget()
        assert len(read(Settings).admin_token) >= 32
