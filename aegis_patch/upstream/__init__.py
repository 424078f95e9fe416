"""Where releases come from: our packs, forks, the rendered identity.

Effects. May import: project, stack, objects.
"""
