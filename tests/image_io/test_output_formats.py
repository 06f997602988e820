"""Every format, mode and depth once through a file: samples outside a change are the same, metadata stays."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image, ImageCms, PngImagePlugin, TiffImagePlugin

from bokwon.errors import ArgumentError
from bokwon.image_io.formats.tiff import directories
from bokwon.image_io.output_formats import check_fits, encode_page, format_of, lost_on_the_way
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


def test_big_endian_tiff_is_read_with_its_tags() -> None:
    image = Image.frombytes("I;16B", (WIDTH, HEIGHT), sixteen(1).astype(">u2").tobytes())
    page = read(saved(image, "TIFF", dpi=(300, 150), description="folio 3"))
    np.testing.assert_array_equal(page.pixels, sixteen(1))
    again = read(written(page))
    np.testing.assert_array_equal(again.pixels, sixteen(1))
    assert again.metadata.dpi == (300, 150)
    assert again.metadata.tiff is not None
    assert again.metadata.tiff.tags[270].data == b"folio 3\0"


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


def test_small_gray_samples_come_back_with_eight_bits_and_it_is_said() -> None:
    rows = b"".join(b"\0" + bytes([0x1B] * 2) for _ in range(4))
    ihdr = struct.pack(">IIBBBBB", 8, 4, 2, 0, 0, 0, 0)
    chunks = [(b"IHDR", ihdr), (b"sBIT", b"\x02"), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    data = b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)) for name, body in chunks
    )
    page = read(data)
    np.testing.assert_array_equal(page.pixels[0], [0, 85, 170, 255] * 2)
    assert "less than 8 bits" in " ".join(page.notices)
    assert b"sBIT" not in written(page)


def png_chunks(data: bytes) -> list[tuple[bytes, bytes]]:
    chunks, position = [], 8
    while position < len(data):
        (length,) = struct.unpack(">I", data[position : position + 4])
        chunks.append((data[position + 4 : position + 8], data[position + 8 : position + 8 + length]))
        position += 12 + length
    return chunks


@pytest.mark.parametrize("colour", [3, None], ids=["16-bit RGB", "8-bit RGB"])
def test_png_chunks_are_copied_byte_for_byte(colour: int | None) -> None:
    described = PngImagePlugin.PngInfo()
    described.add_text("Title", "folio 3")
    described.add_itxt("Author", "김정희", "ko", "저자")
    described.add(b"gAMA", struct.pack(">I", 45455))
    described.add(b"cHRM", bytes(32))
    described.add(b"prVt", b"private, safe to copy")
    described.add(b"prVT", b"private, not safe to copy")
    exif = Image.Exif()
    exif[305] = "scanner"
    data = saved(picture("RGB"), "PNG", pnginfo=described, icc_profile=ICC, dpi=(400, 300), exif=exif)
    if colour:
        # The same chunks around 16-bit samples.
        ihdr_end = 33
        base = deep(".png", 3)
        extra = data[ihdr_end : data.index(b"IDAT") - 4]
        data = base[:ihdr_end] + extra + base[ihdr_end:]
    wanted = [chunk for chunk in png_chunks(data) if chunk[0] not in (b"IHDR", b"IDAT", b"IEND", b"prVT")]
    page = read(data)
    after = [chunk for chunk in png_chunks(written(page)) if chunk[0] not in (b"IHDR", b"IDAT", b"IEND")]
    assert len(wanted) >= 8
    assert after == wanted


def test_a_transparent_colour_stays_the_chunk_it_is() -> None:
    base = deep(".png", 3)
    body = struct.pack(">HHH", *sixteen(3)[0, 0].tolist())
    chunk = struct.pack(">I", 6) + b"tRNS" + body + struct.pack(">I", zlib.crc32(b"tRNS" + body))
    page = read(base[:33] + chunk + base[33:])
    assert page.mode == "RGB"
    np.testing.assert_array_equal(page.pixels, sixteen(3))
    assert (b"tRNS", body) in png_chunks(written(page))


def jpeg(image: Image.Image, **settings: object) -> bytes:
    exif = Image.Exif()
    exif[305] = "scanner"
    return saved(image, "JPEG", exif=exif, icc_profile=ICC, dpi=(300, 300), comment=b"folio 3", **settings)


@pytest.mark.parametrize("subsampling", [0, 1, 2])
@pytest.mark.parametrize("quality", [40, 92])
@pytest.mark.parametrize("progressive", [False, True])
def test_jpeg_keeps_tables_subsampling_scans_and_segments(subsampling: int, quality: int, progressive: bool) -> None:
    rows, columns = np.mgrid[0:HEIGHT, 0:WIDTH]
    smooth = np.stack([rows * 8, columns * 6, rows * 3 + columns * 3], axis=-1).astype(np.uint8)
    data = jpeg(Image.fromarray(smooth), quality=quality, subsampling=subsampling, progressive=progressive)
    iptc = b"\xff\xed" + struct.pack(">H", 2 + 18) + b"Photoshop 3.0\0IPTC"
    page = read(data[:2] + iptc + data[2:])
    again = read(written(page))
    assert page.metadata.jpeg is not None
    assert again.metadata.jpeg == page.metadata.jpeg
    assert again.metadata.jpeg.subsampling == subsampling
    assert again.metadata.jpeg.progressive == progressive
    assert iptc in again.metadata.jpeg.segments
    assert again.metadata.icc == ICC
    assert again.metadata.dpi == (300, 300)
    assert np.abs(again.pixels.astype(int) - page.pixels).mean() < 2


@pytest.mark.parametrize("mode", ["L", "CMYK"])
def test_gray_and_cmyk_jpeg_stay_gray_and_cmyk(mode: str) -> None:
    page = read(jpeg(picture(mode), quality=95))
    again = read(written(page))
    assert (again.mode, again.format) == (mode, "JPEG")
    np.testing.assert_allclose(again.pixels, page.pixels, atol=6)
    assert again.metadata.icc == ICC


def test_the_first_of_a_phone_s_pictures_is_kept_and_it_is_said() -> None:
    data = saved(picture("RGB"), "MPO", save_all=True, append_images=[picture("RGB")])
    page = read(data)
    assert (page.format, page.mode) == ("JPEG", "RGB")
    assert "only the first" in " ".join(page.notices)
    assert b"MPF\0" not in written(page)


def tagged(**settings: object) -> bytes:
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags[315], tags[700] = "artist", XMP
    tags[65000], tags.tagtype[65000] = b"\x00\x01 private", 7
    tags[34665] = {36867: "1840:01:01 00:00:00", 33434: TiffImagePlugin.IFDRational(1, 60)}
    return saved(picture("RGB"), "TIFF", tiffinfo=tags, icc_profile=ICC, dpi=(400, 400), **settings)


def test_tiff_tags_are_copied_byte_for_byte_known_or_not() -> None:
    data = tagged()
    # Not ASCII, as many scanning programs write it.
    described = directories.parse(io.BytesIO(data))
    described[270] = directories.Entry(2, 7, "사기".encode() + b"\0")
    data = data + b"\0" * (len(data) % 2)
    data = directories.file_header(len(data)) + data[8:] + directories.serialise(described, len(data))
    page = read(data)
    again = read(written(page))
    assert page.metadata.tiff is not None
    assert again.metadata.tiff == page.metadata.tiff
    assert {270, 282, 315, 700, 34665, 34675, 65000} <= set(again.metadata.tiff.tags)
    assert again.metadata.icc == ICC
    with Image.open(io.BytesIO(written(page))) as image:
        assert image.getexif().get_ifd(34665)[36867] == "1840:01:01 00:00:00"


@pytest.mark.parametrize(
    ("mode", "compression"),
    [
        ("RGB", "raw"),
        ("RGB", "tiff_lzw"),
        ("RGB", "tiff_adobe_deflate"),
        ("L", "packbits"),
        ("1", "group4"),
        ("1", "group3"),
    ],
)
def test_tiff_compression_is_kept(mode: str, compression: str) -> None:
    page = read(saved(picture(mode), "TIFF", compression=compression))
    again = read(written(page))
    assert again.metadata.tiff is not None
    assert again.metadata.tiff.compression == compression
    np.testing.assert_array_equal(again.pixels, samples(mode))
    assert lost_on_the_way(page, "TIFF") == ()


@pytest.mark.parametrize("compression", [1, 5, 8])
def test_compression_of_sixteen_bit_colour_is_kept(compression: int) -> None:
    done, encoded = cv2.imencode(".tiff", sixteen(3), [cv2.IMWRITE_TIFF_COMPRESSION, compression])
    assert done
    after = directories.parse(io.BytesIO(written(read(encoded.tobytes()))))
    assert directories.numbers(after[259]) == (compression,)


def test_jpeg_in_tiff_becomes_deflate_and_it_is_said() -> None:
    page = read(saved(picture("RGB"), "TIFF", compression="jpeg"))
    again = read(written(page))
    np.testing.assert_array_equal(again.pixels, page.pixels)
    assert again.metadata.tiff is not None
    assert again.metadata.tiff.compression == "tiff_adobe_deflate"
    assert "Deflate" in " ".join(lost_on_the_way(page, "TIFF"))


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


def test_white_is_zero_is_read_as_light() -> None:
    data = written(read(saved(Image.fromarray(sixteen(1)), "TIFF", compression="raw")))
    directory = directories.parse(io.BytesIO(data))
    directory[262] = directories.Entry.shorts(0)
    (position,) = struct.unpack("<I", data[4:8])
    page = read(data[:position] + directories.serialise(directory, position))
    np.testing.assert_array_equal(page.pixels, 65535 - sixteen(1))
    np.testing.assert_array_equal(read(written(page)).pixels, page.pixels)


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
        (samples("RGBA"), "RGBA", "JPEG", ".png or .tif or .webp"),
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
    with pytest.raises(ArgumentError, match=r"name it one of \.png"):
        format_of(Path("page.xyz"))
