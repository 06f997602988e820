from __future__ import annotations

import io
import struct

import numpy as np
from PIL import Image

from bokwon.image_io.formats import jpeg, png, webp
from bokwon.image_io.formats.tiff.directories import Entry
from bokwon.image_io.metadata import JpegSettings, Metadata, TiffSettings
from bokwon.image_io.previews import without_previews

XMP = b"<x><xmp:Thumbnails>/9j/</xmp:Thumbnails></x>"
RESOURCES = b"8BIM\x04\x0c\0\0\0\0\0\x04abcd" + b"8BIM\x04\x04\0\0\0\0\0\x03ipt\0"
LEFT = b"8BIM\x04\x04\0\0\0\0\0\x03ipt\0"


def exif_with_thumbnail() -> bytes:
    thumbnail = io.BytesIO()
    Image.new("RGB", (8, 8)).save(thumbnail, "JPEG")
    data = thumbnail.getvalue()
    first = struct.pack("<HHHIHH", 1, 274, 3, 1, 1, 0)
    second = struct.pack("<HHHIIHHII", 2, 513, 4, 1, 56, 514, 4, 1, len(data))
    return b"II*\0\x08\0\0\0" + first + struct.pack("<I", 26) + second + bytes(4) + data


def test_a_page_without_any_is_as_it_was() -> None:
    metadata = Metadata(exif=b"II*\0\x08\0\0\0\0\0\0\0\0\0", xmp=b"<x/>", icc=b"profile")
    assert without_previews(metadata) == (metadata, False)


def test_thumbnails_of_all_kinds_leave_a_jpeg() -> None:
    exif = b"Exif\0\0" + exif_with_thumbnail()
    bodies = [
        (0xE0, b"JFIF\0\1\2\0\0\1\0\1\1\1abc"),
        (0xE0, b"JFXX\0\x10thumbnail"),
        (0xE1, exif),
        (0xE1, b"http://ns.adobe.com/xap/1.0/\0" + XMP),
        (0xED, b"Photoshop 3.0\0" + RESOURCES),
        (0xFE, b"folio 3"),
    ]
    segments = tuple(struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body for marker, body in bodies)
    metadata, had = without_previews(Metadata(jpeg=JpegSettings((), 0, False, segments)))
    assert had
    assert metadata.jpeg is not None
    left = metadata.jpeg.segments
    assert [segment[1] for segment in left] == [0xE0, 0xE1, 0xE1, 0xED, 0xFE]
    assert all(int.from_bytes(segment[2:4], "big") == len(segment) - 2 for segment in left)
    assert left[0][4:] == b"JFIF\0\1\2\0\0\1\0\1\0\0"
    assert len(left[1]) < len(exif) - 600
    assert left[2].endswith(b"\0<x></x>")
    assert left[3].endswith(b"Photoshop 3.0\0" + LEFT)
    assert left[4] == segments[-1]


def test_png_jpeg_2000_and_tiff_lose_theirs_too() -> None:
    exif = exif_with_thumbnail()
    metadata = Metadata(
        png=((b"eXIf", exif), (b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + XMP), (b"tEXt", b"a\0b")),
        jpeg2000=((b"uuid", b"JpgTiffExif->JP2" + exif), (b"jp2c", b"")),
        tiff=TiffSettings("raw", {34377: Entry(7, len(RESOURCES), RESOURCES), 700: Entry(1, len(XMP), XMP)}),
    )
    left, had = without_previews(metadata)
    assert had
    assert left.png is not None
    assert left.png[0][1] == exif[:26][:22] + bytes(4)
    assert left.png[1][1].endswith(b"<x></x>")
    assert left.png[2] == (b"tEXt", b"a\0b")
    assert left.jpeg2000 == ((b"uuid", b"JpgTiffExif->JP2" + left.png[0][1]), (b"jp2c", b""))
    assert left.tiff is not None
    assert left.tiff.tags == {34377: Entry(7, len(LEFT), LEFT), 700: Entry(7, 7, b"<x></x>")}


def test_what_is_written_has_none() -> None:
    pixels = np.zeros((8, 8, 3), np.uint8)
    metadata, had = without_previews(Metadata(exif=exif_with_thumbnail()))
    assert had
    for encode in (png.encode, jpeg.encode, webp.encode):
        stream = io.BytesIO()
        encode(stream, pixels, "RGB", metadata)
        with Image.open(stream) as image:
            assert image.getexif().get_ifd(1) == {}
            assert image.getexif()[274] == 1
