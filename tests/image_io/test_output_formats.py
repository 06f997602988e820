"""Every format, mode and depth once through a file: samples outside a change are the same, metadata stays."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image, ImageCms, TiffImagePlugin

from bokwon.errors import ArgumentError
from bokwon.image_io.output_formats import (
    check_fits,
    encode_page,
    format_of,
    is_encoded_anew,
    lost_on_the_way,
    png_of,
)
from bokwon.image_io.page import Page
from bokwon.image_io.reader import Source, read_page

HEIGHT, WIDTH = 23, 34
ICC = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"/>'
CHANNELS = {"1": 1, "L": 1, "LA": 2, "RGB": 3, "RGBA": 4, "CMYK": 4}


def samples(mode: str) -> np.ndarray:
    rng = np.random.default_rng(7)
    if mode == "1":
        return rng.random((HEIGHT, WIDTH)) < 0.5
    shape = (HEIGHT, WIDTH) if CHANNELS[mode] == 1 else (HEIGHT, WIDTH, CHANNELS[mode])
    return rng.integers(0, 256, shape).astype(np.uint8)


def sixteen(channels: int) -> np.ndarray:
    shape = (HEIGHT, WIDTH) if channels == 1 else (HEIGHT, WIDTH, channels)
    return np.random.default_rng(8).integers(0, 65536, shape).astype(np.uint16)


def picture(mode: str) -> Image.Image:
    if mode == "CMYK":
        return Image.frombytes("CMYK", (WIDTH, HEIGHT), samples(mode).tobytes())
    return Image.fromarray(samples(mode))


def saved(image: Image.Image, file_format: str, **settings: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, file_format, **settings)
    return buffer.getvalue()


def deep(extension: str, channels: int) -> bytes:
    order = {3: cv2.COLOR_RGB2BGR, 4: cv2.COLOR_RGBA2BGRA}[channels]
    done, encoded = cv2.imencode(extension, cv2.cvtColor(sixteen(channels), order))
    assert done
    return encoded.tobytes()


def read(data: bytes) -> Page:
    return read_page(Source("page", data=data))


def written(page: Page, file_format: str | None = None) -> bytes:
    buffer = io.BytesIO()
    encode_page(buffer, page.pixels, page.mode, file_format or page.format, page.metadata)
    return buffer.getvalue()


LOSSLESS = [
    *(("PNG", mode) for mode in ("1", "L", "LA", "RGB", "RGBA")),
    *(("TIFF", mode) for mode in ("1", "L", "LA", "RGB", "RGBA", "CMYK")),
    *(("WEBP", mode) for mode in ("RGB", "RGBA")),
    *(("BMP", mode) for mode in ("1", "L", "RGB")),
]


@pytest.mark.parametrize(("file_format", "mode"), LOSSLESS)
def test_samples_are_read_and_written_as_they_are(file_format: str, mode: str) -> None:
    exactly = {"lossless": True, "exact": True} if file_format == "WEBP" else {}
    page = read(saved(picture(mode), file_format, **exactly))
    assert (page.format, page.mode) == (file_format, mode)
    np.testing.assert_array_equal(page.pixels, samples(mode))
    page.pixels[3:5, 7:9] = page.pixels[11, 11]
    again = read(written(page))
    assert again.mode == mode
    np.testing.assert_array_equal(again.pixels, page.pixels)
    assert again.pixels.dtype == page.pixels.dtype


@pytest.mark.parametrize("file_format", ["PNG", "TIFF"])
def test_sixteen_bit_gray_stays_sixteen_bit_gray(file_format: str) -> None:
    page = read(saved(Image.fromarray(sixteen(1)), file_format))
    again = read(written(page))
    assert again.mode == "L"
    np.testing.assert_array_equal(again.pixels, sixteen(1))


@pytest.mark.parametrize("extension", [".png", ".tiff"])
@pytest.mark.parametrize("channels", [3, 4])
def test_sixteen_bit_colour_stays_sixteen_bit_colour(extension: str, channels: int) -> None:
    page = read(deep(extension, channels))
    np.testing.assert_array_equal(page.pixels, sixteen(channels))
    again = read(written(page))
    assert again.mode == {3: "RGB", 4: "RGBA"}[channels]
    np.testing.assert_array_equal(again.pixels, page.pixels)


@pytest.mark.parametrize("file_format", ["PNG", "TIFF", "BMP"])
def test_palettes_become_rgb_and_it_is_said(file_format: str) -> None:
    image = picture("RGB").quantize(16)
    page = read(saved(image, file_format))
    assert page.mode == "RGB"
    np.testing.assert_array_equal(page.pixels, np.array(image.convert("RGB")))
    assert "palette" in " ".join(page.notices)
    np.testing.assert_array_equal(read(written(page)).pixels, page.pixels)


def test_a_palette_with_transparency_becomes_rgba() -> None:
    image = picture("RGB").quantize(16)
    page = read(saved(image, "PNG", transparency=3))
    assert page.mode == "RGBA"
    assert (page.pixels[..., 3] == 0).any()
    again = read(written(page))
    np.testing.assert_array_equal(again.pixels, page.pixels)


def jpeg(image: Image.Image, **settings: object) -> bytes:
    exif = Image.Exif()
    exif[305] = "scanner"
    return saved(image, "JPEG", exif=exif, icc_profile=ICC, dpi=(300, 300), comment=b"folio 3", **settings)


def tagged(**settings: object) -> bytes:
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags[315], tags[700] = "artist", XMP
    tags[65000], tags.tagtype[65000] = b"\x00\x01 private", 7
    tags[34665] = {36867: "1840:01:01 00:00:00", 33434: TiffImagePlugin.IFDRational(1, 60)}
    return saved(picture("RGB"), "TIFF", tiffinfo=tags, icc_profile=ICC, dpi=(400, 400), **settings)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_samples_are_never_turned_by_orientation(orientation: int) -> None:
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags[274] = orientation
    exif = Image.Exif()
    exif[274] = orientation
    files = [
        saved(picture("RGB"), "TIFF", tiffinfo=tags),
        saved(picture("RGB"), "TIFF", tiffinfo=tags, compression="tiff_lzw"),
        saved(picture("RGB"), "PNG", exif=exif),
        saved(picture("RGB"), "WEBP", exif=exif, lossless=True),
    ]
    for data in files:
        page = read(data)
        assert page.metadata.orientation == orientation
        np.testing.assert_array_equal(page.pixels, samples("RGB"))
        again = read(written(page))
        assert again.metadata.orientation == orientation
        np.testing.assert_array_equal(again.pixels, samples("RGB"))


@pytest.mark.parametrize("source", ["PNG", "JPEG", "TIFF", "WEBP"])
@pytest.mark.parametrize("target", ["PNG", "JPEG", "TIFF", "WEBP"])
def test_profile_resolution_exif_and_xmp_go_from_format_to_format(source: str, target: str) -> None:
    if source == "TIFF":
        data = tagged()
    else:
        exif = Image.Exif()
        exif[315] = "artist"
        exif[34665] = {36867: "1840:01:01 00:00:00"}
        data = saved(picture("RGB"), source, exif=exif, icc_profile=ICC, dpi=(400, 400))
    page = read(data)
    with Image.open(io.BytesIO(written(page, target))) as image:
        assert image.format == target
        assert image.info["icc_profile"] == ICC
        assert image.getexif()[315] == "artist"
        assert image.getexif().get_ifd(34665)[36867] == "1840:01:01 00:00:00"
        if "WEBP" not in (source, target):
            assert tuple(round(value) for value in image.info["dpi"]) == (400, 400)
    assert (XMP in written(page, target)) == (source == "TIFF")
    if "WEBP" not in (source, target) or page.format == target or page.metadata.dpi is None:
        assert "no place" not in " ".join(lost_on_the_way(page, target))
    else:
        assert "no place for this image's resolution" in " ".join(lost_on_the_way(page, target))


@pytest.mark.parametrize("target", ["PNG", "TIFF", "WEBP", "JPEG"])
def test_xmp_of_a_jpeg_goes_along(target: str) -> None:
    packet = b"http://ns.adobe.com/xap/1.0/\0" + XMP
    data = jpeg(picture("RGB"))
    page = read(data[:2] + b"\xff\xe1" + struct.pack(">H", len(packet) + 2) + packet + data[2:])
    assert page.metadata.xmp == XMP
    assert written(page, target).count(XMP) == 1


def test_what_a_format_cannot_carry_is_said() -> None:
    page = read(saved(picture("RGB"), "WEBP", icc_profile=ICC, xmp=XMP, lossless=True))
    assert lost_on_the_way(page, "BMP") == ("BMP has no place for this image's XMP; the output is without",)
    assert "encoded anew" in lost_on_the_way(page, "JPEG")[0]


@pytest.mark.parametrize(
    ("pixels", "mode", "file_format", "offers"),
    [
        (samples("CMYK"), "CMYK", "PNG", ".tif or .jpg"),
        (samples("RGBA"), "RGBA", "JPEG", ".png or .tif or .webp or .bmp"),
        (sixteen(3), "RGB", "JPEG", ".png or .tif"),
        (samples("L"), "L", "WEBP", ".png or .tif or .jpg or .bmp"),
        (samples("1"), "1", "JPEG", ".png or .tif or .bmp"),
    ],
)
def test_a_format_that_would_change_the_samples_is_refused(
    pixels: np.ndarray, mode: str, file_format: str, offers: str
) -> None:
    with pytest.raises(ArgumentError) as caught:
        check_fits(pixels, mode, file_format)
    assert caught.value.fix.endswith(f"ends in {offers}")


def test_the_extension_names_the_format() -> None:
    assert format_of(Path("a/b.c/page.TIF")) == "TIFF"
    # Formats that are only read, such as HEIF, are not offered.
    with pytest.raises(ArgumentError, match=r"name it one of \.png, .*, \.jpf, \.pdf$"):
        format_of(Path("page.xyz"))


@pytest.mark.parametrize("samples", [np.eye(5, 7, dtype=bool), np.arange(35, dtype=np.uint8).reshape(5, 7)])
def test_drawn_pictures_are_plain_pngs(samples: np.ndarray) -> None:
    with Image.open(io.BytesIO(png_of(samples[:, ::-1]))) as image:
        assert (image.format, image.info) == ("PNG", {})
        np.testing.assert_array_equal(np.array(image), samples[:, ::-1])


@pytest.mark.parametrize(
    ("page", "file", "anew"),
    [
        ("JPEG", "JPEG", True),
        ("PNG", "JPEG", True),
        ("JPEG", "PDF", True),
        ("JPEG", "PNG", False),
        ("PDF", "PDF", False),
    ],
)
def test_only_jpeg_changes_pixels_everywhere(page: str, file: str, anew: bool) -> None:
    assert is_encoded_anew(page, file) is anew
