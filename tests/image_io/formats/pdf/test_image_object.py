from __future__ import annotations

import base64
import io
import zlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import imagecodecs
import numpy as np
import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name, jbig2
from PIL import Image

from bokwon.errors import InputFileError
from bokwon.image_io.formats.pdf.image_object import PdfPicture
from bokwon.image_io.page import Page

Add = Callable[..., Any]
GRAY = np.random.default_rng(3).integers(0, 256, (20, 33)).astype(np.uint8)
RGB = np.random.default_rng(4).integers(0, 256, (20, 33, 3)).astype(np.uint8)
ROWS, COLUMNS = np.mgrid[0:20, 0:33]
SMOOTH = np.stack([ROWS * 8, COLUMNS * 6, ROWS * 3 + COLUMNS * 3], axis=-1).astype(np.uint8)


def picture(image: Any, limit: int = 1000) -> PdfPicture:
    return PdfPicture(pikepdf.new(), image, "leaf", max_pixels=limit)


def shown(image: Any) -> np.ndarray:
    """What pikepdf decodes it to."""
    return np.array(pikepdf.PdfImage(image).as_pil_image())


def jpeg(mode: str = "RGB", **settings: object) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(SMOOTH).convert(mode).save(stream, "JPEG", quality=92, **settings)
    return stream.getvalue()


@pytest.mark.parametrize("samples", [GRAY, RGB, GRAY > 127, GRAY.astype(np.uint16) * 257])
def test_plain_samples_are_read_and_put_back(add_image: Add, samples: np.ndarray) -> None:
    image = add_image(samples)
    page = picture(image).read()
    assert page.format == "PDF"
    assert page.mode == ("RGB" if samples.ndim == 3 else "1" if samples.dtype == bool else "L")
    np.testing.assert_array_equal(page.pixels, samples)
    picture(image).replace(replace(page, pixels=~page.pixels))
    np.testing.assert_array_equal(picture(image).read().pixels, ~samples)
    if samples.dtype != np.uint16:
        np.testing.assert_array_equal(shown(image), ~samples)


