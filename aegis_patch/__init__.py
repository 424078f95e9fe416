"""aegis evolves a stack: each component is a patch series, each verb one three-way merge."""

__version__ = "0.10.0"
