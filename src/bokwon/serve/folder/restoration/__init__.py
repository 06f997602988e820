"""Filling pages and regions, and writing outputs, as the command does it."""
