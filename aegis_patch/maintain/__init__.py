"""For maintainers of an upstream: its series, and recording a release.

Effects. May import: upstream, stack, objects.
"""
