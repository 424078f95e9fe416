"""What a request is told that cannot be used."""

import json

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError


async def refuse(request: Request, error: RequestValidationError) -> Response:
    """422 with each mistake and where it is, but not with what was sent: it may be a secret.

    It also could not always be repeated: Python reads NaN and half a surrogate pair from JSON.
    """
    said = [{key: each[key] for key in ("type", "loc", "msg")} for each in error.errors()]
    return Response(json.dumps({"detail": said}), 422, media_type="application/json")
