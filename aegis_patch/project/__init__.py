"""A project on disk, and git run for what only git knows.

Effects. May import: stack, formats, objects.
"""
