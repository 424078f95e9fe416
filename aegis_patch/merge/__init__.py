"""The one operation: HEAD + (new - old), path by path.

Object-pure. May import: stack, formats, objects.
"""
