"""TIFF: directories, uncommon compressions, several pages."""
