"""PDF: the scans of its pages, replaced in place."""
