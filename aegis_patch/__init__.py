"""aegis evolves a stack: components are patch series, every verb is one three-way merge."""

__version__ = "0.10.0"
