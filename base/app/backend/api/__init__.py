"""Routes: one module with a `router` for each subject, listed in `app.backend.routes`."""
