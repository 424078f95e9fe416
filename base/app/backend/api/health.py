"""Health over HTTP: one address for "is the process alive", one for "is everything well"."""

from fastapi import APIRouter, Response, status

from app.core.health import Report, check_all

router = APIRouter(prefix="/health", tags=["health"])


@router.get("/live")
async def live() -> dict[str, str]:
    """The process answers. It checks nothing else, so nobody else's failure causes a restart."""
    return {"status": "ok"}


@router.get("", responses={503: {"model": Report}})
async def health(response: Response) -> Report:
    """The core and every component; 503 if any of them is down."""
    report = await check_all()
    if report.status == "down":
        response.status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    return report
