"""Everything generated: masks, damage and pages. Needs no PyTorch."""
