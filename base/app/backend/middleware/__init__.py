"""What every request goes through, in the order of `app.backend.main`."""
