"""The commands of the core. What only one of them needs is imported inside it: `--help` is fast."""

import asyncio
import gc
import json
from dataclasses import asdict
from typing import Annotated, Any

import typer

from app.core import admin_token as tokens
from app.core.component import check_settings, discover
from app.core.health import check_all, project_version
from app.core.imports import hidden
from app.core.settings import Settings, read
from app.identity import NAME

_COLORS = {"ok": "green", "degraded": "yellow", "down": "red"}


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on [HOST].")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on [PORT].")] = None,
    reload: Annotated[bool, typer.Option(help="Restart on code changes.")] = False,
) -> None:
    """Serve the API and the dashboard."""
    if not reload:
        gc.disable()  # what is loaded is no garbage; the server turns it on again
    # For tracebacks in colour, and to start anew: five megabytes.
    with hidden("rich") if reload else hidden("rich", "watchfiles"):
        import structlog  # noqa: F401
        import uvicorn

    check_settings()
    settings = read(Settings)
    # One worker: a dashboard session lives in the process that opened it. Scale by containers.
    uvicorn.run(
        "app.backend.main:create_app",
        factory=True,
        host=host or settings.host,
        port=port if port is not None else settings.port,
        reload=reload,
        # A viewer who has vanished is not waited for.
        timeout_graceful_shutdown=10,
        log_config=None,
    )


def health(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Check health, with no server around; exit 1 unless everything is ok."""
    check_settings()
    report = asdict(asyncio.run(check_all()))
    if as_json:
        print(json.dumps(report, indent=2))
    else:
        _print_report(report)
    raise typer.Exit(0 if report["status"] == "ok" else 1)


def components() -> None:
    """List the components."""
    from rich.console import Console
    from rich.table import Table

    found = discover()
    if not found:
        print("No components installed.")
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    for component in found:
        table.add_row(f"[bold]{component.name}[/]", component.title, component.summary)
    Console().print(table)


def admin_token() -> None:
    """Print a new ADMIN_TOKEN."""
    print(tokens.make())


def version() -> None:
    """Print the name and the version of this project."""
    print(NAME, project_version())


def _print_report(report: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    for name, answer in report["components"].items():
        color = _COLORS[answer["status"]]
        known = {key: value for key, value in answer["data"].items() if value is not None}
        facts = "  ".join(f"{key}={value}" for key, value in known.items())
        table.add_row(
            f"[bold]{escape(name)}[/]",
            f"[{color}]{answer['status']}[/]",
            escape(answer["detail"]) + (f"\n[dim]{escape(facts)}[/]" if facts else ""),
        )
    Console().print(table)
