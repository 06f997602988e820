"""Every kind of file of the Formats paragraph, through `bokwon restore`: what goes in comes out, but for the hole."""

from __future__ import annotations

import io
import struct
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import cv2
import imagecodecs
import numpy as np
import pikepdf
import pytest
import tifffile
from PIL import Image, ImageCms
from PIL.PngImagePlugin import PngInfo

from bokwon.cli.main import main
from bokwon.image_io.orientation import Orientation
from bokwon.image_io.reader import Source, read_page

TELEA = ("--method", "telea")
SIZE = (70, 90)
HOLE = np.zeros(SIZE, bool)
HOLE[10:22, 10:30] = True
PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
CHANNELS = {"L": 1, "LA": 2, "RGB": 3, "RGBA": 4, "CMYK": 4}


def restore(*arguments: str) -> int:
    with pytest.raises(SystemExit) as caught:
        main(["restore", *arguments, "--mask", "mask.png", *TELEA])
    return int(caught.value.code or 0)


def hide_imagecodecs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take away what the extra brings and no other: tifffile comes with others too."""
    monkeypatch.setitem(sys.modules, "imagecodecs", None)
    monkeypatch.setattr(
        "bokwon.image_io.formats.tiff.uncommon.find_spec",
        lambda name: None if name == "imagecodecs" else find_spec(name),
    )


def noise(mode: str, dtype: type = np.uint8) -> np.ndarray:
    shape = SIZE if CHANNELS[mode] == 1 else (*SIZE, CHANNELS[mode])
    samples = np.random.default_rng(1).integers(0, np.iinfo(dtype).max, shape, endpoint=True).astype(dtype)
    if mode in ("LA", "RGBA"):
        samples[..., -1] |= 1 << (samples.dtype.itemsize * 8 - 1)
    return samples


def check_restored(before: np.ndarray, after: np.ndarray) -> None:
    assert (before.dtype, before.shape) == (after.dtype, after.shape)
    np.testing.assert_array_equal(before[~HOLE], after[~HOLE])
    assert not np.array_equal(before[HOLE], after[HOLE])


def write_tiff(path: str, mode: str, dtype: type, **settings: object) -> np.ndarray:
    samples = noise(mode, dtype)
    separate = settings.get("planarconfig") == "separate"
    settings.setdefault("planarconfig", "contig" if samples.ndim == 3 else None)
    tifffile.imwrite(
        path,
        np.moveaxis(samples, -1, 0) if separate else samples,
        photometric={"RGB": "rgb", "RGBA": "rgb", "CMYK": "separated"}.get(mode, "minisblack"),
        extrasamples=["unassalpha"] if mode in ("LA", "RGBA") else None,
        metadata=None,
        description="folio 3",
        iccprofile=PROFILE,
        resolution=(400, 300),
        resolutionunit="inch",
        **settings,
    )
    return samples


@pytest.mark.parametrize(
    "settings",
    [{}, {"tile": (32, 48)}, {"byteorder": ">"}, {"byteorder": ">", "bigtiff": True}, {"bigtiff": True}],
    ids=["strips", "tiles", "big-endian", "big-endian BigTIFF", "BigTIFF"],
)
@pytest.mark.parametrize("compression", [None, "lzw", "zlib", "packbits"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("mode", sorted(CHANNELS))
def test_tiff_keeps_mode_depth_compression_and_tiles(
    folder: Path, mode: str, dtype: type, compression: str | None, settings: dict[str, object]
) -> None:
    samples = write_tiff("page.tif", mode, dtype, compression=compression, **settings)
    assert restore("page.tif", "out.tif") == 0
    with tifffile.TiffFile("page.tif") as before, tifffile.TiffFile("out.tif") as after:
        (page,), (out,) = before.pages, after.pages
        assert after.is_bigtiff == before.is_bigtiff
        check_restored(samples, out.asarray())
        assert (out.compression, out.photometric, out.extrasamples) == (
            page.compression,
            page.photometric,
            page.extrasamples,
        )
        assert (out.is_tiled, out.tilewidth, out.tilelength) == (page.is_tiled, page.tilewidth, page.tilelength)
        for tag in ("ImageDescription", "InterColorProfile", "XResolution", "YResolution", "ResolutionUnit"):
            assert out.tags[tag].value == page.tags[tag].value


@pytest.mark.parametrize("compression", [None, "lzw"])
@pytest.mark.parametrize("mode", ["LA", "RGB", "RGBA", "CMYK"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_planes_that_lie_apart_are_put_together(folder: Path, mode: str, dtype: type, compression: str | None) -> None:
    samples = write_tiff("page.tif", mode, dtype, planarconfig="separate", compression=compression)
    assert restore("page.tif", "out.tif") == 0
    check_restored(samples, tifffile.imread("out.tif"))


@pytest.mark.parametrize("compression", ["zstd", "lzma"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("mode", sorted(CHANNELS))
def test_tiff_keeps_a_newer_lossless_compression_with_the_extra(
    folder: Path, mode: str, dtype: type, compression: str, capsys: pytest.CaptureFixture[str]
) -> None:
    samples = write_tiff("page.tif", mode, dtype, compression=compression)
    assert restore("page.tif", "out.tif") == 0
    assert "not kept" not in capsys.readouterr().err
    with tifffile.TiffFile("out.tif") as after:
        check_restored(samples, after.pages[0].asarray())
        assert after.pages[0].compression.name == compression.upper()
        assert after.pages[0].tags["ImageDescription"].value == "folio 3"


@pytest.mark.parametrize(
    ("mode", "settings"),
    [("CMYK", {}), ("RGB", {"compression": "zstd"}), ("RGB", {"compression": "jpeg2000", "tile": (32, 48)})],
)
def test_a_tiff_that_lacks_a_part_is_refused(
    folder: Path, mode: str, settings: dict[str, object], capsys: pytest.CaptureFixture[str]
) -> None:
    write_tiff("page.tif", mode, np.uint16, **({} if "tile" in settings else {"rowsperstrip": 16}), **settings)
    with tifffile.TiffFile("page.tif", mode="r+b") as file:
        tag = file.pages[0].tags["TileByteCounts" if "tile" in settings else "StripByteCounts"]
        tag.overwrite((*tag.value[:-1], 0))
    assert restore("page.tif", "out.tif") == 2
    assert "page.tif is damaged: parts of it are missing" in capsys.readouterr().err


def test_a_block_that_holds_more_than_it_says_is_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_tiff("page.tif", "RGB", np.uint8, compression="jpeg2000")
    data = bytearray(Path("page.tif").read_bytes())
    place = data.index(b"\xff\x4f\xff\x51")
    data[place + 8 : place + 16] = struct.pack(">II", 12000, 12000)
    Path("page.tif").write_bytes(data)
    assert restore("page.tif", "out.tif") == 2
    assert "is damaged" in capsys.readouterr().err
    write_tiff("wide.tif", "CMYK", np.uint16, tile=(128, 128), compression="zlib")
    with tifffile.TiffFile("wide.tif", mode="r+b") as file:
        file.pages[0].tags["TileWidth"].overwrite(16384)
        file.pages[0].tags["TileLength"].overwrite(32768)
    assert restore("wide.tif", "out.tif") == 2
    assert "blocks of wide.tif are of 16384x32768 pixels" in capsys.readouterr().err


def test_a_mask_of_two_pages_is_none_for_one(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_tiff("page.tif", "RGB", np.uint8)
    Path("masks").mkdir()
    with tifffile.TiffWriter("masks/page_p001.tif") as writer:
        for _ in range(2):
            writer.write(np.asarray(Image.open("mask.png").convert("L")), compression="jpeg2000", metadata=None)
    with pytest.raises(SystemExit) as caught:
        main(["restore", "page.tif", "out.tif", "--mask", "masks", *TELEA])
    assert caught.value.code == 2
    assert "holds 2 pages" in capsys.readouterr().err


def test_samples_with_a_sign_are_no_damage(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tifffile.imwrite("page.tif", noise("RGB", np.uint16).astype(np.int16), photometric="rgb", compression="zstd")
    assert restore("page.tif", "out.tif") == 2
    assert "damaged" not in capsys.readouterr().err


def test_a_newer_compression_becomes_deflate_where_the_extra_is_missing_and_it_is_said(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    samples = write_tiff("page.tif", "RGB", np.uint8, compression="zstd")
    hide_imagecodecs(monkeypatch)
    assert restore("page.tif", "out.tif") == 0
    assert "the output is Deflate, without loss (pip install 'bokwon[archive]' keeps it)" in capsys.readouterr().err
    check_restored(samples, np.array(Image.open("out.tif")))


_LOSSY = [("jpeg2000", mode, dtype) for mode in sorted(CHANNELS) for dtype in (np.uint8, np.uint16)]


@pytest.mark.parametrize(
    ("compression", "mode", "dtype"), [*_LOSSY, ("webp", "RGB", np.uint8), ("webp", "RGBA", np.uint8)]
)
def test_tiff_of_a_compression_that_may_lose_is_read_and_becomes_deflate(
    folder: Path, mode: str, dtype: type, compression: str, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = {"compressionargs": {"lossless": True}} if compression == "webp" else {}
    write_tiff("page.tif", mode, dtype, compression=compression, **settings)
    samples = tifffile.imread("page.tif")
    assert restore("page.tif", "out.tif") == 0
    assert f"TIFF compression {compression} is not kept" in capsys.readouterr().err
    check_restored(samples, tifffile.imread("out.tif"))
    with tifffile.TiffFile("out.tif") as after:
        assert after.pages[0].compression.name == "ADOBE_DEFLATE"


@pytest.mark.parametrize("mode", sorted(CHANNELS))
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("orientation", [3, 6])
def test_a_turned_tiff_keeps_its_samples_and_its_tag(
    folder: Path, mode: str, dtype: type, orientation: int, capsys: pytest.CaptureFixture[str]
) -> None:
    samples = write_tiff("page.tif", mode, dtype, extratags=[(274, "H", 1, orientation, True)])
    # The mask is drawn on what viewers show.
    Image.fromarray(np.ascontiguousarray(Orientation(orientation).apply(HOLE))).save("mask.png")
    assert restore("page.tif", "out.tif") == 0
    assert "drawn upright, turned as the image's pixels are stored" in capsys.readouterr().err
    check_restored(samples, tifffile.imread("out.tif"))
    with tifffile.TiffFile("out.tif") as after:
        assert after.pages[0].tags[274].value == orientation


def test_tiles_become_strips_where_the_extra_is_missing_and_it_is_said(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    samples = write_tiff("page.tif", "RGB", np.uint8, tile=(32, 48))
    write_tiff("deep.tif", "CMYK", np.uint16)
    hide_imagecodecs(monkeypatch)
    assert restore("page.tif", "out.tif") == 0
    assert "tiles of this TIFF become strips (pip install 'bokwon[archive]' keeps them)" in capsys.readouterr().err
    check_restored(samples, np.array(Image.open("out.tif")))
    assert restore("deep.tif", "out.tif") == 3
    assert "pip install 'bokwon[archive]'" in capsys.readouterr().err


def test_one_bit_tiles_become_strips_and_it_is_said(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bits = noise("L") > 127
    tifffile.imwrite("page.tif", bits, photometric="minisblack", tile=(32, 48), metadata=None)
    assert restore("page.tif", "out.tif") == 0
    assert "tiles of this TIFF become strips\n" in capsys.readouterr().err
    check_restored(bits, read_page(Source.of(Path("out.tif"))).pixels)


def test_pages_of_a_book_may_be_deep_and_tiled(folder: Path) -> None:
    with tifffile.TiffWriter("book.tif") as writer:
        writer.write(
            noise("CMYK", np.uint16), photometric="separated", compression="zlib", tile=(32, 48), metadata=None
        )
        writer.write(noise("RGB"), photometric="rgb", compression="lzw", tile=(16, 16), metadata=None)
    with tifffile.TiffWriter("masks.tif") as writer:
        for _ in range(2):
            writer.write(HOLE.astype(np.uint8) * 255, photometric="minisblack", metadata=None)
    with pytest.raises(SystemExit) as caught:
        main(["restore", "book.tif", "out.tif", "--mask", "masks.tif", *TELEA])
    assert not caught.value.code
    with tifffile.TiffFile("book.tif") as before, tifffile.TiffFile("out.tif") as after:
        for old, new in zip(before.pages, after.pages, strict=True):
            check_restored(old.asarray(), new.asarray())
            assert (old.tilewidth, old.compression) == (new.tilewidth, new.compression)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize(("mode", "photometric"), [("LA", "minisblack"), ("RGBA", "rgb")])
def test_colours_multiplied_by_alpha_are_refused(
    folder: Path, capsys: pytest.CaptureFixture[str], mode: str, photometric: str, dtype: type
) -> None:
    tifffile.imwrite("page.tif", noise(mode, dtype), photometric=photometric, extrasamples=["assocalpha"])
    assert restore("page.tif", "out.tif") == 2
    assert "page.tif has colours multiplied by its alpha; save it with unassociated alpha" in capsys.readouterr().err


def test_sixteen_bit_gray_with_alpha_stays_that_as_png(folder: Path) -> None:
    samples = noise("LA", np.uint16)
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in samples)
    header = struct.pack(">IIBBBBB", SIZE[1], SIZE[0], 16, 4, 0, 0, 0)
    parts = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    Path("page.png").write_bytes(b"\x89PNG\r\n\x1a\n" + parts)
    assert restore("page.png", "out.png") == 0
    data = Path("out.png").read_bytes()
    assert data[24:26] == bytes((16, 4))
    # OpenCV shows it as colour with alpha.
    check_restored(samples, cv2.imread("out.png", cv2.IMREAD_UNCHANGED)[..., [0, 3]])
    assert restore("page.png", "out.tif") == 0
    check_restored(samples, tifffile.imread("out.tif"))


@pytest.mark.parametrize("bits", [9, 10, 12, 14])
@pytest.mark.parametrize("channels", [1, 3])
def test_jpeg_2000_of_uncommon_depth_keeps_it(folder: Path, bits: int, channels: int) -> None:
    samples = noise({1: "L", 3: "RGB"}[channels], np.uint16) >> (16 - bits)
    encoded = imagecodecs.jpeg2k_encode(samples, level=0, reversible=True, bitspersample=bits, codecformat="jp2")
    Path("page.jp2").write_bytes(encoded)
    assert restore("page.jp2", "out.jp2") == 0
    data = Path("out.jp2").read_bytes()
    check_restored(samples, imagecodecs.jpeg2k_decode(data))
    place = data.index(b"\xff\x4f\xff\x51")
    assert set(data[place + 42 : place + 42 + 3 * channels : 3]) == {bits - 1}


def test_sixteen_bit_cmyk_goes_from_tiff_to_jpeg_2000_and_back(folder: Path) -> None:
    samples = write_tiff("page.tif", "CMYK", np.uint16)
    assert restore("page.tif", "one.jp2") == 0
    assert restore("one.jp2", "two.tif") == 0
    check_restored(samples, tifffile.imread("two.tif"))


def test_a_profile_of_inks_makes_inks_of_a_jpeg_2000(folder: Path) -> None:
    samples = noise("CMYK")
    inks = PROFILE[:16] + b"CMYK" + PROFILE[20:]
    tifffile.imwrite("page.tif", samples, photometric="separated", metadata=None, iccprofile=inks)
    assert restore("page.tif", "one.jp2") == 0
    page = read_page(Source.of(Path("one.jp2")))
    assert (page.mode, page.metadata.icc) == ("CMYK", inks)
    assert restore("one.jp2", "two.tif") == 0
    with tifffile.TiffFile("two.tif") as file:
        assert file.pages[0].photometric == tifffile.PHOTOMETRIC.SEPARATED
        check_restored(samples, file.pages[0].asarray())


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("tile", [None, (16, 16)])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_white_as_zero_stays_so(
    folder: Path, dtype: type, tile: tuple[int, int] | None, order: str, capsys: pytest.CaptureFixture[str]
) -> None:
    samples = noise("L", dtype)
    settings = {"extratags": [(280, "H", 1, 7, True)], "tile": tile, "byteorder": order}
    tifffile.imwrite("page.tif", samples, photometric="miniswhite", metadata=None, **settings)
    assert restore("page.tif", "out.tif") == 0
    assert capsys.readouterr().err.startswith("bokwon: wrote out.tif: ")
    with tifffile.TiffFile("out.tif") as file:
        assert file.pages[0].photometric == tifffile.PHOTOMETRIC.MINISWHITE
        assert file.pages[0].tags[280].value == 7
        check_restored(samples, file.pages[0].asarray())
    # In another format it looks the same, and what it is filled with does too.
    assert restore("page.tif", "out.png") == 0
    with Image.open("out.png") as image:
        light = np.array(image)
    np.testing.assert_array_equal(light, np.iinfo(dtype).max - tifffile.imread("out.tif"))


@pytest.mark.parametrize("predictor", [None, 2])
@pytest.mark.parametrize("compression", ["lzw", "adobe_deflate", "zstd"])
@pytest.mark.parametrize("tile", [None, (16, 16)])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_differences_of_neighbours_stay_differences(
    folder: Path, dtype: type, tile: tuple[int, int] | None, compression: str, predictor: int | None
) -> None:
    samples = noise("RGB", dtype)
    settings = {"photometric": "rgb", "compression": compression, "predictor": predictor, "tile": tile}
    tifffile.imwrite("page.tif", samples, metadata=None, **settings)
    assert restore("page.tif", "out.tif") == 0
    with tifffile.TiffFile("page.tif") as before, tifffile.TiffFile("out.tif") as after:
        for name in ("predictor", "compression", "is_tiled"):
            assert getattr(before.pages[0], name) == getattr(after.pages[0], name)
        check_restored(samples, after.pages[0].asarray())


@pytest.mark.parametrize("compression", ["group3", "group4", "tiff_lzw", "raw"])
def test_white_as_zero_stays_so_in_faxes(folder: Path, compression: str) -> None:
    bits = noise("L") > 127
    Image.fromarray(bits).save("page.tif", compression=compression, tiffinfo={262: 0})
    before = tifffile.imread("page.tif")
    assert restore("page.tif", "out.tif") == 0
    with tifffile.TiffFile("out.tif") as file, Image.open("out.tif") as image:
        assert file.pages[0].photometric == tifffile.PHOTOMETRIC.MINISWHITE
        assert image.info["compression"] == compression
        np.testing.assert_array_equal(file.pages[0].asarray()[~HOLE], before[~HOLE])
        np.testing.assert_array_equal(np.array(image)[~HOLE], bits[~HOLE])


def test_less_than_eight_bits_of_a_negative_come_back_as_what_they_look_like(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    samples = noise("L") >> 4
    tifffile.imwrite("page.tif", samples, photometric="miniswhite", bitspersample=4, metadata=None)
    assert restore("page.tif", "out.tif") == 0
    assert "stores white as zero; it comes back looking the same, with black as zero" in capsys.readouterr().err
    with tifffile.TiffFile("out.tif") as file:
        assert file.pages[0].photometric == tifffile.PHOTOMETRIC.MINISBLACK
        check_restored(255 - 17 * samples, file.pages[0].asarray())


def add_image(
    pdf: pikepdf.Pdf, data: bytes, size: tuple[int, int], bits: int, space: object, **entries: object
) -> pikepdf.Object:
    stream = pdf.make_stream(b"")
    stream.write(data, filter=entries.pop("Filter", None), decode_parms=entries.pop("DecodeParms", None))
    stream.Type, stream.Subtype = pikepdf.Name.XObject, pikepdf.Name.Image
    stream.Height, stream.Width = size
    stream.ColorSpace, stream.BitsPerComponent = space, bits
    for key, value in entries.items():
        stream[f"/{key}"] = value
    return pdf.make_indirect(stream)


def write_pdf(data: bytes, bits: int, space: object, **entries: object) -> None:
    pdf = pikepdf.new()
    stream = add_image(pdf, data, SIZE, bits, space(pdf) if callable(space) else space, **entries)
    page = pdf.add_blank_page(page_size=(SIZE[1], SIZE[0]))
    page.Contents = pdf.make_stream(f"q {SIZE[1]} 0 0 {SIZE[0]} 0 0 cm /Im0 Do Q".encode())
    page.Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(Im0=stream))
    pdf.save("page.pdf")


@contextmanager
def picture(path: str) -> Iterator[pikepdf.Object]:
    with pikepdf.open(path) as pdf:
        yield pdf.pages[0].Resources.XObject.Im0


def samples_of(path: str, shape: tuple[int, ...]) -> np.ndarray:
    with picture(path) as image:
        return np.frombuffer(image.read_bytes(), np.uint8).reshape(shape)


def shown(path: str) -> np.ndarray:
    with picture(path) as image:
        return np.array(pikepdf.PdfImage(image).as_pil_image())


def icc_based(mode: str):
    def make(pdf: pikepdf.Pdf) -> pikepdf.Array:
        profile = pdf.make_stream(PROFILE)
        profile.N = CHANNELS[mode]
        return pikepdf.Array([pikepdf.Name.ICCBased, profile])

    return make


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
@pytest.mark.parametrize("filters", ["none", "flate with predictor"])
def test_pdf_pictures_with_a_profile(folder: Path, mode: str, filters: str) -> None:
    samples = noise(mode)
    if filters == "none":
        write_pdf(samples.tobytes(), 8, icc_based(mode))
    else:
        rows = samples.reshape(SIZE[0], -1)
        encoded = zlib.compress(b"".join(b"\0" + row.tobytes() for row in rows))
        parms = pikepdf.Dictionary(Predictor=15, Colors=CHANNELS[mode], Columns=SIZE[1], BitsPerComponent=8)
        write_pdf(encoded, 8, icc_based(mode), Filter=pikepdf.Name.FlateDecode, DecodeParms=parms)
    assert restore("page.pdf", "out.pdf") == 0
    check_restored(samples, samples_of("out.pdf", samples.shape))
    with picture("out.pdf") as out:
        assert out.ColorSpace[1].read_bytes() == PROFILE


@pytest.mark.parametrize("black_is_one", [False, True])
def test_pdf_fax_pictures(folder: Path, black_is_one: bool) -> None:
    bits = noise("L") > 127
    stream = io.BytesIO()
    Image.fromarray(bits).save(stream, "TIFF", compression="group4")
    with Image.open(stream) as image:
        tags = image.tag_v2
        assert tags[262] == 1
        data = b"".join(
            stream.getvalue()[start : start + size] for start, size in zip(tags[273], tags[279], strict=True)
        )
    # TIFF's white is one here, so black runs are the fax's white ones.
    parms = pikepdf.Dictionary(K=-1, Columns=SIZE[1], Rows=SIZE[0], BlackIs1=black_is_one)
    write_pdf(data, 1, pikepdf.Name.DeviceGray, Filter=pikepdf.Name.CCITTFaxDecode, DecodeParms=parms)
    before = shown("page.pdf")
    assert restore("page.pdf", "out.pdf") == 0
    check_restored(before.astype(bool), shown("out.pdf").astype(bool))
    with picture("out.pdf") as out:
        assert "/DecodeParms" not in out


def test_pdf_jbig2_pictures_take_their_decoder(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_pdf(b"\0" * 40, 1, pikepdf.Name.DeviceGray, Filter=pikepdf.Name.JBIG2Decode)
    code = restore("page.pdf", "out.pdf")
    said = capsys.readouterr().err
    assert (code, "jbig2dec" in said) == (3, True) or (code, "is damaged" in said) == (2, True)
    assert not Path("out.pdf").exists()


@pytest.mark.parametrize("kind", ["jp2", "j2k"])
def test_pdf_jpeg_2000_pictures(folder: Path, kind: str) -> None:
    samples = noise("RGB")
    encoded = imagecodecs.jpeg2k_encode(samples, level=0, reversible=True, codecformat=kind)
    write_pdf(encoded, 8, pikepdf.Name.DeviceRGB, Filter=pikepdf.Name.JPXDecode)
    assert restore("page.pdf", "out.pdf") == 0
    with picture("out.pdf") as out:
        assert out.Filter == pikepdf.Name.JPXDecode
        check_restored(samples, imagecodecs.jpeg2k_decode(out.read_raw_bytes()))


def test_pdf_jpeg_2000_of_other_colours_than_the_pdf_says_is_refused(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # Four channels without a word of inks are red, green, blue and alpha; the PDF's word would make them inks.
    encoded = imagecodecs.jpeg2k_encode(noise("RGBA"), level=0, reversible=True, codecformat="jp2")
    indexed = pikepdf.Array([pikepdf.Name.Indexed, pikepdf.Name.DeviceRGB, 255, bytes(range(256)) * 3])
    gray = imagecodecs.jpeg2k_encode(noise("L"), level=0, reversible=True, codecformat="jp2")
    for data, space in [(encoded, pikepdf.Name.DeviceCMYK), (gray, indexed)]:
        write_pdf(data, 8, space, Filter=pikepdf.Name.JPXDecode)
        assert restore("page.pdf", "out.pdf") == 2
        assert "has a JPEG 2000 image of mode" in capsys.readouterr().err
        assert not Path("out.pdf").exists()


def test_pdf_palettes_with_a_transparent_colour_become_colours(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    numbers = np.random.default_rng(4).integers(0, 256, SIZE).astype(np.uint8)
    space = pikepdf.Array([pikepdf.Name.Indexed, pikepdf.Name.DeviceRGB, 255, bytes(range(256)) * 3])
    write_pdf(numbers.tobytes(), 8, space, Mask=pikepdf.Array([0, 0]))
    assert restore("page.pdf", "out.pdf") == 0
    assert "page.pdf, page 1 has a palette: it comes back as RGB" in capsys.readouterr().err
    # Gray of 8 bits keeps its samples, and its transparent ones.
    write_pdf(numbers.tobytes(), 8, pikepdf.Name.DeviceGray, Mask=pikepdf.Array([0, 0]))
    assert restore("page.pdf", "out.pdf") == 0


def write_pages(contents: list[bytes], images: list[np.ndarray]) -> None:
    """Write pages that share resources naming all images, Im0 and on, each with its own content."""
    pdf = pikepdf.new()
    named = pikepdf.Dictionary()
    for number, image in enumerate(images):
        named[f"/Im{number}"] = add_image(pdf, image.tobytes(), image.shape, 8, pikepdf.Name.DeviceGray)
    resources = pdf.make_indirect(pikepdf.Dictionary(XObject=named))
    for content in contents:
        page = pdf.add_blank_page(page_size=(SIZE[1], SIZE[0]))
        page.Contents, page.Resources = pdf.make_stream(content), resources
    pdf.save("page.pdf")


def restore_second_page() -> int:
    Path("masks").mkdir()
    Image.fromarray(HOLE).save("masks/page_p002.png")
    with pytest.raises(SystemExit) as caught:
        main(["restore", "page.pdf", "out.pdf", "--mask", "masks", *TELEA])
    return int(caught.value.code or 0)


def images_of(path: str) -> list[np.ndarray]:
    with pikepdf.open(path) as pdf:
        named = pdf.pages[0].Resources.XObject
        found = [named[f"/Im{number}"] for number in range(len(named))]
        return [np.frombuffer(image.read_bytes(), np.uint8).reshape(int(image.Height), -1) for image in found]


def test_pdf_pages_that_share_resources_have_the_image_that_they_draw(folder: Path) -> None:
    larger = np.full((2 * SIZE[0], SIZE[1]), 9, np.uint8)
    images = [noise("L"), noise("L") // 2, larger]
    write_pages([b"q /Im0 Do Q", b"q /Im1 Do Q"], images)
    assert restore_second_page() == 0
    after = images_of("out.pdf")
    np.testing.assert_array_equal(after[0], images[0])
    np.testing.assert_array_equal(after[2], images[2])
    check_restored(images[1], after[1])


def test_pdf_pages_that_draw_one_image_get_their_own_and_others_on_a_page_are_named(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    images = [noise("L"), noise("L")[:40]]
    write_pages([b"q /Im0 Do Q", b"q /Im0 Do Q"], images)
    assert restore_second_page() == 0
    assert "page 2 shares its picture with page 1: it is given its own copy" in capsys.readouterr().err
    np.testing.assert_array_equal(images_of("out.pdf")[0], images[0])
    with pikepdf.open("out.pdf") as pdf:
        pictures = [picture for picture in pdf.pages[1].Resources.XObject.values() if picture.Height == SIZE[0]]
        (own,) = [picture for picture in pictures if picture.read_bytes() != images[0].tobytes()]
        check_restored(images[0], np.frombuffer(own.read_bytes(), np.uint8).reshape(SIZE))
    inline = b"BI /W 1 /H 1 /BPC 8 /CS /G ID \x80 EI"
    write_pages([b"q /Im0 Do /Im1 Do /Im0 Do Q " + inline], images)
    assert restore("page.pdf", "out.pdf") == 0
    assert "draws 2 more images, left as they are: its picture is the largest, 90x70" in capsys.readouterr().err
    check_restored(images[0], images_of("out.pdf")[0])
    # A page without an image of its own is no silent success.
    write_pages([inline], images)
    assert restore("page.pdf", "out.pdf") == 0
    assert "warning: page.pdf has no image that can be restored: it stays as it is" in capsys.readouterr().err


def test_pdf_images_that_inflate_beyond_their_size_are_refused(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_pdf(zlib.compress(bytes(20_000_000)), 8, pikepdf.Name.DeviceGray, Filter=pikepdf.Name.FlateDecode)
    assert restore("page.pdf", "out.pdf") == 2
    assert "inflates to more than its size" in capsys.readouterr().err


@pytest.mark.parametrize("told", ["DecodeParms", "Decode"])
def test_pdf_jpegs_whose_colours_the_pdf_turns_are_refused(
    folder: Path, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    encoded = io.BytesIO()
    Image.fromarray(noise("RGB")).save(encoded, "JPEG")
    entries = {
        "DecodeParms": {"DecodeParms": pikepdf.Dictionary(ColorTransform=0)},
        "Decode": {"Decode": pikepdf.Array([1, 0, 1, 0, 1, 0])},
    }[told]
    write_pdf(encoded.getvalue(), 8, pikepdf.Name.DeviceRGB, Filter=pikepdf.Name.DCTDecode, **entries)
    assert restore("page.pdf", "out.pdf") == 2
    assert "has a JPEG image of unusual colours" in capsys.readouterr().err


def test_jpeg_2000_of_several_images_is_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    encoded = imagecodecs.jpeg2k_encode(noise("RGB"), level=0, reversible=True, codecformat="jp2")
    start = encoded.index(b"jp2c") - 4
    box = encoded[start + 8 :]
    again = struct.pack(">I", 8 + len(box)) + b"jp2c" + box
    Path("page.jpf").write_bytes(encoded[:start] + again + again)
    assert restore("page.jpf", "out.jpf") == 2
    assert "page.jpf holds 2 images" in capsys.readouterr().err


@pytest.mark.parametrize("subsampling", ["440", "411"])
def test_chroma_of_any_subsampling_stays_so(folder: Path, subsampling: str, capsys: pytest.CaptureFixture[str]) -> None:
    down, across = np.mgrid[: SIZE[0], : SIZE[1]]
    page = np.stack([40 + 3 * down, 60 + 2 * across, 200 - 2 * down - across], -1).clip(0, 255).astype(np.uint8)
    Path("page.jpg").write_bytes(imagecodecs.jpeg_encode(page, level=88, subsampling=subsampling))
    assert restore("page.jpg", "out.jpg") == 0
    assert "subsampling" not in capsys.readouterr().err
    with Image.open("page.jpg") as before, Image.open("out.jpg") as after:
        assert before.layer == after.layer
        assert before.quantization == after.quantization
        difference = np.abs(np.array(before).astype(int) - np.array(after))
    beside = cv2.dilate(HOLE.astype(np.uint8), np.ones((65, 65), np.uint8)) > 0
    assert difference[~HOLE].mean() < 1.5
    assert difference[~beside].max(initial=0) <= 8
    assert difference[HOLE].max() > 0


def test_what_of_a_jpegs_encoding_does_not_come_back_is_said(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Image.new("CMYK", SIZE[::-1], (9, 40, 90, 3)).save("page.jpg")
    data = bytearray(Path("page.jpg").read_bytes())
    # The transform that Adobe's segment names: luma, chroma and black.
    data[data.index(b"Adobe") + 11] = 2
    Path("page.jpg").write_bytes(data)
    assert restore("page.jpg", "out.jpg") == 0
    assert "its inks, stored as luma, chroma and black, come back" in capsys.readouterr().err


def test_what_another_format_has_no_place_for_is_said(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = PngInfo()
    text.add_text("Author", "Kim")
    text.add_itxt("XML:com.adobe.xmp", "<x/>")
    Image.fromarray(noise("RGB")).save("page.png", pnginfo=text, dpi=(300, 300))
    Image.fromarray(noise("RGB")).save("page.jpg", comment="folio 3", dpi=(300, 300))
    write_tiff("page.tif", "RGB", np.uint8, extratags=[(37724, "B", 70000, bytes(70000), True)])
    for command, lost in (
        (("page.png", "out.tif"), "TIFF has no place for this image's tEXt;"),
        (("page.jpg", "out.png"), "PNG has no place for this image's comment;"),
        (("page.tif", "out.jpg"), "JPEG has no place for this image's EXIF;"),
    ):
        assert restore(*command) == 0
        assert f"note: {lost} the output is without\n" in capsys.readouterr().err
    for command in (("page.png", "same.png"), ("page.jpg", "same.jpg"), ("page.tif", "same.tif")):
        assert restore(*command) == 0
        assert "no place" not in capsys.readouterr().err


def test_a_png_s_shape_of_pixels_has_no_place_in_tiff(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    stream = io.BytesIO()
    Image.fromarray(noise("RGB")).save(stream, "PNG", dpi=(300, 300))
    data = stream.getvalue()
    place = data.index(b"pHYs")
    chunk = data[place : place + 12] + b"\0"
    Path("page.png").write_bytes(data[:place] + chunk + struct.pack(">I", zlib.crc32(chunk)) + data[place + 17 :])
    assert restore("page.png", "out.tif") == 0
    assert "TIFF has no place for this image's pHYs" in capsys.readouterr().err


def test_twelve_bits_become_sixteen_in_another_format_and_it_is_said(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    samples = np.asarray(noise("RGB", np.uint16) >> 4)
    Path("page.jp2").write_bytes(imagecodecs.jpeg2k_encode(samples, level=0, reversible=True, bitspersample=12))
    assert restore("page.jp2", "out.tif") == 0
    assert "note: samples of 12 bits become 16 bits" in capsys.readouterr().err
    check_restored(np.asarray(samples << 4), tifffile.imread("out.tif"))
    assert restore("page.jp2", "out.jp2") == 0
    assert "become 16 bits" not in capsys.readouterr().err


@pytest.mark.parametrize("name", ["out.png", "out.tif", "out.jpg", "out.bmp"])
def test_the_resolution_of_a_jpeg_2000_goes_along(folder: Path, name: str) -> None:
    write_tiff("page.tif", "RGB", np.uint8)
    assert restore("page.tif", "page.jp2") == 0
    assert restore("page.jp2", name) == 0
    with Image.open(name) as image:
        assert image.info["dpi"] == pytest.approx((400, 300), rel=2e-3)


@pytest.mark.parametrize("box", [struct.pack(">HHHHbb", 1, 1, 1, 1, 9, 9), b"\0" * 10, b"\0"], ids=["huge", "0", "cut"])
def test_a_resolution_that_means_nothing_is_left_out(folder: Path, box: bytes) -> None:
    write_tiff("page.tif", "RGB", np.uint8)
    assert restore("page.tif", "page.jp2") == 0
    data = Path("page.jp2").read_bytes()
    place = data.index(b"resc") + 4
    Path("page.jp2").write_bytes(data[:place] + box.ljust(10, b"\0") + data[place + 10 :])
    if len(box) == 1:
        Path("page.jp2").write_bytes(data[: place - 8] + b"\0\0\0\x7f" + data[place - 4 :])
    for name in ("out.tif", "out.png", "out.jpg", "out.bmp"):
        assert restore("page.jp2", name) == 0
    with Image.open("out.png") as image:
        assert "dpi" not in image.info


@pytest.mark.parametrize("dpi", [(2, 2), (301, 72), (20_000, 3_000), (49_000, 49_000)])
def test_every_plausible_resolution_goes_into_every_format(folder: Path, dpi: tuple[int, int]) -> None:
    Image.fromarray(noise("RGB")).save("page.tif", dpi=dpi)
    assert restore("page.tif", "page.jp2") == 0
    for source in ("page.tif", "page.jp2"):
        for name in ("out.png", "out.jpg", "out.bmp", "out.jp2"):
            assert restore(source, name) == 0
            found = read_page(Source.of(Path(name))).metadata.dpi
            assert found == pytest.approx(dpi, rel=0.02 if dpi == (2, 2) else 2e-3)


@pytest.mark.parametrize("kind", ["png", "tif"])
def test_a_resolution_beyond_what_means_something_goes_into_no_other_format(folder: Path, kind: str) -> None:
    Image.fromarray(noise("RGB")).save(f"page.{kind}", dpi=(70_000, 70_000))
    for name in ("out.jpg", "out.jp2", "out.bmp"):
        assert restore(f"page.{kind}", name) == 0
        assert read_page(Source.of(Path(name))).metadata.dpi is None
    # Its own format keeps it.
    assert restore(f"page.{kind}", f"out.{kind}") == 0
    with Image.open(f"out.{kind}") as image:
        assert image.info["dpi"] == pytest.approx((70_000, 70_000), rel=1e-3)


def test_a_name_that_is_not_the_contents_is_no_reason_to_encode_with_loss(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Image.fromarray(noise("RGB")).save("page.jpg", "PNG")
    assert restore("page.jpg", "out.jpg") == 2
    assert "page.jpg is PNG by its content, and JPEG by its name" in capsys.readouterr().err
    assert not Path("out.jpg").exists()
    assert restore("page.jpg", "out.png") == 0
    check_restored(noise("RGB"), np.array(Image.open("out.png")))


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
@pytest.mark.parametrize("base", ["DeviceRGB", "DeviceGray", "DeviceCMYK"])
def test_pdf_palettes_become_the_colours_they_stand_for(
    folder: Path, bits: int, base: str, capsys: pytest.CaptureFixture[str]
) -> None:
    mode = {"DeviceRGB": "RGB", "DeviceGray": "L", "DeviceCMYK": "CMYK"}[base]
    rng = np.random.default_rng(4)
    palette = rng.integers(0, 256, (2**bits, CHANNELS[mode])).astype(np.uint8)
    numbers = rng.integers(0, 2**bits, SIZE).astype(np.uint8)
    stored = np.unpackbits(numbers[..., None], axis=2)[..., 8 - bits :].reshape(SIZE[0], -1)
    space = pikepdf.Array([pikepdf.Name.Indexed, pikepdf.Name(f"/{base}"), 2**bits - 1, palette.tobytes()])
    write_pdf(np.packbits(stored, axis=1).tobytes(), bits, space)
    assert restore("page.pdf", "out.pdf") == 0
    assert "has a palette: it comes back as" in capsys.readouterr().err
    expected = palette[numbers] if CHANNELS[mode] > 1 else palette[numbers][..., 0]
    with picture("out.pdf") as out:
        assert (str(out.ColorSpace), int(out.BitsPerComponent)) == (f"/{base}", 8)
    check_restored(expected, samples_of("out.pdf", expected.shape))


@pytest.mark.parametrize("bits", [2, 4])
def test_pdf_gray_of_few_bits_comes_back_with_eight(
    folder: Path, bits: int, capsys: pytest.CaptureFixture[str]
) -> None:
    numbers = np.random.default_rng(4).integers(0, 2**bits, SIZE).astype(np.uint8)
    stored = np.unpackbits(numbers[..., None], axis=2)[..., 8 - bits :].reshape(SIZE[0], -1)
    write_pdf(np.packbits(stored, axis=1).tobytes(), bits, pikepdf.Name.DeviceGray)
    assert restore("page.pdf", "out.pdf") == 0
    assert "less than 8 bits of gray" in capsys.readouterr().err
    expected = numbers * np.uint8(255 // (2**bits - 1))
    check_restored(expected, samples_of("out.pdf", SIZE))


@pytest.mark.parametrize("inverted", [False, True])
def test_pdf_cmyk_jpeg_keeps_its_polarity_and_is_filled_with_paper(folder: Path, inverted: bool) -> None:
    inks = np.zeros((*SIZE, 4), np.uint8)
    inks[..., 3] = 25
    damaged = inks.copy()
    damaged[HOLE] = 255
    raw = 255 - damaged if inverted else damaged
    stream = io.BytesIO()
    # Pillow stores the complement.
    Image.frombytes("CMYK", SIZE[::-1], (255 - raw).tobytes()).save(stream, "JPEG", quality=95, subsampling=0)
    decode = {"Decode": pikepdf.Array([1, 0] * 4)} if inverted else {}
    write_pdf(stream.getvalue(), 8, pikepdf.Name.DeviceCMYK, Filter=pikepdf.Name.DCTDecode, **decode)
    assert restore("page.pdf", "out.pdf") == 0
    with picture("out.pdf") as out:
        assert ("/Decode" in out) == inverted
        after = 255 - np.array(Image.open(io.BytesIO(out.read_raw_bytes()))).astype(int)
    after = 255 - after if inverted else after
    assert np.abs(after - inks).max() <= 12


def test_unusual_sample_values_of_a_pdf_are_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_pdf(noise("L").tobytes(), 8, pikepdf.Name.DeviceGray, Decode=pikepdf.Array([0, 0.5]))
    assert restore("page.pdf", "out.pdf") == 2
    assert "unusual sample values (Decode); save it anew as PDF" in capsys.readouterr().err
    lab = pikepdf.Array([pikepdf.Name.Lab, pikepdf.Dictionary(WhitePoint=pikepdf.Array([0.95, 1, 1.08]))])
    write_pdf(noise("RGB").tobytes(), 8, lab)
    assert restore("page.pdf", "out.pdf") == 2
    assert "convert it to gray, RGB or CMYK of 8 or 16 bits" in capsys.readouterr().err


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def bomb(kind: str) -> bytes:
    """A small file that calls itself 40,000 pixels wide and high."""
    side = 40_000
    if kind == "png":
        header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
        return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")
    if kind == "jp2":
        data = bytearray(imagecodecs.jpeg2k_encode(noise("L"), level=0, codecformat="j2k"))
        data[8:16] = data[24:32] = struct.pack(">II", side, side)
        return bytes(data)
    if kind == "pdf":
        write_pdf(b"\0" * 100, 8, pikepdf.Name.DeviceRGB)
        with pikepdf.open("page.pdf", allow_overwriting_input=True) as pdf:
            image = pdf.pages[0].Resources.XObject.Im0
            image.Width = image.Height = side
            pdf.save("page.pdf")
        return Path("page.pdf").read_bytes()
    stream = io.BytesIO()
    if kind == "jpg":
        Image.fromarray(noise("RGB")).save(stream, "JPEG")
        data = bytearray(stream.getvalue())
        place = data.index(b"\xff\xc0")
        data[place + 5 : place + 9] = struct.pack(">HH", side, side)
        return bytes(data)
    if kind == "bmp":
        Image.fromarray(noise("RGB")).save(stream, "BMP")
        data = bytearray(stream.getvalue())
        data[18:26] = struct.pack("<ii", side, side)
        return bytes(data)
    samples, photometric = (noise("CMYK", np.uint16), "separated") if kind == "deep.tif" else (noise("RGB"), "rgb")
    tifffile.imwrite(stream, samples, photometric=photometric, metadata=None, byteorder="<")
    data = bytearray(stream.getvalue())
    for tag in (256, 257):
        place = data.index(struct.pack("<HHI", tag, 4, 1))
        data[place + 8 : place + 12] = struct.pack("<I", side)
    return bytes(data)


@pytest.mark.parametrize("kind", ["png", "jpg", "bmp", "tif", "deep.tif", "jp2", "pdf"])
def test_a_file_that_would_unpack_to_gigabytes_is_refused_at_once(
    folder: Path, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path(f"page.{kind}").write_bytes(bomb(kind))
    assert restore(f"page.{kind}", f"out.{kind}") == 2
    said = capsys.readouterr().err
    assert "has more than 400 megapixels" in said
    assert "--max-mpixels" in said
    assert not list(folder.glob("out.*"))


def test_an_output_that_is_the_mask_or_the_input_by_another_name(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    samples = noise("RGB")
    Image.fromarray(samples).save("page.png")
    Path("other.png").hardlink_to("mask.png")
    Path("link.png").symlink_to("mask.png")
    before = Path("mask.png").read_bytes()
    for target in ("mask.png", "other.png", "link.png", "./mask.png"):
        assert restore("page.png", target) == 1
        assert "OUTPUT is the mask itself" in capsys.readouterr().err
    assert Path("mask.png").read_bytes() == before
    Path("page-link.png").symlink_to("page.png")
    assert restore("page.png", "page-link.png") == 0
    assert Path("page-link.png").is_symlink()
    check_restored(samples, np.array(Image.open("page.png")))
    Path("dangling.png").symlink_to("new.png")
    assert restore("page.png", "dangling.png") == 0
    assert Path("new.png").is_file()
    Path("circle.png").symlink_to("circle.png")
    assert restore("page.png", "circle.png") == 5
    assert restore("circle.png", "out.png") == 5


def test_sixteen_bit_colour_keeps_its_depth_in_png(folder: Path) -> None:
    samples = noise("RGB", np.uint16)
    assert cv2.imwrite("page.png", samples[..., ::-1])
    assert restore("page.png", "out.png") == 0
    check_restored(samples, cv2.imread("out.png", cv2.IMREAD_UNCHANGED)[..., ::-1])
