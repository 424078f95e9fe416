"""The project's own routers. Components bring theirs by themselves and are not listed here."""

from fastapi import APIRouter

from app.backend.api import health, hello

ROUTERS: list[APIRouter] = [
    health.router,
    hello.router,
    # yours below
]
