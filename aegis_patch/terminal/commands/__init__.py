"""One module for each command, imported only when its command is asked for.

`command` takes the common options (a `Run`; a `Landing`, if it makes commits) and those of its own.
Its docstring is the help text, and its parameters are of the types in `options`, which are named
here only for the type checker: so a plain command line runs without Typer.
"""
