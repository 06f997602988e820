"""Methods, their figures, time and memory."""
