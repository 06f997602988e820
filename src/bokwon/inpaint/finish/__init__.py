"""What makes a fill look like the page around it: background, ink, ruled lines, grain."""
