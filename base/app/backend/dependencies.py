"""Parameters that a route can ask for; the caller is in `app.backend.callers`."""

from typing import Annotated

from fastapi import Depends

from app.core.settings import Settings

CurrentSettings = Annotated[Settings, Depends(Settings.current)]
"""The settings; a test puts its own into `app.dependency_overrides[Settings.current]`."""
