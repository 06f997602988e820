"""The suite: mirrors src/bokwon file by file."""
