"""The project's own routers. Components' routers aren't listed: they are found by themselves."""

from fastapi import APIRouter

from app.backend.api import health, hello

ROUTERS: list[APIRouter] = [
    health.router,
    hello.router,
    # yours below
]
