"""Reads one file in bounded time, merges it by name, compares it by meaning.

Pure. May import: nothing.
"""
