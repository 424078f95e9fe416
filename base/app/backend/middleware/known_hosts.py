"""The names that this server answers to. Redirects and links in mails repeat a request's Host,
which anybody can choose, so an unknown one is refused first.

Always addresses, which probes and proxies use, and `localhost`. Also DOMAIN, HOST, and the names in
ALLOWED_HOSTS: there `*.example.com` is every name below that one, and `*` any name at all.
"""

import ipaddress
import re
from functools import lru_cache, partial

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from app.core.settings import Settings, listed, read

UNKNOWN = "unknown host: add the name to ALLOWED_HOSTS"
_HOST = re.compile(r"(?P<name>\[[0-9a-f:.]+\]|[a-z0-9._-]+?)\.?(:[0-9]{1,5})?", re.IGNORECASE)


class KnownHosts:
    """ASGI middleware that refuses requests for other names."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        settings = read(Settings)
        names = f"{settings.allowed_hosts},{settings.domain},{settings.host}".lower()
        self._is_known = lru_cache(maxsize=1024)(partial(_is_among, listed(names)))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on a request that is for this server."""
        # A missing Host names no other server.
        sent = next((value for name, value in scope.get("headers", ()) if name == b"host"), None)
        if sent is None or self._is_known(sent):
            await self._app(scope, receive, send)
        else:
            await JSONResponse({"detail": UNKNOWN}, 400)(scope, receive, send)


def _is_among(names: list[str], sent: bytes) -> bool:
    if "*" in names:
        return True
    found = _HOST.fullmatch(sent.decode("latin-1"))
    name = found["name"].lower() if found else ""
    below = tuple(each[1:] for each in names if each.startswith("*."))
    return name in ("localhost", *names) or name.endswith(below) or _is_address(name)


def _is_address(name: str) -> bool:
    try:
        return bool(ipaddress.ip_address(name.strip("[]")))
    except ValueError:
        return False
