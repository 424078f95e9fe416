"""The answer to an invalid request."""

import json

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError


async def refuse(request: Request, error: RequestValidationError) -> Response:
    """422 with each mistake and its place, but without the values: they may be secrets.

    JSON couldn't always repeat them either: Python reads NaN and half a surrogate pair from it.
    """
    said = [{key: each[key] for key in ("type", "loc", "msg")} for each in error.errors()]
    return Response(json.dumps({"detail": said}), 422, media_type="application/json")
