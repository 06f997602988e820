"""PDF: the scans of its pages, replaced in place."""

from bokwon.image_io.formats.pdf.document import PdfDocument, decode, encode

__all__ = ["PdfDocument", "decode", "encode"]
