"""File formats: one reader and one writer each, behind one table."""

from bokwon.image_io.formats.table import EXTENSIONS, FORMATS, Format, format_of_content

__all__ = ["EXTENSIONS", "FORMATS", "Format", "format_of_content"]
