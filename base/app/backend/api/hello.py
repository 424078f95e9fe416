"""An example: copy it for your first route, then delete it."""

from fastapi import APIRouter

from app.backend.api import V1
from app.identity import NAME

router = APIRouter(prefix=V1, tags=["example"])


@router.get("/hello")
async def hello(name: str = "world") -> dict[str, str]:
    """A greeting from this project."""
    return {"message": f"Hello, {name}, from {NAME}."}
