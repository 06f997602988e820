"""Filling pages and regions, and writing outputs, in the same way as `bokwon restore`."""
