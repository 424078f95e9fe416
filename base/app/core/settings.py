"""Settings come from the environment, and from `.env` for variables that it doesn't set.

A component brings its own class, with a prefix of its own, and reads it the same way:

    class ClockSettings(EnvSettings):
        model_config = SettingsConfigDict(env_prefix="CLOCK_")
        zone: str = "UTC"

    zone = read(ClockSettings).zone

A route asks for them with `Annotated[ClockSettings, Depends(ClockSettings.current)]`, and a test
puts others into `app.dependency_overrides[ClockSettings.current]`.
"""

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Literal, Self, TypeVar

from pydantic import Field, ValidationError, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, SettingsConfigDict
from pydantic_settings.exceptions import SettingsError

from app.core.admin_token import LENGTH, OFF, is_weak

ENV_FILE = Path(os.environ.get("ENV_FILE", ".env"))
UTF8 = "utf-8-sig"  # with or without the mark that some editors put first
DEV_FILE = Path("data/dev.env")
"""The servers that `dev` has started; the file exists for as long as it runs."""


def listed(text: str) -> list[str]:
    """A setting's items, separated by commas."""
    return [item for each in text.split(",") if (item := each.strip())]


class EnvSettings(BaseSettings):
    """The base of every settings class; `read` gives the one instance of each."""

    model_config = SettingsConfigDict(extra="ignore", frozen=True)

    @classmethod
    async def current(cls) -> Self:
        """The same as `read`, as a dependency. FastAPI would start a thread if it weren't async."""
        return read(cls)


_NAME = r"([a-z0-9_-]+(\.[a-z0-9_-]+)*|\[[0-9a-f:]+\])"
"""A host as browsers send it: lower case, `xn--…` for other than ASCII, no dot at its end."""


class Settings(EnvSettings):
    """The core's settings."""

    app_env: Literal["development", "production"] = "development"
    admin_token: str = ""
    """Opens the dashboard and `/admin`; if unset, only in development, and on this machine."""
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=1, le=65535)
    domain: str = ""
    """The public name, where there is one."""
    allowed_hosts: str = ""
    """Further names to answer to, with commas between: see `app.backend.middleware.known_hosts`."""
    cors_origins: str = ""
    """Origins whose pages may call the API from a browser, with commas between."""
    max_body_size: int = Field(default=1_048_576, ge=1)
    """Bytes that a request may bring; a route can have a `max_body_size` of its own."""
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_format: Literal["console", "json"] = "console"

    @field_validator("allowed_hosts")
    @classmethod
    def _are_names(cls, text: str) -> str:
        if all(re.fullmatch(rf"\*|(\*\.)?{_NAME}", each.lower()) for each in listed(text)):
            return text
        raise PydanticCustomError("names", "should be host names only, like app.example.com")

    @field_validator("cors_origins")
    @classmethod
    def _are_origins(cls, text: str) -> str:
        if all(re.fullmatch(rf"\*|https?://{_NAME}(:[0-9]+)?", each) for each in listed(text)):
            return text
        raise PydanticCustomError("origins", "should be origins, like https://shop.example.com")

    @field_validator("admin_token")
    @classmethod
    def _hard_to_guess(cls, given: str, known: ValidationInfo) -> str:
        token = given.strip()
        is_production = known.data.get("app_env") == "production"
        if token not in ("", OFF) and is_production and is_weak(token):
            wanted = f"too easy to guess: production needs {LENGTH} random characters"
            raise PydanticCustomError("weak", f"{wanted}; `python -m app admin-token` prints one")
        return token


class BadSettingsError(Exception):
    """Variables with invalid values: one line for each.

    The values themselves are left out, because they may be secrets.
    """

    def __init__(self, lines: Iterable[str]) -> None:
        self.lines = list(lines)
        super().__init__("\n".join(self.lines))


AnySettings = TypeVar("AnySettings", bound=EnvSettings)
_cache: dict[type[EnvSettings], Any] = {}


def read(kind: type[AnySettings]) -> AnySettings:
    """The settings of one class, read once."""
    if kind not in _cache:
        files = (ENV_FILE, DEV_FILE) if dev_process() else (ENV_FILE,)
        options: Any = {"_env_file": files, "_env_file_encoding": UTF8}
        try:
            _cache[kind] = kind(**options)
        except ValidationError as error:
            raise BadSettingsError(_lines(kind, error)) from error
        except SettingsError as error:
            raise BadSettingsError([f"{kind.__name__}: {error}"]) from error
        except (OSError, UnicodeError):
            tried = " or ".join(map(str, files))
            raise BadSettingsError([f"can't read as UTF-8 text: {tried}"]) from None
    found: AnySettings = _cache[kind]
    return found


def dev_process() -> int:
    """The process id of the `dev` that runs here, or 0: a killed one has left its file."""
    try:
        pid = int(DEV_FILE.read_text().split("process ")[1].split(".")[0])
        os.kill(pid, 0)
    except (OSError, ValueError, IndexError):
        return 0
    return pid


def forget() -> None:
    """Forget everything that was read; for tests that change the environment."""
    _cache.clear()


def check(kinds: Iterable[type[EnvSettings]]) -> None:
    """Read them all, and raise one BadSettingsError with everything that is wrong."""
    wrong: list[str] = []
    for kind in kinds:
        try:
            read(kind)
        except BadSettingsError as error:
            wrong += [line for line in error.lines if line not in wrong]
    if wrong:
        raise BadSettingsError(wrong)


def _lines(kind: type[EnvSettings], error: ValidationError) -> Iterator[str]:
    prefix = kind.model_config.get("env_prefix", "")
    for problem in error.errors(include_url=False, include_input=False):
        field = str(problem["loc"][0]) if problem["loc"] else ""
        variable = f"{prefix}{field}" if field in kind.model_fields else field
        yield f"{variable.upper() or kind.__name__}: {problem['msg']}"
