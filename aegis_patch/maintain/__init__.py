"""For maintainers of an upstream: its series, their rules, and recording a release.

Effects. May import: upstream, project, stack, formats, objects.
"""
