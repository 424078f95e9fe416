"""A stack and its pristine tree: components, patches, the record, the fold.

Object-pure. May import: formats, objects.
"""
