"""Routes: one module with a `router` for each subject, listed in `app.backend.routes`."""

V1 = "/api/v1"
"""The path prefix of the API's routers."""
