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


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA"])
@pytest.mark.parametrize("at_once", [0, 1 << 27])
def test_both_encoders_write_the_same_samples_between_header_and_blocks(
    monkeypatch: pytest.MonkeyPatch, mode: str, at_once: int
) -> None:
    monkeypatch.setattr(png, "_AT_ONCE", at_once)
    pixels = {"L": RGB[..., 0], "RGB": RGB, "RGBA": np.dstack([RGB, RGB[..., :1]])}[mode]
    stream = io.BytesIO()
    png.encode(stream, np.ascontiguousarray(pixels), mode, Metadata(dpi=(300.0, 300.0)))
    with Image.open(stream) as image:
        assert image.mode == mode
        np.testing.assert_array_equal(np.asarray(image), pixels)
    assert [name for name, _ in chunks(stream.getvalue())][:3] == [b"IHDR", b"pHYs", b"IDAT"]


def test_colour_that_opencv_does_not_read_is_read_by_pillow(monkeypatch: pytest.MonkeyPatch) -> None:
    data = saved(Image.fromarray(RGB))
    quick = read(data)
    asked = []
    monkeypatch.setattr(png.opencv, "decode_eight_bits", lambda data: asked.append(data))
    np.testing.assert_array_equal(read(data).pixels, quick.pixels)
    np.testing.assert_array_equal(quick.pixels, RGB)
    assert len(asked) == 1


def test_every_row_is_filtered_by_the_one_above() -> None:
    data = b"".join(body for name, body in chunks(written(Page(RGB, "RGB", "PNG", Metadata()))) if name == b"IDAT")
    rows = np.frombuffer(zlib.decompress(data), np.uint8).reshape(23, -1)
    assert (rows[:, 0] == 2).all()
    np.testing.assert_array_equal(rows[1:, 1:], (RGB[1:] - RGB[:-1]).reshape(22, -1))


def test_gray_with_alpha_of_sixteen_bits_is_written_as_other_decoders_read_it() -> None:
    stream = io.BytesIO()
    png.encode(stream, np.ascontiguousarray(DEEP[..., :2]), "LA", Metadata())
    assert stream.getvalue()[24:26] == bytes((16, 4))
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


KEYS = {
    "16-bit RGB": (deep(3), DEEP[0, 0, :3].tolist()),
    "8-bit RGB": (saved(Image.fromarray(RGB)), RGB[0, 0].tolist()),
    "8-bit gray": (saved(Image.fromarray(RGB[..., 0])), [int(RGB[0, 0, 0])]),
    "16-bit gray": (saved(Image.fromarray(DEEP[..., 0])), [int(DEEP[0, 0, 0])]),
    "1 bit": (saved(Image.fromarray(RGB[..., 0] > 127)), [1]),
}


def keyed(data: bytes, key: list[int]) -> bytes:
    return data[:33] + chunk(b"tRNS", struct.pack(f">{len(key)}H", *key)) + data[33:]


@pytest.mark.parametrize("kind", KEYS)
def test_a_transparent_value_is_alpha_in_between_and_the_same_file_again(kind: str) -> None:
    data, key = KEYS[kind]
    plain = read(data)
    page = read(keyed(data, key))
    assert page.mode == {"RGB": "RGBA"}.get(plain.mode, "LA")
    assert page.metadata.alpha_of_values
    stacked = plain.pixels.reshape(23, 34, -1)
    np.testing.assert_array_equal(page.pixels[..., -1] == 0, (stacked == np.array(key)).all(-1))
    again = written(page)
    assert (b"tRNS", struct.pack(f">{len(key)}H", *key)) in chunks(again)
    without = chunks(again)[0][1]
    assert without == chunks(data)[0][1]
    np.testing.assert_array_equal(read(again).pixels, page.pixels)


