"""From checkpoints to model files that the runtime runs."""
