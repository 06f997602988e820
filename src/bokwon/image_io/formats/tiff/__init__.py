"""TIFF: files of one page or many, their tags and compressions kept."""

from bokwon.image_io.formats.tiff.directories import SIGNATURES
from bokwon.image_io.formats.tiff.document import TiffDocument
from bokwon.image_io.formats.tiff.reader import decode, size_of
from bokwon.image_io.formats.tiff.writer import changes, encode, own_blocks, tags_with_xmp

__all__ = ["SIGNATURES", "TiffDocument", "changes", "decode", "encode", "own_blocks", "size_of", "tags_with_xmp"]
