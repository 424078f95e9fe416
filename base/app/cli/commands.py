"""The commands of the core. Each imports what only it needs, so `--help` stays fast."""

import asyncio
import gc
import os
from typing import Annotated

import typer

from app.core import admin_token as tokens
from app.core.component import check_settings
from app.core.health import check_all, project_version
from app.core.imports import hidden
from app.core.settings import Settings, read
from app.identity import NAME


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on [HOST].")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on [PORT].")] = None,
    reload: Annotated[bool, typer.Option(help="Restart on code changes.")] = False,
) -> None:
    """Serve the API and the dashboard."""
    if not reload:
        gc.disable()  # what is loaded is no garbage; the server turns it on again
    # For coloured tracebacks and reloading: five megabytes.
    with hidden("rich") if reload else hidden("rich", "watchfiles"):
        import structlog  # noqa: F401 - here, while what it would load is hidden
        import uvicorn

    if port is not None:
        os.environ["PORT"] = str(port)  # links in mails lead there, too
    check_settings()
    settings = read(Settings)
    # One worker: a dashboard session lives in the process that opened it. Scale by containers.
    uvicorn.run(
        "app.backend.main:create_app",
        factory=True,
        host=host or settings.host,
        port=settings.port,
        reload=reload,
        timeout_graceful_shutdown=10,  # a viewer who has vanished is not waited for
        log_config=None,
    )


def health() -> None:
    """Check health, without a server; exit 1 unless everything is ok."""
    check_settings()
    report = asyncio.run(check_all())
    for name, found in report.components.items():
        known = {key: value for key, value in found.data.items() if value is not None}
        facts = "".join(f"\n{'':15}{key}={value}" for key, value in known.items())
        print(f"{name:15}{found.status:10}{found.detail}{facts}")
    raise typer.Exit(0 if report.status == "ok" else 1)


def admin_token() -> None:
    """Print a new ADMIN_TOKEN."""
    print(tokens.make())


def version() -> None:
    """Print the name and the version of this project."""
    print(NAME, project_version())
