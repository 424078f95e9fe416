"""A stack and its pristine tree: components, patches, the record.

Object-pure. May import: formats, objects.
"""
