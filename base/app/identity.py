"""The project's name. Code that needs it imports it from here."""

NAME = "Harbor Light"
SLUG = "harbor-light"
DESCRIPTION = "A small service that keeps its options open."
