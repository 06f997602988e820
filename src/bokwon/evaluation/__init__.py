"""Measures fills against the truth: pairs, figures, statistics, reading and the report."""
