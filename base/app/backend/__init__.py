"""The web server: a FastAPI application that also serves the dashboard."""
