"""What several rooms need and none owns: worker processes, telemetry."""
