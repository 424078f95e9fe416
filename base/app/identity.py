"""Who this project is. Code that needs the name asks here and nowhere else."""

NAME = "Harbor Light"
SLUG = "harbor-light"
DESCRIPTION = "A small service that keeps its options open."
