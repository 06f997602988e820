"""Which image meets which mask, by seed and names alone."""
