"""What several packages need: atomic writes, checksums, listings, worker processes, disabled telemetry.

Its names are imported from its modules: the command loads this package before it can catch Ctrl-C, so it loads none.
"""
