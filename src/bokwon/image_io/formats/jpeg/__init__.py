"""JPEG: read and written with the tables, subsampling and segments of the input."""

from bokwon.image_io.formats.jpeg.reader import decode, size_of
from bokwon.image_io.formats.jpeg.writer import changes, encode, own_blocks, too_long
from bokwon.image_io.formats.jpeg.xmp import segments_with_xmp

__all__ = ["changes", "decode", "encode", "own_blocks", "segments_with_xmp", "size_of", "too_long"]
