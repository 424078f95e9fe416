"""What a request is told that cannot be used."""

import json

from fastapi import Request, Response
from fastapi.exception_handlers import request_validation_exception_handler
from fastapi.exceptions import RequestValidationError


async def refuse(request: Request, error: Exception) -> Response:
    """422 with each mistake, as FastAPI has it; without the values, where JSON has none such.

    Python reads NaN and half a surrogate pair from JSON, but an answer cannot repeat them.
    """
    assert isinstance(error, RequestValidationError)
    try:
        return await request_validation_exception_handler(request, error)
    except ValueError:
        said = [{key: each[key] for key in ("type", "loc", "msg")} for each in error.errors()]
        return Response(json.dumps({"detail": said}), 422, media_type="application/json")
