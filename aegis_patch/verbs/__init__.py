"""One module for each verb: built first, landed once.

Effects. May import: history, landing, upstream, project, merge, stack, formats, objects.
"""
