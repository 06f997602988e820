"""The masks of pages: files, steps, tools, regions."""
