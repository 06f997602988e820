"""Finds the damage of one page."""
