"""What was changed, on what evidence, and the way back: record, evidence map, overlay."""
