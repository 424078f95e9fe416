"""The application. Every import inside the project starts with `app`, whatever its name is."""
