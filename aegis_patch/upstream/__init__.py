"""Where releases come from: our packs, forks, the identity files.

Effects. May import: project, stack, objects.
"""
