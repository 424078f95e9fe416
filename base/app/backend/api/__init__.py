"""Routes: one module with a `router` for each subject, listed in `app.backend.routes`."""

V1 = "/api/v1"
"""Where the API is: the start of its routers' prefixes."""
