"""Settings come from the environment or `.env`, and a bad one is said in a line."""

import secrets
from functools import partial

import pytest
from pydantic import Field
from pydantic_settings import SettingsConfigDict

from app.core.admin_token import is_weak, make
from app.core.settings import BadSettingsError, EnvSettings, Settings, check, forget, read


class ClockSettings(EnvSettings):
    model_config = SettingsConfigDict(env_prefix="CLOCK_")
    hours: int = 24
    marks: list[int] = [3, 6, 9, 12]
    tower: int = Field(default=1, validation_alias="TOWER")


def test_defaults_are_for_development():
    settings = read(Settings)
    assert (settings.app_env, settings.host) == ("development", "127.0.0.1")


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
    named = [line.partition(":")[0] for line in caught.value.lines]
    assert named == ["PORT", "LOG_LEVEL", "CLOCK_HOURS", "TOWER"]
    assert "secret" not in str(caught.value)


def test_a_list_that_is_no_json_is_a_line_too(monkeypatch):
    monkeypatch.setenv("CLOCK_MARKS", "[1,")
    with pytest.raises(BadSettingsError, match="marks"):
        read(ClockSettings)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("ALLOWED_HOSTS", "https://app.example"),
        ("ALLOWED_HOSTS", "a.example b.example"),
        ("ALLOWED_HOSTS", "bücher.example"),
        ("CORS_ORIGINS", "shop.example"),
        ("CORS_ORIGINS", "https://Shop.example"),
        ("CORS_ORIGINS", "https://shop.example/"),
        ("MAX_BODY_SIZE", "1MB"),
        ("MAX_BODY_SIZE", "0"),
    ],
)
def test_what_would_match_nothing_is_a_line(monkeypatch, variable, value):
    monkeypatch.setenv(variable, value)
    with pytest.raises(BadSettingsError) as caught:
        read(Settings)
    (line,) = caught.value.lines
    assert line.startswith(f"{variable}: ")


TEXT = "LOG_LEVEL=DEBUG\r\nADMIN_TOKEN=Grüße\r\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_the_file_is_utf8_with_or_without_its_mark(tmp_path, encoding):
    (tmp_path / ".env").write_bytes(TEXT.encode(encoding))
    assert (read(Settings).log_level, read(Settings).admin_token) == ("DEBUG", "Grüße")


@pytest.mark.parametrize("encoding", ["utf-16", "latin-1"])
def test_a_file_that_is_no_text_is_a_line(tmp_path, encoding):
    (tmp_path / ".env").write_bytes(TEXT.encode(encoding))
    with pytest.raises(BadSettingsError) as caught:
        check([Settings, ClockSettings])
    assert caught.value.lines == [f"can't read as UTF-8 text: {tmp_path / '.env'}"]


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
        pytest.param(secrets.token_hex(15), id="short"),
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


@pytest.mark.parametrize("make", [make, partial(secrets.token_hex, 16)])
def test_production_starts_with_one_made_by_chance(monkeypatch, make):
    monkeypatch.setenv("APP_ENV", "production")
    monkeypatch.setenv("ADMIN_TOKEN", f"{make()}\n")
    assert len(read(Settings).admin_token) >= 32
    assert not any(is_weak(make()) for _ in range(200))
