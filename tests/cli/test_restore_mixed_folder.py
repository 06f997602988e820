"""An archive's folder: 200 files of every format and kind, ten of them broken, through one command."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path

import imagecodecs
import numpy as np
import pikepdf
import pytest
import tifffile
from PIL import Image

from bokwon.cli.main import main
from bokwon.image_io.document import open_document
from bokwon.image_io.reader import Source

SIZE = (36, 44)
HOLE = np.zeros(SIZE, bool)
HOLE[8:20, 10:25] = True
LIMIT = 10**6


def noise(seed: int, channels: int, dtype: type) -> np.ndarray:
    shape = SIZE if channels == 1 else (*SIZE, channels)
    return np.random.default_rng(seed).integers(0, np.iinfo(dtype).max, shape, endpoint=True).astype(dtype)


def pillow(mode: str, kind: str, **settings: object):
    def make(seed: int) -> bytes:
        rgb = Image.fromarray(noise(seed, 3, np.uint8))
        image = Image.fromarray(noise(seed, 4, np.uint8)) if mode in ("RGBA", "LA") else rgb
        stream = io.BytesIO()
        (image if image.mode == mode else image.convert(mode)).save(stream, kind, **settings)
        return stream.getvalue()

    return make


def tiff(channels: int, dtype: type, photometric: str | None = None, **settings: object):
    def make(seed: int) -> bytes:
        stream = io.BytesIO()
        kind = photometric or ("rgb" if channels >= 3 else "minisblack")
        if channels == 4 and kind == "rgb":
            settings["extrasamples"] = ["unassalpha"]
        tifffile.imwrite(
            stream, noise(seed, channels, dtype), photometric=kind, metadata=None, resolution=(300, 300), **settings
        )
        return stream.getvalue()

    return make


def book(seed: int) -> bytes:
    stream = io.BytesIO()
    with tifffile.TiffWriter(stream) as writer:
        writer.write(noise(seed, 3, np.uint8), photometric="rgb", metadata=None)
        writer.write(noise(seed + 1, 1, np.uint16), photometric="minisblack", metadata=None)
    return stream.getvalue()


def pdf(seed: int) -> bytes:
    document = pikepdf.new()
    image = document.make_stream(noise(seed, 3, np.uint8).tobytes())
    image.Type, image.Subtype = pikepdf.Name.XObject, pikepdf.Name.Image
    image.Width, image.Height, image.ColorSpace, image.BitsPerComponent = SIZE[1], SIZE[0], pikepdf.Name.DeviceRGB, 8
    page = document.add_blank_page(page_size=(44, 36))
    page.Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(Im0=document.make_indirect(image)))
    page.Contents = document.make_stream(b"q 44 0 0 36 0 0 cm /Im0 Do Q")
    stream = io.BytesIO()
    document.save(stream)
    return stream.getvalue()


def jpeg2000(channels: int, dtype: type):
    return lambda seed: bytes(
        imagecodecs.jpeg2k_encode(noise(seed, channels, dtype), level=0, reversible=True, codecformat="jp2")
    )


KINDS = [
    (".png", pillow("RGB", "PNG")),
    (".png", pillow("RGBA", "PNG")),
    (".png", pillow("LA", "PNG")),
    (".png", pillow("1", "PNG")),
    (".jpg", pillow("RGB", "JPEG", quality=85)),
    (".jpeg", pillow("L", "JPEG", progressive=True)),
    (".JPG", pillow("CMYK", "JPEG")),
    (".webp", pillow("RGB", "WEBP")),
    (".bmp", pillow("RGB", "BMP")),
    (".bmp", pillow("1", "BMP")),
    (".tif", pillow("1", "TIFF", compression="group4")),
    (".tif", pillow("CMYK", "TIFF", compression="tiff_lzw")),
    (".tif", pillow("RGB", "TIFF", compression="jpeg")),
    (".tif", tiff(1, np.uint8, compression="packbits")),
    (".tif", tiff(1, np.uint8, "miniswhite")),
    (".tif", tiff(4, np.uint8)),
    (".tif", tiff(4, np.uint16, "separated", compression="adobe_deflate")),
    (".tif", tiff(4, np.uint16)),
    (".tif", tiff(1, np.uint16)),
    (".tiff", tiff(3, np.uint16, compression="adobe_deflate")),
    (".tif", tiff(3, np.uint8, tile=(16, 16), compression="lzw")),
    (".tif", book),
    (".pdf", pdf),
    (".jp2", jpeg2000(3, np.uint8)),
    (".jp2", jpeg2000(1, np.uint16)),
]
# One in each of these is cut off or overwritten: PNG, JPEG, WebP, BMP, four kinds of TIFF, PDF, JPEG 2000.
BROKEN = (0, 4, 7, 8, 10, 11, 15, 20, 22, 23)


def pages(path: Path) -> Iterator[tuple[str, np.ndarray, tuple[object, ...]]]:
    with open_document(Source.of(path), max_pixels=LIMIT) as opened:
        for number in range(1, opened.pages + 1):
            page = opened.page(number)
            told = page.metadata
            # But for XMP, which gets the mark of the restoration.
            tiff = told.tiff and (told.tiff.tile, told.tiff.white_is_zero, told.tiff.tags.keys() - {700})
            yield page.mode, page.pixels, (page.format, told.dpi, told.orientation, told.icc, tiff)


@pytest.mark.slow
def test_a_folder_of_two_hundred_goes_through(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("in/box").mkdir(parents=True)
    Path("masks/box").mkdir(parents=True)
    broken = set()
    for number in range(200):
        extension, make = KINDS[number % len(KINDS)]
        name = f"{'box/' if number % 3 == 0 else ''}{number:03}{extension}"
        data = make(number)
        if number < len(KINDS) and number in BROKEN:
            broken.add(name)
            data = data[: len(data) // 3] if number % 2 else b"\0" * 50 + data[50:]
        (Path("in") / name).write_bytes(data)
        stem = f"masks/{name.removesuffix(extension)}"
        for page in ("_p001.png", "_p002.png") if make is book else (".png",):
            Image.fromarray(HOLE).save(stem + page)
    with pytest.raises(SystemExit) as left:
        main(["restore", "in", "out", "--masks", "masks", "-r", "-j", "2", "--method", "telea", "-q"])
    assert left.value.code == 4
    entries = [json.loads(line) for line in Path("out/report.jsonl").read_text().splitlines()]
    assert len(entries) == 200
    assert {entry["file"] for entry in entries if entry["status"] == "failed"} == broken
    assert {entry["status"] for entry in entries} == {"failed", "restored"}
    assert all(entry["code"] == 2 and entry["error"] for entry in entries if entry["status"] == "failed")
    for entry in entries:
        if entry["status"] == "restored":
            old, new = list(pages(Path("in") / entry["file"])), list(pages(Path("out") / entry["file"]))
            assert [(mode, page.dtype, page.shape, told) for mode, page, told in old] == [
                (mode, page.dtype, page.shape, told) for mode, page, told in new
            ], entry["file"]
            for (_, before, _), (_, after, _) in zip(old, new, strict=True):
                if not entry["file"].lower().endswith((".jpg", ".jpeg")):
                    np.testing.assert_array_equal(before[~HOLE], after[~HOLE], err_msg=entry["file"])
                assert not np.array_equal(before[HOLE], after[HOLE]), entry["file"]