@pytest.mark.parametrize("bits", [2, 4])
def test_gray_of_fewer_bits_comes_back_with_eight(add_image: Add, bits: int) -> None:
    values = GRAY >> (8 - bits)
    row_bits = np.unpackbits(values[..., None], axis=2)[..., 8 - bits :].reshape(20, -1)
    image = add_image(GRAY, data=np.packbits(row_bits, axis=1).tobytes(), BitsPerComponent=bits)
    page = picture(image).read()
    np.testing.assert_array_equal(page.pixels, values * (255 // (2**bits - 1)))
    assert page.notices == ("leaf has less than 8 bits of gray; it comes back with 8",)
    picture(image).replace(page)
    assert int(image.BitsPerComponent) == 8


def test_a_palette_becomes_its_colours(add_image: Add, pdf: pikepdf.Pdf) -> None:
    colours = np.random.default_rng(5).integers(0, 256, (16, 3)).astype(np.uint8)
    space = Array([Name.Indexed, Name.DeviceRGB, 15, colours.tobytes()])
    image = add_image(GRAY >> 4, ColorSpace=space)
    page = picture(image).read()
    assert page.mode == "RGB"
    assert page.notices[0].startswith("leaf has a palette: it comes back as RGB")
    np.testing.assert_array_equal(page.pixels, colours[GRAY >> 4])
    picture(image).replace(page)
    np.testing.assert_array_equal(shown(image), colours[GRAY >> 4])


def test_a_stencil_is_dark_where_it_puts_ink(add_image: Add) -> None:
    ink = GRAY < 40
    page = picture(add_image(~ink, ImageMask=True)).read()
    assert page.mode == "1"
    np.testing.assert_array_equal(page.pixels, ~ink)
    page = picture(add_image(ink, ImageMask=True, Decode=Array([1, 0]))).read()
    np.testing.assert_array_equal(page.pixels, ~ink)


def test_fax_compression_is_read_and_becomes_flate(add_image: Add, pdf: pikepdf.Pdf) -> None:
    bits = GRAY > 127
    stream = io.BytesIO()
    Image.fromarray(bits).save(stream, "TIFF", compression="group4")
    with Image.open(stream) as image:
        start, size, black = image.tag_v2[273][0], image.tag_v2[279][0], image.tag_v2[262] == 0
    fax = add_image(bits, data=stream.getvalue()[start : start + size], Filter=Name.CCITTFaxDecode)
    fax.DecodeParms = Dictionary(K=-1, Columns=33, Rows=20, BlackIs1=not black)
    page = picture(fax).read()
    np.testing.assert_array_equal(page.pixels, bits)
    picture(fax).replace(page)
    assert "/DecodeParms" not in fax
    np.testing.assert_array_equal(shown(fax), bits)


@pytest.mark.parametrize("wrapped", [False, True])
def test_a_jpeg_stays_one(add_image: Add, wrapped: bool) -> None:
    data = zlib.compress(jpeg()) if wrapped else jpeg()
    kind = Array([Name.FlateDecode, Name.DCTDecode]) if wrapped else Name.DCTDecode
    image = add_image(RGB, data=data)
    image.Filter = kind
    page = picture(image).read()
    assert (page.format, page.mode) == ("JPEG", "RGB")
    np.testing.assert_array_equal(page.pixels, imagecodecs.jpeg8_decode(jpeg()))
    picture(image).replace(page)
    assert image.Filter == Name.DCTDecode
    assert np.abs(imagecodecs.jpeg8_decode(image.read_raw_bytes()).astype(int) - page.pixels).mean() < 2


def test_inks_of_a_jpeg_are_what_decode_says(add_image: Add) -> None:
    data = jpeg("CMYK")
    stored = imagecodecs.jpeg8_decode(data)
    image = add_image(RGB, data=data, Filter=Name.DCTDecode, ColorSpace=Name.DeviceCMYK)
    np.testing.assert_array_equal(picture(image).read().pixels, stored)
    image.Decode = Array([1, 0] * 4)
    page = picture(image).read()
    np.testing.assert_array_equal(page.pixels, 255 - stored)
    picture(image).replace(page)
    again = imagecodecs.jpeg8_decode(image.read_raw_bytes())
    assert np.abs(again.astype(int) - stored).mean() < 3


def test_jpeg_2000_stays_it_whatever_its_filter_is_called(add_image: Add) -> None:
    data = imagecodecs.jpeg2k_encode(RGB, level=0, reversible=True, codecformat="jp2")
    for kind in (Name.JPXDecode, Name.DCTDecode):
        image = add_image(RGB, data=data, Filter=kind)
        page = picture(image).read()
        assert page.format == "JPEG2000"
        np.testing.assert_array_equal(page.pixels, RGB)
        picture(image).replace(replace(page, pixels=255 - RGB))
        assert image.Filter == Name.JPXDecode
        np.testing.assert_array_equal(imagecodecs.jpeg2k_decode(image.read_raw_bytes()), 255 - RGB)


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ({"ColorSpace": Name.Pattern}, "leaf has an image in the colour space Pattern; convert it"),
        ({"Decode": Array([0.2, 1])}, "unusual sample values"),
        ({"Width": 34}, "leaf is damaged"),
        ({"BitsPerComponent": 3}, "an image of 3 bits in the colour space DeviceGray"),
        ({"data": jpeg(), "Filter": Name.DCTDecode, "Width": 32}, "calls its image 32x20 and it is another size"),
        ({"data": jpeg(), "Filter": Name.DCTDecode, "Decode": Array([1, 0] * 3)}, "unusual colours"),
        ({"data": b"no picture", "Filter": Name.DCTDecode}, "leaf is not an image"),
        ({"data": b"x", "Filter": Name.Crypt}, "of the kind /Crypt"),
        ({"Mask": Array([0, 1, 0, 1])}, "colour key .* for another number of channels"),
        (
            {"data": b"x", "Filter": Array([Name.DCTDecode, Name.FlateDecode])},
            "kind /DCTDecode /FlateDecode, which is not",
        ),
        ({"SMask": Dictionary(Matte=Array([0]))}, "multiplied by its alpha"),
        ({"data": zlib.compress(bytes(3_000_000)), "Filter": Name.FlateDecode}, "inflates to more than its size"),
    ],
)
def test_what_cannot_be_given_back_is_refused(add_image: Add, entries: dict[str, Any], message: str) -> None:
    with pytest.raises(InputFileError, match=message):
        picture(add_image(GRAY, **entries)).read()


def two_stage(data: bytes, image: Any, *outer: Any) -> None:
    """Wrap what an image holds in further filters."""
    inner, parameters = image.Filter, image.get("/DecodeParms")
    image.write(data)
    image.Filter = Array([*outer, inner])
    if parameters is not None:
        image.DecodeParms = Array([None] * len(outer) + [parameters])


