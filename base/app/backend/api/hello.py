"""An example to copy for your first route, and to delete after that."""

from fastapi import APIRouter

from app.identity import NAME

router = APIRouter(prefix="/api", tags=["example"])


@router.get("/hello")
async def hello(name: str = "world") -> dict[str, str]:
    """A greeting from this project."""
    return {"message": f"Hello, {name}, from {NAME}."}
