"""What one file says: read in bounded time, merged by name, compared by meaning.

Pure. May import: nothing.
"""
