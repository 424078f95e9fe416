"""Puts what was built into a project, all or nothing.

Effects. May import: project, objects.
"""
