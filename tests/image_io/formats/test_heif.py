from __future__ import annotations

import io
import struct
import sys
from types import SimpleNamespace
from typing import Any

import imagecodecs
import numpy as np
import pi_heif
import pytest
from PIL import Image

from bokwon.errors import ArgumentError, InputFileError, MissingDependencyError
from bokwon.image_io.document import open_document
from bokwon.image_io.formats import heif
from bokwon.image_io.formats.table import FORMATS, format_of_content
from bokwon.image_io.metadata import Metadata
from bokwon.image_io.output_formats import check_fits
from bokwon.image_io.source import Source

RGB = np.random.default_rng(2).integers(0, 256, (24, 40, 3)).astype(np.uint8)


def avif(pixels: np.ndarray = RGB, **settings: Any) -> bytes:
    return bytes(imagecodecs.avif_encode(pixels, level=100, **settings))


def brand(*names: bytes) -> bytes:
    return struct.pack(">I4s", 16 + 4 * (len(names) - 1), b"ftyp") + names[0] + bytes(4) + b"".join(names[1:])


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (brand(b"heic", b"mif1", b"heic"), "HEIF"),
        (brand(b"mif1", b"heic"), "HEIF"),
        (brand(b"avif", b"mif1"), "AVIF"),
        (brand(b"mif1", b"avif"), "AVIF"),
        (brand(b"isom", b"mp41"), None),
        (brand(b"crx "), None),
        (b"\0\0\0\x0cjunk", None),
        (b"", None),
    ],
)
def test_formats_are_told_by_their_brands(head: bytes, name: str | None) -> None:
    assert getattr(format_of_content(head), "name", None) == name


@pytest.mark.parametrize("channels", [3, 4])
def test_samples_of_avif_are_those_of_another_decoder(channels: int) -> None:
    pixels = np.dstack([RGB, RGB[..., :1]])[..., :channels]
    data = avif(np.ascontiguousarray(pixels))
    page = heif.decode_avif("page.avif", io.BytesIO(data), 10_000)
    assert (page.format, page.mode) == ("AVIF", "RGBA" if channels == 4 else "RGB")
    np.testing.assert_allclose(page.pixels.astype(int), imagecodecs.avif_decode(data), atol=1)
    assert page.notices == ()


def test_more_than_eight_bits_of_avif_are_told() -> None:
    data = avif(RGB.astype(np.uint16) << 2, bitspersample=10)
    page = heif.decode_avif("page.avif", io.BytesIO(data), 10_000)
    assert page.notices == ("page.avif has samples of more than 8 bits; they come back with 8",)


def test_what_avif_carries_is_kept() -> None:
    exif = Image.Exif()
    exif[274] = 6
    stream = io.BytesIO()
    Image.fromarray(RGB).save(stream, "AVIF", exif=exif, icc_profile=b"profile", xmp=b"<x/>")
    page = heif.decode_avif("page.avif", stream, 10_000)
    assert (page.metadata.icc, page.metadata.xmp, page.metadata.orientation) == (b"profile", b"<x/>", 6)


def test_sequences_and_larger_pictures_are_refused() -> None:
    stream = io.BytesIO()
    Image.fromarray(RGB).save(stream, "AVIF", save_all=True, append_images=[Image.fromarray(255 - RGB)])
    with pytest.raises(InputFileError, match=r"holds 2 pages; split the sequence first, for example with ffmpeg"):
        heif.decode_avif("page.avif", stream, 10_000)
    with pytest.raises(InputFileError, match="more than"):
        heif.decode_avif("page.avif", io.BytesIO(avif()), 24 * 40 - 1)


class Decoded:
    """What pi-heif, which cannot write a file to read, returns of one."""

    def __init__(self, pixels: np.ndarray, mode: str, info: dict[str, Any], pictures: int = 1) -> None:
        self.pixels, self.mode, self.info, self.pictures = pixels, mode, info, pictures
        self.size = pixels.shape[1], pixels.shape[0]

    def __len__(self) -> int:
        return self.pictures

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        return self.pixels


@pytest.mark.parametrize(("mode", "dtype"), [("RGB", np.uint8), ("RGB;16", np.uint16)])
def test_a_picture_of_heif_is_upright_and_keeps_its_depth(
    monkeypatch: pytest.MonkeyPatch, mode: str, dtype: type
) -> None:
    exif = Image.Exif()
    exif[274] = 6
    pixels = RGB.astype(dtype) * (257 if dtype is np.uint16 else 1)
    found = Decoded(pixels, mode, {"exif": exif.tobytes(), "icc_profile": b"profile", "xmp": b"<x/>"}, pictures=2)
    asked: dict[str, Any] = {}
    monkeypatch.setattr(pi_heif, "open_heif", lambda stream, **settings: asked.update(settings) or found)
    page = heif.decode_heif("page.heic", io.BytesIO(), 10_000)
    assert asked == {"convert_hdr_to_8bit": False}
    assert (page.format, page.mode, page.pixels.dtype) == ("HEIF", "RGB", dtype)
    np.testing.assert_array_equal(page.pixels, pixels)
    assert page.notices == ("page.heic holds 2 pictures; only the main one is read",)
    assert (page.metadata.icc, page.metadata.orientation) == (b"profile", 1)
    again = Image.Exif()
    again.load(page.metadata.exif or b"")
    assert again[274] == 1


def test_colours_multiplied_by_alpha_and_larger_pictures_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    found = Decoded(np.zeros((3, 4, 4), np.uint8), "RGBa", {})
    monkeypatch.setattr(pi_heif, "open_heif", lambda stream, **settings: found)
    with pytest.raises(InputFileError, match="multiplied"):
        heif.decode_heif("page.heic", io.BytesIO(), 10_000)
    with pytest.raises(InputFileError, match="more than"):
        heif.decode_heif("page.heic", io.BytesIO(), 11)


def test_a_damaged_heif_is_damaged_and_without_its_package_a_missing_one(monkeypatch: pytest.MonkeyPatch) -> None:
    source = Source("page.heic", data=brand(b"heic", b"mif1") + bytes(200))
    with (
        pytest.raises(InputFileError, match=r"page\.heic is damaged"),
        open_document(source, max_pixels=100) as document,
    ):
        document.page(1)
    monkeypatch.setitem(sys.modules, "pi_heif", None)
    with pytest.raises(MissingDependencyError, match=r"bokwon\[heif\]"):
        heif.decode_heif("page.heic", io.BytesIO(), 100)


@pytest.mark.parametrize("name", ["HEIF", "AVIF"])
def test_neither_is_written(name: str) -> None:
    assert FORMATS[name].is_read_only
    with pytest.raises(ArgumentError, match=f"bokwon reads {name} and does not write it; .*\\.png"):
        check_fits(RGB, "RGB", name)
    with pytest.raises(ArgumentError):
        heif.encode(io.BytesIO(), RGB, "RGB", Metadata())
    assert not any(FORMATS[other].is_read_only for other in FORMATS if other not in ("HEIF", "AVIF"))


def test_a_pillow_without_avif_is_a_missing_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "PIL.features", SimpleNamespace(check=lambda name: False))
    monkeypatch.setattr("PIL.features", SimpleNamespace(check=lambda name: False), raising=False)
    with pytest.raises(MissingDependencyError, match="without AVIF"):
        heif.decode_avif("page.avif", io.BytesIO(avif()), 10_000)
