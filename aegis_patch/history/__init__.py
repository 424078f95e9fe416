"""What commits and files tell about the user.

Effects. May import: upstream, project, merge, stack, formats, objects.
"""
