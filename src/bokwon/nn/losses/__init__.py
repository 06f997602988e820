"""The six terms of the paper, their weights and their sum."""
