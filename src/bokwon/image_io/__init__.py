"""Files to pages and back: nothing learned here."""

from bokwon.image_io.document import Document, PageTransform, open_document
from bokwon.image_io.formats import EXTENSIONS, FORMATS, Format
from bokwon.image_io.masks import (
    GivenHole,
    MaskOptions,
    Reading,
    as_hole,
    check_hole,
    fit_hole,
    grow_hole,
    hole_of_mask,
    is_large,
    read_samples,
)
from bokwon.image_io.metadata import Metadata
from bokwon.image_io.modes import MODES, from_pillow, to_pillow
from bokwon.image_io.output_formats import check_fits, encode_page, format_of, lost_on_the_way
from bokwon.image_io.page import Page
from bokwon.image_io.reader import MAX_PIXELS, Source, read_page
from bokwon.types import Hole, Pixels

__all__ = [
    "EXTENSIONS",
    "FORMATS",
    "MAX_PIXELS",
    "MODES",
    "Document",
    "Format",
    "GivenHole",
    "Hole",
    "MaskOptions",
    "Metadata",
    "Page",
    "PageTransform",
    "Pixels",
    "Reading",
    "Source",
    "as_hole",
    "check_fits",
    "check_hole",
    "encode_page",
    "fit_hole",
    "format_of",
    "from_pillow",
    "grow_hole",
    "hole_of_mask",
    "is_large",
    "lost_on_the_way",
    "open_document",
    "read_page",
    "read_samples",
    "to_pillow",
]
