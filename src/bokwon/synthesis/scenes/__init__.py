"""Windows of pages and photographs with damage of known place and class: what the damage detector learns from."""
