"""A project on disk, and git itself where only git knows the answer.

Effects. May import: stack, formats, objects.
"""
