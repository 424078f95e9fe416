"""The caller of a request: somebody a component knows, or whoever sent ADMIN_TOKEN.

    @router.get("/mine")
    async def mine(caller: CurrentCaller) -> list[Note]: ...

A component that knows people has `async (HTTPConnection) -> Caller | None`. It may also refuse.
"""

from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, HTTPException
from starlette.requests import HTTPConnection

from app.backend.credentials import TokenScheme, has_token, is_from_elsewhere, refusal_of_token
from app.backend.dependencies import CurrentSettings


@dataclass(frozen=True, slots=True)
class Caller:
    """A person or a machine that the project knows."""

    id: str
    """Unique in the project, and never reused."""
    name: str
    is_admin: bool = False
    """Whether it may use the dashboard and `/admin`."""
    sign_out: Callable[[HTTPConnection], Awaitable[str]] | None = None
    """Ends the browser's login, and says where the browser goes next."""


ADMIN = Caller("admin", "Admin", is_admin=True)
"""Whoever sent ADMIN_TOKEN."""
AT_DASHBOARD: ContextVar[Caller] = ContextVar("caller", default=ADMIN)
"""The caller who has the dashboard open, for everything done through its WebSocket."""


async def known_caller(connection: HTTPConnection, settings: CurrentSettings) -> Caller | None:
    """The caller that a component knows. With ADMIN_TOKEN none is asked, since one may be down."""
    if has_token(connection, settings, "bearer"):
        return None
    for knows in getattr(connection.app.state, "callers", []):
        caller: Caller | None = await knows(connection)
        if caller:
            return caller
    return None


class _FindCaller(TokenScheme):
    async def __call__(
        self, connection: HTTPConnection, settings: CurrentSettings
    ) -> Caller | None:
        if caller := await known_caller(connection, settings):
            return caller
        if is_from_elsewhere(connection) or refusal_of_token(connection, settings):
            return None
        return ADMIN


find_caller = _FindCaller()
"""The caller; None for a stranger. A dependency for routes that are open to strangers too."""


async def _current(caller: Annotated[Caller | None, Depends(find_caller)]) -> Caller:
    if caller is None:
        raise HTTPException(401, "sign in first", {"WWW-Authenticate": "Bearer"})
    return caller


CurrentCaller = Annotated[Caller, Depends(_current)]
"""The caller; a stranger gets 401."""
