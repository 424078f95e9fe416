"""Options in; text, JSON and exit codes out. The only user of typer.

Effects. May import: maintain, verbs, history, landing, upstream, project, merge, stack, formats,
objects.
"""