def run_length(data: bytes) -> bytes:
    parts = (data[start : start + 128] for start in range(0, len(data), 128))
    return b"".join(bytes([len(part) - 1]) + part for part in parts) + b"\x80"


def test_run_lengths_are_read(add_image: Add) -> None:
    image = add_image(GRAY, data=run_length(GRAY.tobytes()), Filter=Name.RunLengthDecode)
    page = picture(image).read()
    np.testing.assert_array_equal(page.pixels, GRAY)
    picture(image).replace(page)
    np.testing.assert_array_equal(shown(image), GRAY)


def test_filters_around_a_picture_are_undone(add_image: Add, encode_fax: Add) -> None:
    image = add_image(RGB, data=jpeg(), Filter=Name.DCTDecode)
    two_stage(zlib.compress(jpeg()).hex().encode() + b">", image, Name.ASCIIHexDecode, Name.FlateDecode)
    np.testing.assert_array_equal(picture(image).read().pixels, imagecodecs.jpeg8_decode(jpeg()))
    bits = GRAY > 127
    fax = add_image(bits, data=b"", Filter=Name.CCITTFaxDecode, DecodeParms=Dictionary(K=-1, Columns=33))
    two_stage(base64.a85encode(encode_fax(bits, "group4")) + b"~>", fax, Name.ASCII85Decode)
    np.testing.assert_array_equal(picture(fax).read().pixels, bits)


def test_a_fax_may_have_a_palette(add_image: Add, encode_fax: Add) -> None:
    bits = GRAY > 127
    colours = np.array([[9, 8, 7], [250, 240, 230]], np.uint8)
    fax = add_image(
        bits, data=encode_fax(bits, "group4"), Filter=Name.CCITTFaxDecode, DecodeParms=Dictionary(K=-1, Columns=33)
    )
    fax.ColorSpace = Array([Name.Indexed, Name.DeviceRGB, 1, colours.tobytes()])
    page = picture(fax).read()
    np.testing.assert_array_equal(page.pixels, colours[bits.astype(int)])
    picture(fax).replace(page)
    np.testing.assert_array_equal(shown(fax), page.pixels)


def test_decode_makes_a_negative_of_a_fax(add_image: Add, encode_fax: Add) -> None:
    bits = GRAY > 127
    fax = add_image(
        bits, data=encode_fax(bits, "group4"), Filter=Name.CCITTFaxDecode, DecodeParms=Dictionary(K=-1, Columns=33)
    )
    fax.Decode = Array([1, 0])
    page = picture(fax).read()
    np.testing.assert_array_equal(page.pixels, ~bits)
    picture(fax).replace(page)
    np.testing.assert_array_equal(picture(fax).read().pixels, ~bits)


@pytest.mark.parametrize("chained", [False, True])
def test_jbig2_goes_to_its_decoder(pdf: pikepdf.Pdf, add_image: Add, chained: bool) -> None:
    bits = GRAY > 127
    asked = []

    class Decoder(jbig2.JBIG2DecoderInterface):
        def check_available(self) -> None:
            pass

        def decode_jbig2(self, data: bytes, shared: bytes) -> bytes:
            asked.append((data, shared))
            return np.packbits(bits, axis=1).tobytes()

    usual = jbig2.get_decoder()
    jbig2.set_decoder(Decoder())
    try:
        image = add_image(bits, data=b"page", Filter=Name.JBIG2Decode, Decode=Array([1, 0]))
        image.DecodeParms = Dictionary(JBIG2Globals=pdf.make_stream(b"globals"))
        if chained:
            two_stage(b"page".hex().encode() + b">", image, Name.ASCIIHexDecode)
        np.testing.assert_array_equal(picture(image).read().pixels, ~bits)
    finally:
        jbig2.set_decoder(usual)
    assert set(asked) == {(b"page", b"globals")}


def test_a_fax_that_no_decoder_reads_is_not_called_damaged(add_image: Add, encode_fax: Add) -> None:
    fax = add_image(GRAY > 127, data=encode_fax(GRAY > 127, "group4"), Filter=Name.CCITTFaxDecode)
    fax.DecodeParms = Dictionary(K=-1, Columns=33, EncodedByteAlign=True)
    with pytest.raises(InputFileError, match="not supported: Group 4 with rows that begin at bytes") as caught:
        picture(fax).read()
    assert "damaged" not in str(caught.value)


