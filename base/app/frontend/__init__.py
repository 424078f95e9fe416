"""The dashboard: Flet, served by the same process as the API."""
