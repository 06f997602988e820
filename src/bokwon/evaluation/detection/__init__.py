"""Measures the damage detector: sound pages, made damage, pages with marked zones."""
