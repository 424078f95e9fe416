"""What commits and files say about the user's work.

Effects. May import: upstream, project, merge, stack, formats, objects.
"""
