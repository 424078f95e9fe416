"""The seam: how a component tells the application what it brings.

A component is a package under `app/components/` whose `__init__.py` holds one value:

    component = Component(
        name="clock",
        title="Clock",
        summary="Tells the time.",
        router="app.components.clock.api:router",
        health="app.components.clock.health:check",
    )

It is found because it is there: no list names it, so nothing has to be edited when one is added or
removed. The parts are written "module:attribute" and imported when first used, so that listing
components stays cheap.
"""

import importlib
import inspect
import os
import pkgutil
from dataclasses import dataclass
from typing import Any

import app.components
from app.core.settings import BadSettingsError, Settings, check, read


class ComponentError(Exception):
    """A component, or a part that it promises, can't be used; the message names it."""


@dataclass(frozen=True, slots=True)
class Component:
    """What a component brings. Every part but the first three is optional."""

    name: str
    """The name of its package under `app/components/`."""

    title: str
    """Its name on the dashboard."""

    summary: str
    """One sentence that says what it is for."""

    router: str | None = None
    """A `fastapi.APIRouter`, included with its own prefix; several with commas between."""

    errors: str | None = None
    """`{exception: async (Request, exception) -> Response}`: the answers to these."""

    middleware: str | None = None
    """An ASGI middleware, `(ASGIApp) -> ASGIApp`, around every request."""

    lifespan: str | None = None
    """`(FastAPI) -> async context manager`, open for as long as the server runs."""

    caller: str | None = None
    """`async (HTTPConnection) -> Caller | None`: the caller (`app.backend.callers`)."""

    login: str | None = None
    """`async (HTTPConnection) -> str | None`: where to log in for the dashboard."""

    health: str | None = None
    """`async () -> Health`. Also called without a server, so it opens what it needs."""

    page: str | None = None
    """A `Page` of the dashboard (`app.frontend.pages`), for the navigation and the map."""

    trends: tuple[str, ...] = ()
    """Keys of numbers in its health's data that the dashboard draws over the last hour."""

    talks_to: tuple[str, ...] = ()
    """Components that it talks to without importing them; `core` is the web server."""

    cli: str | None = None
    """A `typer.Typer`, mounted as a command of the component's name."""

    settings: str | None = None
    """A subclass of `EnvSettings`, checked before the server starts."""

    check: str | None = None
    """`() -> object`, called before the server starts: raises for wrong declarations."""

    process: tuple[str, ...] = ()
    """The command that runs beside the web server, as `("clock", "run")`.

    It is ended by SIGTERM; in development by SIGINT, and killed after five seconds.
    """

    server: str | None = None
    """`() -> context manager of {variable: value}`: runs the servers it needs, for development.

    Empty if the settings name one already.
    """


def load(reference: str) -> Any:
    """The object that "module:attribute" names."""
    module, _, attribute = reference.partition(":")
    try:
        return getattr(importlib.import_module(module), attribute)
    except Exception as error:
        raise ComponentError(f"can't load {reference!r}: {_one_line(error)}") from error


def packages() -> list[str]:
    """The names below `app/components/`, as they are at this moment."""
    return sorted(each.name for each in pkgutil.iter_modules(app.components.__path__) if each.ispkg)


def discover() -> list[Component]:
    """Every installed component, by name."""
    return [found for name in packages() if (found := _component_in(name)) is not None]


def check_settings() -> None:
    """Check everybody's settings at once, and then their declarations; report all that is wrong.

    If all is well, logs go from then on where the settings say.
    """
    from app.core import logging  # here, for whoever only looks at what is plugged in

    plugged = discover()
    check([Settings, *(load(found.settings) for found in plugged if found.settings)])
    if wrong := [line for found in plugged if found.check for line in _declared_wrongly(found)]:
        raise BadSettingsError(wrong)
    logging.configure(read(Settings))


def written(function: Any) -> str:
    """Where a function is, as people look for it: `app/components/clock/hands.py:7`."""
    code = getattr(inspect.unwrap(function), "__code__", None)
    if code is None:
        return f"{function!r}"
    return f"{os.path.relpath(code.co_filename)}:{code.co_firstlineno}"


def _component_in(name: str) -> Component | None:
    """The component in a package, or None if it declares none."""
    module = f"{app.components.__name__}.{name}"
    try:
        found = getattr(importlib.import_module(module), "component", None)
    except Exception as error:
        raise ComponentError(f"component {name!r} can't be imported: {_one_line(error)}") from error
    if found is None:
        return None
    if not isinstance(found, Component):
        raise ComponentError(f"component {name!r}: {module}.component is not a Component")
    if found.name != name:
        raise ComponentError(f"component {name!r} calls itself {found.name!r}")
    return found


def _declared_wrongly(component: Component) -> list[str]:
    try:
        load(component.check or "")()
    except BadSettingsError as error:
        return error.lines
    except ComponentError as error:
        return [str(error)]
    except Exception as error:
        return [f"component {component.name!r}: {_one_line(error)}"]
    return []


def _one_line(error: Exception) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())
