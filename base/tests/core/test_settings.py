"""Settings come from the environment or `.env`, and a bad one is said in a line."""

import pytest
from pydantic import Field
from pydantic_settings import SettingsConfigDict

from app.core.settings import BadSettingsError, EnvSettings, Settings, check, read


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
