"""Middleware for every request, in the order of `app.backend.main`."""
