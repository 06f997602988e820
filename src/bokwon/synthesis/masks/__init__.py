"""Irregular holes of an exact area; bins, data sets, sorting, statistics."""
