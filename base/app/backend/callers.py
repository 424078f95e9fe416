"""Who asks: whoever a component knows, or whoever sent ADMIN_TOKEN.

    @router.get("/mine")
    async def mine(caller: CurrentCaller) -> list[Note]: ...

A component that knows people brings `async (HTTPConnection) -> Caller | None`. It may refuse, too.
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
    """Unique in the project, and never given to anybody else."""
    name: str
    is_admin: bool = False
    """Whether the dashboard and `/admin` are open to it."""
    sign_out: Callable[[HTTPConnection], Awaitable[str]] | None = None
    """Ends the login that a browser brings, and says where the browser goes then."""


ADMIN = Caller("admin", "Admin", is_admin=True)
"""Whoever sent ADMIN_TOKEN."""
AT_DASHBOARD: ContextVar[Caller] = ContextVar("caller", default=ADMIN)
"""Who has the dashboard open, in all that one of its WebSockets does."""


async def known_caller(connection: HTTPConnection, settings: CurrentSettings) -> Caller | None:
    """Whom one of the components knows. With ADMIN_TOKEN none is asked, for one may be away."""
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
"""Who asks; None for a stranger. A dependency for routes that are open to strangers too."""


async def _current(caller: Annotated[Caller | None, Depends(find_caller)]) -> Caller:
    if caller is None:
        raise HTTPException(401, "sign in first", {"WWW-Authenticate": "Bearer"})
    return caller


CurrentCaller = Annotated[Caller, Depends(_current)]
"""Who asks; a stranger gets 401."""
