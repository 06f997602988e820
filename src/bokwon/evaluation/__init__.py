"""Measures fills against undamaged images: pairs, figures, statistics, reading and the report."""