@pytest.mark.parametrize("kind", ["8-bit RGB", "8-bit gray", "16-bit gray", "1 bit"])
def test_what_is_opaque_never_becomes_the_transparent_value(kind: str) -> None:
    data, key = KEYS[kind]
    page = read(keyed(data, key))
    full = np.iinfo(page.pixels.dtype).max
    page.pixels[..., :-1] = np.array(page.metadata.png_key)
    page.pixels[:10, :, -1], page.pixels[10:, :, -1] = 0, full
    again = read(written(page)).pixels
    assert (again[:10, :, -1] == 0).all()
    assert (again[10:, :, -1] == full).all()


def test_a_chunk_with_a_wrong_checksum_is_left_out_and_it_is_said() -> None:
    described = PngImagePlugin.PngInfo()
    described.add_text("Title", "folio 3")
    data = saved(Image.fromarray(RGB), pnginfo=described, icc_profile=ICC)
    at = data.index(b"folio")
    page = read(data[:at] + b"F" + data[at + 1 :])
    np.testing.assert_array_equal(page.pixels, RGB)
    assert page.warnings == ("page.png: chunks that are damaged are not kept: tEXt",)
    assert page.metadata.icc == ICC


@pytest.mark.parametrize("name", [b"iCCP", b"eXIf", b"pHYs", b"iTXt", b"gAMA", b"tRNS", b"bKGD", b"sBIT", b"hIST"])
def test_no_chunk_beside_the_samples_keeps_a_picture_from_being_read(name: bytes) -> None:
    data = saved(Image.fromarray(RGB))
    page = read(data[:33] + chunk(name, b"\xff") + data[33:])
    np.testing.assert_array_equal(page.pixels, RGB)
    read(written(page))


def test_an_exif_block_without_a_header_is_kept_as_it_is() -> None:
    data = saved(Image.fromarray(RGB))
    page = read(data[:33] + chunk(b"eXIf", b"no header") + data[33:])
    assert page.metadata.orientation == 1
    assert (b"eXIf", b"no header") in chunks(written(page))


def test_bytes_behind_the_picture_are_told_and_padding_is_not() -> None:
    data = saved(Image.fromarray(RGB))
    assert read(data + b"film").notices == ("page.png: 4 bytes behind its picture are not kept",)
    assert read(data + bytes(40)).notices == ()


def test_a_wrong_checksum_of_samples_and_a_missing_end_are_warnings() -> None:
    data = saved(Image.fromarray(RGB))
    at = data.index(b"IEND") - 8
    (wrong,) = read(data[:at] + bytes(4) + data[at + 4 :]).warnings
    assert "a checksum of its samples is wrong" in wrong
    (short,) = read(data[:-12]).warnings
    assert "its last chunk is missing" in short
    for cut in (13, 16):
        page = read(data[:-cut])
        np.testing.assert_array_equal(page.pixels, RGB)
        assert len(page.warnings) == 1


def test_a_chunk_that_no_decoder_may_pass_over_is_refused() -> None:
    data = saved(Image.fromarray(RGB))
    with pytest.raises(InputFileError, match="CgBI"):
        read(data[:33] + chunk(b"CgBI", bytes(4)) + data[33:])


def test_metadata_of_other_formats_becomes_chunks() -> None:
    made = png.chunks_of(Metadata(icc=b"profile", exif=b"II*\0", xmp=b"<x/>", dpi=(254.0, 127.0)))
    assert [name for name, _ in made] == [b"iCCP", b"pHYs", b"eXIf", b"iTXt"]
    assert zlib.decompress(made[0][1].removeprefix(b"ICC profile\0\0")) == b"profile"
    assert made[1][1] == struct.pack(">IIB", 10000, 5000, 1)
    assert made[3][1].endswith(b"\0<x/>")


def test_animations_are_refused() -> None:
    image = Image.fromarray(RGB)
    with pytest.raises(InputFileError, match=r"page\.png holds 2 pages"):
        read(saved(image, save_all=True, append_images=[Image.new("RGB", image.size)]))
