"""Many files: matching masks, planning, worker processes, journal and cluster."""
