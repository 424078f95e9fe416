"""What every part stands on: components, settings, logging and health. Imports no web framework."""
