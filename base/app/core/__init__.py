"""The foundation: components, settings, logging and health. Imports no web framework."""
