from __future__ import annotations

import io
import struct
import zlib

import cv2
import numpy as np
import pytest
from PIL import Image, ImageCms, PngImagePlugin

from bokwon.errors import InputFileError
from bokwon.image_io.formats import png
from bokwon.image_io.metadata import Metadata
from bokwon.image_io.page import Page

ICC = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
LIMIT = 10_000
RGB = np.random.default_rng(7).integers(0, 256, (23, 34, 3)).astype(np.uint8)
DEEP = np.random.default_rng(8).integers(0, 65536, (23, 34, 4)).astype(np.uint16)


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def chunks(data: bytes) -> list[tuple[bytes, bytes]]:
    found, position = [], 8
    while position < len(data):
        (length,) = struct.unpack(">I", data[position : position + 4])
        found.append((data[position + 4 : position + 8], data[position + 8 : position + 8 + length]))
        position += 12 + length
    return found


def saved(image: Image.Image, **settings: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, "PNG", **settings)
    return stream.getvalue()


def deep(channels: int) -> bytes:
    order = {3: cv2.COLOR_RGB2BGR, 4: cv2.COLOR_RGBA2BGRA}[channels]
    return cv2.imencode(".png", cv2.cvtColor(DEEP[..., :channels], order))[1].tobytes()


def read(data: bytes) -> Page:
    return png.decode("page.png", io.BytesIO(data), LIMIT)


def written(page: Page) -> bytes:
    stream = io.BytesIO()
    png.encode(stream, page.pixels, page.mode, page.metadata)
    return stream.getvalue()


def small_gray(*extra: bytes) -> bytes:
    """A picture of 2 bits, whose rows are black, dark, light and white in turn."""
    rows = b"".join(b"\0" + bytes([0x1B] * 2) for _ in range(4))
    header = struct.pack(">IIBBBBB", 8, 4, 2, 0, 0, 0, 0)
    parts = [chunk(b"IHDR", header), *extra, chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b"")]
    return png.SIGNATURE + b"".join(parts)


@pytest.mark.parametrize("channels", [3, 4])
def test_sixteen_bit_colour_is_read_and_written_whole(channels: int) -> None:
    page = read(deep(channels))
    np.testing.assert_array_equal(page.pixels, DEEP[..., :channels])
    data = written(page)
    order = {3: cv2.COLOR_BGR2RGB, 4: cv2.COLOR_BGRA2RGBA}[channels]
    again = cv2.cvtColor(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED), order)
    np.testing.assert_array_equal(again, DEEP[..., :channels])


def test_gray_with_alpha_of_sixteen_bits_is_written_as_other_decoders_read_it() -> None:
    stream = io.BytesIO()
    png.encode(stream, np.ascontiguousarray(DEEP[..., :2]), "LA", Metadata())
    assert png.header(stream) == (16, 4)
    # OpenCV makes colour of it: gray three times, then alpha.
    colour = cv2.imdecode(np.frombuffer(stream.getvalue(), np.uint8), cv2.IMREAD_UNCHANGED)
    np.testing.assert_array_equal(colour[..., 0], DEEP[..., 0])
    np.testing.assert_array_equal(colour[..., 3], DEEP[..., 1])
    page = read(stream.getvalue())
    assert page.mode == "LA"
    np.testing.assert_array_equal(page.pixels, DEEP[..., :2])


def test_small_gray_samples_come_back_with_eight_bits_and_it_is_said() -> None:
    page = read(small_gray(chunk(b"sBIT", b"\x02")))
    np.testing.assert_array_equal(page.pixels[0], [0, 85, 170, 255] * 2)
    assert page.notices == ("page.png has less than 8 bits of gray; it comes back with 8",)
    assert b"sBIT" not in written(page)


def test_a_gray_value_in_a_chunk_is_scaled_as_the_samples_are() -> None:
    page = read(small_gray(chunk(b"bKGD", struct.pack(">H", 2)), chunk(b"pCAL", b"x")))
    assert page.metadata.png == ((b"bKGD", struct.pack(">H", 170)),)
    assert page.notices[0] == "page.png: chunks that do not hold any more are not kept: pCAL"


