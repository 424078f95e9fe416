"""The health of the application and its components, asked all at once, in bounded time."""

import asyncio
import platform
import socket
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from typing import Literal

from app.core.component import Component, ComponentError, discover, load
from app.core.settings import Settings, read
from app.identity import SLUG

Status = Literal["ok", "degraded", "down"]
Value = str | int | float | None
Check = Callable[[], Awaitable["Health"]]

TIMEOUT = 2.0
_SEVERITY: tuple[Status, ...] = ("ok", "degraded", "down")
_STARTED = time.monotonic()


@dataclass(frozen=True, slots=True)
class Health:
    """The health of one part: a word, a sentence, and the numbers behind them."""

    status: Status
    detail: str = ""
    data: dict[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Report:
    """The health of everything; as a whole as bad as its worst part."""

    status: Status
    components: dict[str, Health]


async def check_all(components: Iterable[Component] | None = None) -> Report:
    """Ask the core and every component, at the same time, for at most TIMEOUT seconds each."""
    plugged = discover() if components is None else components
    checks = {"core": _core} | {found.name: _check_of(found) for found in plugged}
    answers = await asyncio.gather(*map(_ask, checks.values()))
    worst = max((answer.status for answer in answers), key=_SEVERITY.index)
    return Report(worst, dict(zip(checks, answers, strict=True)))


async def _ask(check: Check) -> Health:
    """One check's answer. It can't fail and, unless it blocks the loop, can't take longer."""
    try:
        async with asyncio.timeout(TIMEOUT):
            return await check()
    except TimeoutError:
        return Health("down", f"no answer in {TIMEOUT:g} s")
    except Exception as error:
        return Health("down", " ".join(f"{type(error).__name__}: {error}".split()))


def _check_of(component: Component) -> Check:
    # Imported first, so that only the check itself is timed.
    try:
        unknown = partial(_known, Health("ok", "installed; no health check"))
        check: Check = load(component.health) if component.health else unknown
    except ComponentError as error:
        return partial(_known, Health("down", str(error)))
    return check


async def _known(health: Health) -> Health:
    return health


async def _core() -> Health:
    data: dict[str, Value] = {
        "version": project_version(),
        "environment": read(Settings).app_env,
        "host": socket.gethostname(),
        "python": platform.python_version(),
        "uptime": str(timedelta(seconds=int(time.monotonic() - _STARTED))),
    }
    return Health("ok", "the process answers", data)


def project_version() -> str:
    """The installed version, or "unknown" when the source runs without being installed."""
    try:
        return version(SLUG)
    except PackageNotFoundError:
        return "unknown"
