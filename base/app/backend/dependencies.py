"""What a route asks for in its parameters; who asks is in `app.backend.callers`."""

from typing import Annotated

from fastapi import Depends

from app.core.settings import Settings

CurrentSettings = Annotated[Settings, Depends(Settings.current)]
"""The settings; a test puts others into `app.dependency_overrides[Settings.current]`."""