def test_a_palette_becomes_rgb_and_its_chunks_that_speak_of_numbers_go() -> None:
    image = Image.fromarray(RGB).quantize(16)
    page = read(saved(image))
    assert page.mode == "RGB"
    np.testing.assert_array_equal(page.pixels, np.array(image.convert("RGB")))
    assert page.notices[0].startswith("page.png: palette image: comes back as RGB")


@pytest.mark.parametrize("colour", ["16-bit RGB", "8-bit RGB"])
def test_chunks_are_copied_byte_for_byte(colour: str) -> None:
    described = PngImagePlugin.PngInfo()
    described.add_text("Title", "folio 3")
    described.add_itxt("Author", "김정희", "ko", "저자")
    described.add(b"gAMA", struct.pack(">I", 45455))
    described.add(b"cHRM", bytes(32))
    described.add(b"prVt", b"private, safe to copy")
    described.add(b"prVT", b"private, not safe to copy")
    exif = Image.Exif()
    exif[305] = "scanner"
    data = saved(Image.fromarray(RGB), pnginfo=described, icc_profile=ICC, dpi=(400, 300), exif=exif)
    if colour == "16-bit RGB":
        # The same chunks around 16-bit samples.
        base = deep(3)
        data = base[:33] + data[33 : data.index(b"IDAT") - 4] + base[33:]
    wanted = [item for item in chunks(data) if item[0] not in (b"IHDR", b"IDAT", b"IEND", b"prVT")]
    page = read(data)
    after = [item for item in chunks(written(page)) if item[0] not in (b"IHDR", b"IDAT", b"IEND")]
    assert len(wanted) >= 8
    assert after == wanted
    assert page.notices == ("page.png: chunks that do not hold any more are not kept: prVT",)
    assert png.own_blocks(page.metadata) == ["cHRM", "gAMA", "iTXt", "prVt", "tEXt"]


def test_a_transparent_colour_stays_the_chunk_it_is() -> None:
    base = deep(3)
    body = struct.pack(">HHH", *DEEP[0, 0, :3].tolist())
    page = read(base[:33] + chunk(b"tRNS", body) + base[33:])
    assert page.mode == "RGB"
    np.testing.assert_array_equal(page.pixels, DEEP[..., :3])
    assert (b"tRNS", body) in chunks(written(page))


def test_metadata_of_other_formats_becomes_chunks() -> None:
    made = png.chunks_of(Metadata(icc=b"profile", exif=b"II*\0", xmp=b"<x/>", dpi=(254.0, 127.0)))
    assert [name for name, _ in made] == [b"iCCP", b"pHYs", b"eXIf", b"iTXt"]
    assert zlib.decompress(made[0][1].removeprefix(b"ICC profile\0\0")) == b"profile"
    assert made[1][1] == struct.pack(">IIB", 10000, 5000, 1)
    assert made[3][1].endswith(b"\0<x/>")


def test_bare_keeps_what_samples_are_decoded_from() -> None:
    data = saved(Image.fromarray(RGB), dpi=(300, 300))
    bare = png.bare(data)
    assert {name for name, _ in chunks(bare)} == {b"IHDR", b"IDAT", b"IEND"}
    np.testing.assert_array_equal(np.array(Image.open(io.BytesIO(bare))), RGB)
    # A chunk that says it is longer than the file.
    with pytest.raises(ValueError, match="ends inside a chunk"):
        png.bare(data[:33] + b"\x7f\xff\xff\xf0" + data[37:])


def test_animations_are_refused() -> None:
    image = Image.fromarray(RGB)
    with pytest.raises(InputFileError, match=r"page\.png holds 2 pages"):
        read(saved(image, save_all=True, append_images=[Image.new("RGB", image.size)]))
