"""The commands; a module is imported only when a command of it is asked for.

Each is a function that takes the common options (a `Run`; a `Landing`, if it makes commits) and its
own. Its docstring is the help text, and its parameters are of the types in `options`.
"""
