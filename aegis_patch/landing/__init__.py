"""Writes a result into a project, all or nothing.

Effects. May import: project, objects.
"""
