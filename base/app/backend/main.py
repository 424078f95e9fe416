"""The application factory, and the start and end of the server."""

import gc
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import RedirectResponse
from starlette.middleware.body_limit import RequestBodyLimitMiddleware

from app.backend.admin import AdminsOnly
from app.backend.errors import refuse
from app.backend.middleware.known_hosts import KnownHosts
from app.backend.middleware.request_id import RequestId
from app.backend.routes import ROUTERS
from app.core import logging
from app.core.component import discover, load
from app.core.health import project_version
from app.core.settings import Settings, listed, read
from app.frontend.mount import PATH, Dashboard
from app.identity import DESCRIPTION, NAME


def create_app() -> FastAPI:
    """The whole application: the project's routes, every component's, and the dashboard."""
    settings = read(Settings)
    logging.configure(settings)
    app = FastAPI(
        title=NAME,
        description=DESCRIPTION,
        version=project_version(),
        lifespan=_lifespan,
        exception_handlers={RequestValidationError: refuse},
        telemetry={"metrics": False, "logs": False},  # they cost each request, and we have ours
    )
    app.state.callers = [load(each.caller) for each in discover() if each.caller]
    app.state.logins = [load(each.login) for each in discover() if each.login]
    for router in ROUTERS:
        app.include_router(router)
    for component in discover():
        for reference in listed(component.router or ""):
            app.include_router(load(reference))
        if component.errors:
            app.exception_handlers |= load(component.errors)
        if component.middleware:
            app.add_middleware(load(component.middleware))
    # Not FastAPI's own argument: its answer would lack headers that the middleware below adds.
    app.add_middleware(RequestBodyLimitMiddleware, max_body_size=settings.max_body_size)
    if origins := listed(settings.cors_origins):
        app.add_middleware(
            CORSMiddleware,
            allow_origins=origins,
            allow_methods=["*"],
            allow_headers=["*"],
            allow_credentials="*" not in origins,
        )
    app.add_middleware(KnownHosts)
    # Added last, called first: the others log with the request's id.
    app.add_middleware(RequestId)
    app.add_api_route("/", lambda: RedirectResponse(f"{PATH}/"), include_in_schema=False)
    # Last, because a mounted application answers everything under its path.
    app.state.dashboard = Dashboard()
    app.mount(PATH, AdminsOnly(app.state.dashboard))
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Open the components' lifespans in order; close them in reverse."""
    async with AsyncExitStack() as stack:
        for component in discover():
            if component.lifespan:
                await stack.enter_async_context(load(component.lifespan)(app))
                structlog.get_logger(__name__).info("component started", component=component.name)
        await stack.enter_async_context(app.state.dashboard.running())
        if not gc.isenabled():  # since `serve`: loading costs a quarter less without it
            gc.freeze()
            gc.enable()
        yield