def test_adobes_marker_goes_before_color_transform(add_image: Add) -> None:
    data = jpeg("CMYK")
    image = add_image(RGB, data=data, Filter=Name.DCTDecode, ColorSpace=Name.DeviceCMYK)
    image.DecodeParms = Dictionary(ColorTransform=1)
    page = picture(image).read()
    np.testing.assert_array_equal(page.pixels, imagecodecs.jpeg8_decode(data))
    picture(image).replace(page)
    assert "/DecodeParms" not in image
    rgb = add_image(RGB, data=jpeg(), Filter=Name.DCTDecode, DecodeParms=Dictionary(ColorTransform=0))
    with pytest.raises(InputFileError, match="unusual colours"):
        picture(rgb).read()


KEYED_COLOURS = np.stack([np.full(16, 250), np.arange(16) * 16, np.arange(16)], axis=1).astype(np.uint8)


@pytest.mark.parametrize(
    ("samples", "entries", "key"),
    [
        (SMOOTH[..., 0], {}, [100, 160]),
        (SMOOTH, {}, [80, 255, 0, 120, 0, 255]),
        (SMOOTH[..., 0], {"Decode": Array([1, 0])}, [100, 160]),
        (
            SMOOTH[..., 0] >> 4,
            {"ColorSpace": Array([Name.Indexed, Name.DeviceRGB, 15, KEYED_COLOURS.tobytes()])},
            [3, 6],
        ),
        (SMOOTH, {"data": jpeg(), "Filter": Name.DCTDecode}, [80, 255, 0, 120, 0, 255]),
    ],
)
def test_no_pixel_becomes_transparent_or_opaque_by_accident(
    pdf: pikepdf.Pdf, add_image: Add, samples: np.ndarray, entries: dict[str, Any], key: list[int]
) -> None:
    image = add_image(samples, Mask=Array(key), **entries)
    item = PdfPicture(pdf, image, "leaf", max_pixels=1000)
    page = item.read()
    stored = (imagecodecs.jpeg8_decode(jpeg()) if "data" in entries else samples).reshape(20, 33, -1)
    ranges = np.array(key).reshape(-1, 2)
    transparent = np.all((stored >= ranges[:, 0]) & (stored <= ranges[:, 1]), axis=2)
    assert 0.1 < transparent.mean() < 0.9
    # Half of the page is filled, with every value there is: some of them are the key's.
    pixels = page.pixels.copy()
    hole = np.zeros((20, 33), bool)
    hole[:, 12:16] = hole[4:8] = True
    pixels[hole] = np.random.default_rng(6).integers(0, 256, pixels[hole].shape)
    hole &= (pixels != page.pixels).reshape(20, 33, -1).any(axis=2)
    item.replace(replace(page, pixels=pixels))
    found = unpacked(image.Mask)
    np.testing.assert_array_equal(found[~hole], transparent[~hole])
    places = np.argwhere(~hole)
    for row, column in np.argwhere(hole):
        distances = np.hypot(*(places - (row, column)).T)
        nearest = places[distances <= distances.min() + 0.5]
        assert found[row, column] in transparent[tuple(nearest.T)]


def unpacked(mask: Any) -> np.ndarray:
    """The samples of a mask in a PDF: 1 where nothing is painted."""
    width, height = int(mask.Width), int(mask.Height)
    rows = np.frombuffer(mask.read_bytes(), np.uint8).reshape(height, -1)
    return np.unpackbits(rows, axis=1)[:, :width].astype(bool)


def test_a_deep_jpeg_is_refused(add_image: Add) -> None:
    data = imagecodecs.jpeg8_encode(SMOOTH.astype(np.uint16) << 4, bitspersample=12)
    with pytest.raises(InputFileError, match=r"/DCTDecode, which is not supported: JPEG of more than 8 bits a sample"):
        picture(add_image(SMOOTH, data=data, Filter=Name.DCTDecode)).read()


def test_a_soft_mask_stays(add_image: Add) -> None:
    image = add_image(RGB, SMask=add_image(GRAY))
    page = picture(image).read()
    picture(image).replace(replace(page, pixels=255 - page.pixels))
    np.testing.assert_array_equal(shown(image.SMask), GRAY)


def test_larger_pictures_are_refused(add_image: Add) -> None:
    with pytest.raises(InputFileError, match="leaf has more than"):
        picture(add_image(GRAY), 20 * 33 - 1).read()


def test_size_key_and_changes(add_image: Add) -> None:
    image, other = add_image(GRAY), add_image(RGB)
    assert picture(image).size == (33, 20)
    assert picture(image).key == picture(image).key != picture(other).key
    page: Page = picture(image).read()
    item = picture(image)
    assert item.changes(page) == [(item, page)]
