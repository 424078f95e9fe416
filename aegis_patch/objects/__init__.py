"""Git objects: trees, texts and the scratch store. Touches no project.

Object-pure. May import: formats.
"""
