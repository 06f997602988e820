"""What a file carries beside its pixels comes out of `bokwon restore`, or it is said that it does not."""

from __future__ import annotations

import io
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import cv2
import imagecodecs
import numpy as np
import pikepdf
import pytest
import tifffile
from PIL import Image, ImageCms

from bokwon.cli.main import main
from bokwon.errors import InputFileError
from bokwon.image_io.formats.tiff import directories
from bokwon.image_io.reader import Source, read_page

SIZE = (70, 90)
HOLE = np.zeros(SIZE, bool)
HOLE[10:22, 10:30] = True
PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
GRAY = np.random.default_rng(1).integers(0, 256, SIZE).astype(np.uint8)
RGB = np.random.default_rng(2).integers(0, 256, (*SIZE, 3)).astype(np.uint8)
SMOOTH = cv2.GaussianBlur(RGB, (0, 0), 3)


def restore(*arguments: str) -> int:
    with pytest.raises(SystemExit) as caught:
        main(["restore", *arguments, "--mask", "mask.png", "--method", "telea"])
    return int(caught.value.code or 0)


def in_a_process(*arguments: str) -> tuple[int, str]:
    """Run the command where standard error is the process's own, as it is for users."""
    command = [sys.executable, "-m", "bokwon", "restore", *arguments, "--method", "telea"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, done.stderr


def check_restored(before: np.ndarray, path: str) -> None:
    after = read_page(Source.of(Path(path))).pixels
    np.testing.assert_array_equal(before[~HOLE], after[~HOLE])
    assert not np.array_equal(before[HOLE], after[HOLE])


def tags_of(path: str) -> directories.Directory:
    with Path(path).open("rb") as stream:
        return directories.parse(stream)


def encoded(image: Image.Image, file_format: str, **settings: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, file_format, **settings)
    return stream.getvalue()


def with_chunk(data: bytes, name: bytes, content: bytes) -> bytes:
    """Put a chunk behind the header of a PNG file."""
    chunk = struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
    return data[:33] + chunk + data[33:]


@pytest.mark.parametrize("big", [False, True], ids=["tiff", "bigtiff"])
def test_a_tiff_tag_of_more_than_64_mib_is_kept(folder: Path, big: bool) -> None:
    layers = bytes(range(256)) * (65 * 4096)
    tifffile.imwrite("page.tif", RGB, bigtiff=big, metadata=None, extratags=[(37724, 7, len(layers), layers, True)])
    assert restore("page.tif", "out.tif") == 0
    check_restored(RGB, "out.tif")
    assert tags_of("out.tif")[37724].data == layers


@pytest.mark.parametrize("pages", [1, 2])
def test_numbers_of_64_bits_in_tags_of_a_bigtiff_are_kept(
    folder: Path, pages: int, capsys: pytest.CaptureFixture[str]
) -> None:
    numbers = [(65001, 16, 2, (2**40, 7), True), (65002, 17, 1, -(2**40), True)]
    with tifffile.TiffWriter("page.tif", bigtiff=True) as file:
        for _ in range(pages):
            file.write(RGB, metadata=None, photometric="rgb", extratags=numbers)
    if pages > 1:
        Image.fromarray(np.zeros(SIZE, bool)).save("none.png")
        with Image.open("mask.png") as mask, Image.open("none.png") as none:
            mask.save("mask.png", "TIFF", save_all=True, append_images=[none])
    assert restore("page.tif", "out.tif") == 0
    with tifffile.TiffFile("out.tif") as file:
        assert file.is_bigtiff
        for page in file.pages:
            assert page.tags[65001].value == (2**40, 7)
            assert page.tags[65002].value == -(2**40)
    if pages == 1:
        capsys.readouterr()
        assert restore("page.tif", "out.png") == 0
        assert "PNG has no place for this image's TIFF tag 65001, TIFF tag 65002" in capsys.readouterr().err


def test_tags_that_speak_of_gray_values_stay_while_they_hold(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = [
        (254, "I", 1, 2, True),
        (280, "H", 1, 0, True),
        (281, "H", 1, 200, True),
        (290, "H", 1, 3, True),
        (291, "H", 256, tuple(range(256)), True),
    ]
    numbers = {tag for tag, *_ in told}
    tifffile.imwrite("page.tif", GRAY, photometric="minisblack", metadata=None, extratags=told[1:], subfiletype=2)
    before = tags_of("page.tif")
    assert numbers <= before.keys()
    assert restore("page.tif", "out.tif") == 0
    assert {tag: tags_of("out.tif")[tag] for tag in numbers} == {tag: before[tag] for tag in numbers}
    assert "not kept" not in capsys.readouterr().err
    assert restore("page.tif", "out.png") == 0
    assert "PNG has no place for this image's TIFF tag 280 (MinSampleValue)" in capsys.readouterr().err
    small = {"photometric": "miniswhite", "bitspersample": 4}
    tifffile.imwrite("page.tif", GRAY >> 4, metadata=None, extratags=told[1:], **small)
    assert restore("page.tif", "out.tif") == 0
    assert not numbers & tags_of("out.tif").keys()
    assert "tags that speak of its sample values are not kept: 280 (MinSampleValue)" in capsys.readouterr().err


def test_spot_inks_stay_spot_inks(folder: Path) -> None:
    inks = np.dstack([RGB, GRAY])
    told = [
        (332, "H", 1, 2, True),
        (333, "s", 0, "Red\0Green\0Gold\0Varnish", True),
        (334, "H", 1, 4, True),
        (336, "H", 2, (5, 250), True),
    ]
    tifffile.imwrite("page.tif", inks, photometric="separated", metadata=None, extratags=told)
    assert restore("page.tif", "out.tif") == 0
    check_restored(inks, "out.tif")
    before, after = tags_of("page.tif"), tags_of("out.tif")
    for tag, *_ in told:
        assert after[tag] == before[tag]


def test_tags_that_speak_of_the_whole_page_stay_and_those_of_its_values_while_they_hold(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    always = [
        (263, "H", 1, 2, True),
        (264, "H", 1, 4, True),
        (265, "H", 1, 4, True),
        (318, "2I", 2, (313, 1000, 329, 1000), True),
        (319, "2I", 6, (64, 100, 33, 100, 30, 100, 60, 100, 15, 100, 6, 100), True),
    ]
    in_values = [
        (321, "H", 2, (10, 240), True),
        (340, "H", 3, (1, 2, 3), True),
        (341, "H", 3, (250, 251, 252), True),
        (532, "2I", 6, (16, 1, 235, 1, 16, 1, 235, 1, 16, 1, 235, 1), True),
    ]
    tifffile.imwrite("page.tif", RGB, photometric="rgb", metadata=None, extratags=always + in_values)
    assert restore("page.tif", "out.tif") == 0
    assert "not kept" not in capsys.readouterr().err
    before, after = tags_of("page.tif"), tags_of("out.tif")
    for tag, *_ in always + in_values:
        assert after[tag] == before[tag]
    # What was stored as luma and chroma comes back as RGB, of which these numbers do not speak.
    settings = {"photometric": "rgb", "compression": "jpeg", "metadata": None}
    tifffile.imwrite("page.tif", SMOOTH, extratags=always + in_values, **settings)
    assert directories.numbers(tags_of("page.tif")[262]) == (6,)
    assert restore("page.tif", "out.tif") == 0
    said = capsys.readouterr().err
    before, after = tags_of("page.tif"), tags_of("out.tif")
    assert directories.numbers(after[262]) == (2,)
    for tag, *_ in always:
        assert after[tag] == before[tag]
    assert "tags that speak of its sample values are not kept: 321 (HalftoneHints), 340 (SMinSampleValue)" in said
    assert "532 (ReferenceBlackWhite)" in said
    for tag, *_ in in_values:
        assert tag not in after


def test_how_samples_were_stored_is_said_where_it_changes(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tifffile.imwrite("page.tif", np.moveaxis(RGB, -1, 0), photometric="rgb", planarconfig="separate", metadata=None)
    assert restore("page.tif", "out.tif") == 0
    check_restored(RGB, "out.tif")
    assert "its channels, stored one after the other, come back pixel by pixel" in capsys.readouterr().err
    tifffile.imwrite("page.tif", GRAY.astype(np.int16) * 100, metadata=None)
    assert restore("page.tif", "out.tif") == 0
    check_restored(GRAY.astype(np.uint16) * 100, "out.tif")
    assert "stored as signed numbers, come back as unsigned ones" in capsys.readouterr().err


@pytest.mark.parametrize("compression", [None, "packbits", "zlib", "lzw"])
def test_a_big_endian_bigtiff_of_1_bit_stays_one_of_1_bit(
    folder: Path, compression: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    bits = GRAY > 127
    settings = {"bigtiff": True, "byteorder": ">", "metadata": None, "compression": compression}
    tifffile.imwrite("page.tif", bits, description="folio 3", photometric="minisblack", **settings)
    assert restore("page.tif", "out.tif") == 0
    assert "not kept" not in capsys.readouterr().err
    with tifffile.TiffFile("page.tif") as before, tifffile.TiffFile("out.tif") as after:
        assert after.is_bigtiff
        (page,) = after.pages
        assert page.compression == before.pages[0].compression
        assert (page.bitspersample, page.description) == (1, "folio 3")
        restored = page.asarray()
    np.testing.assert_array_equal(restored[~HOLE], bits[~HOLE])
    assert not np.array_equal(restored[HOLE], bits[HOLE])


def test_a_big_endian_bigtiff_of_other_kinds_is_read_too(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = {"bigtiff": True, "byteorder": ">", "metadata": None}
    colours = np.random.default_rng(3).integers(0, 65536, (3, 256)).astype(np.uint16)
    tifffile.imwrite("page.tif", GRAY, photometric="palette", colormap=colours, **settings)
    assert restore("page.tif", "out.tif") == 0
    assert "palette image: comes back as RGB" in capsys.readouterr().err
    check_restored((colours >> 8).astype(np.uint8).T[GRAY], "out.tif")
    # Where a file of one page is asked for, further ones are not passed over.
    with tifffile.TiffWriter("book.tif", bigtiff=True, byteorder=">") as file:
        for _ in range(2):
            file.write(HOLE, photometric="minisblack", metadata=None)
    with pytest.raises(InputFileError, match="holds 2 pages"):
        read_page(Source.of(Path("book.tif")))


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("dtype", [np.int8, np.int16])
def test_samples_below_zero_are_refused_by_their_name(
    folder: Path, dtype: type, order: str, capsys: pytest.CaptureFixture[str]
) -> None:
    samples = (GRAY // 2).astype(dtype)
    tifffile.imwrite("page.tif", samples, byteorder=order, metadata=None)
    assert restore("page.tif", "out.tif") == 0
    check_restored(samples.astype(f"u{dtype().itemsize}"), "out.tif")
    samples[0, 0] = -1
    tifffile.imwrite("page.tif", samples, byteorder=order, metadata=None)
    Path("out.tif").unlink()
    assert restore("page.tif", "out.tif") == 2
    said = capsys.readouterr().err
    assert "page.tif has samples of signed numbers, some below zero; convert it to unsigned samples" in said
    assert not Path("out.tif").exists()


@pytest.mark.parametrize("imagej", [False, True], ids=["tifffile", "ImageJ"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_stack_in_one_directory_is_refused_and_not_cut(
    folder: Path, imagej: bool, dtype: type, capsys: pytest.CaptureFixture[str]
) -> None:
    stack = np.stack([GRAY, GRAY // 2, GRAY // 3]).astype(dtype)
    tifffile.imwrite("page.tif", stack, photometric="minisblack", truncate=True, imagej=imagej)
    assert restore("page.tif", "out.tif") == 2
    said = capsys.readouterr().err
    assert "page.tif holds 3 images, of which it lists 1" in said
    assert "save it anew as a TIFF of one page for each" in said
    assert not Path("out.tif").exists()
    # A page taken out of a stack may still carry the stack's description.
    data = Path("page.tif").read_bytes()
    Path("page.tif").write_bytes(data[: -2 * stack[0].nbytes])
    assert restore("page.tif", "out.tif") == 0
    check_restored(stack[0], "out.tif")


@pytest.mark.parametrize("settings", [{"tile": (16, 16, 16)}, {"compression": "zlib"}, {"tile": (1, 32, 32)}])
def test_a_volume_is_refused(folder: Path, settings: dict, capsys: pytest.CaptureFixture[str]) -> None:
    volume = np.stack([GRAY] * 16)
    tifffile.imwrite("page.tif", volume, photometric="minisblack", volumetric=True, metadata=None, **settings)
    assert restore("page.tif", "out.tif") == 2
    assert "page.tif is a volume of 16 images (ImageDepth); split it into one page for each" in capsys.readouterr().err
    assert not Path("out.tif").exists()


def test_a_tag_that_cannot_be_read_is_named(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tifffile.imwrite("page.tif", RGB, metadata=None, extratags=[(65003, 7, 40, bytes(40), True)])
    data = Path("page.tif").read_bytes()
    place = data.index(struct.pack("<HHI", 65003, 7, 40)) + 8
    Path("page.tif").write_bytes(data[:place] + struct.pack("<I", 2**31) + data[place + 4 :])
    assert restore("page.tif", "out.tif") == 0
    assert "page.tif has tags that cannot be read: a changed file is without 65003" in capsys.readouterr().err


def test_a_jpeg_whose_markers_follow_fill_bytes_keeps_its_segments(folder: Path) -> None:
    exif = Image.Exif()
    exif[0x010E] = "folio 3"
    data = encoded(Image.fromarray(SMOOTH), "JPEG", comment=b"leaf 7", icc_profile=PROFILE, exif=exif)
    for marker in (b"\xff\xe1", b"\xff\xe2", b"\xff\xfe"):
        data = data.replace(marker, b"\xff\xff\xff" + marker, 1)
    Path("page.jpg").write_bytes(data)
    assert restore("page.jpg", "out.jpg") == 0
    with Image.open("out.jpg") as image:
        assert image.info["comment"] == b"leaf 7"
        assert image.info["icc_profile"] == PROFILE
        assert image.getexif()[0x010E] == "folio 3"


def test_inks_stored_as_luma_and_chroma_are_said_to_come_back_as_inks(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    inks = np.dstack([SMOOTH, SMOOTH[..., 0]])
    Path("page.jpg").write_bytes(imagecodecs.jpeg_encode(inks, colorspace="CMYK", outcolorspace="YCCK"))
    assert restore("page.jpg", "out.jpg") == 0
    assert "come back as cyan, magenta, yellow and black" in capsys.readouterr().err


@pytest.mark.parametrize("depth", [2, 4])
def test_the_transparent_gray_of_a_png_of_few_bits_stays_transparent(
    folder: Path, depth: int, capsys: pytest.CaptureFixture[str]
) -> None:
    values = GRAY >> (8 - depth)
    bits = np.unpackbits(values[..., None], axis=-1)[..., -depth:]
    rows = np.packbits(bits.reshape(SIZE[0], -1), axis=1)
    samples = zlib.compress(b"".join(b"\0" + row.tobytes() for row in rows))
    data = b"\x89PNG\r\n\x1a\n"
    header = struct.pack(">IIBBBBB", SIZE[1], SIZE[0], depth, 0, 0, 0, 0)
    for name, content in ((b"IHDR", header), (b"tRNS", b"\0\1"), (b"IDAT", samples), (b"IEND", b"")):
        data += struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
    Path("page.png").write_bytes(data)
    assert restore("page.png", "out.png") == 0
    assert "less than 8 bits of gray; it comes back with 8" in capsys.readouterr().err
    with Image.open("out.png") as after:
        assert after.info["transparency"] == 255 // (2**depth - 1)
        opacity = np.array(after.convert("LA"))[..., 1]
    np.testing.assert_array_equal(opacity[~HOLE] == 0, values[~HOLE] == 1)


def test_a_png_keeps_its_scale_and_what_it_does_not_keep_is_named(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = with_chunk(encoded(Image.fromarray(RGB), "PNG"), b"sCAL", b"\x010.01\x000.01")
    Path("page.png").write_bytes(with_chunk(data, b"dSIG", b"signature"))
    assert restore("page.png", "out.png") == 0
    assert b"sCAL\x010.01\x000.01" in Path("out.png").read_bytes()
    assert b"dSIG" not in Path("out.png").read_bytes()
    assert "chunks that do not hold any more are not kept: dSIG\n" in capsys.readouterr().err


def test_a_png_with_more_text_than_pillow_takes_is_sound(folder: Path) -> None:
    text = b"transcript\0\0" + zlib.compress(b"leaf " * 400_000)
    Path("page.png").write_bytes(with_chunk(encoded(Image.fromarray(RGB), "PNG"), b"zTXt", text))
    assert restore("page.png", "out.png") == 0
    check_restored(RGB, "out.png")
    assert text in Path("out.png").read_bytes()


@pytest.mark.parametrize("mode", ["1", "L", "RGB"])
def test_a_bmp_keeps_its_profile(folder: Path, mode: str) -> None:
    samples = {"1": GRAY > 127, "L": GRAY, "RGB": RGB}[mode]
    Path("page.png").write_bytes(encoded(Image.fromarray(samples), "PNG", icc_profile=PROFILE, dpi=(300, 300)))
    assert restore("page.png", "page.bmp") == 0
    assert restore("page.bmp", "again.bmp") == 0
    assert restore("again.bmp", "out.png") == 0
    check_restored(samples, "out.png")
    with Image.open("out.png") as image:
        assert image.info["icc_profile"] == PROFILE
        assert image.info["dpi"] == pytest.approx((300, 300), rel=1e-3)
    # Other programs find samples behind the larger header too.
    seen = cv2.imread("again.bmp", cv2.IMREAD_GRAYSCALE if mode != "RGB" else cv2.IMREAD_COLOR_RGB)
    np.testing.assert_array_equal(seen[~HOLE], (samples * np.uint8(255) if mode == "1" else samples)[~HOLE])


def test_a_bmp_whose_profile_lies_outside_of_it_is_read(folder: Path) -> None:
    Path("page.png").write_bytes(encoded(Image.fromarray(RGB), "PNG", icc_profile=PROFILE))
    assert restore("page.png", "page.bmp") == 0
    data = bytearray(Path("page.bmp").read_bytes())
    data[14 + 112 : 14 + 116] = struct.pack("<I", 2**31)
    Path("page.bmp").write_bytes(data)
    assert restore("page.bmp", "out.png") == 0
    with Image.open("out.png") as image:
        assert "icc_profile" not in image.info


def test_colours_multiplied_by_their_alpha_are_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Image.fromarray(np.dstack([RGB, GRAY])).save("page.png")
    assert restore("page.png", "page.jp2") == 0
    data = Path("page.jp2").read_bytes()
    place = data.index(b"cdef")
    opacity = data.index(struct.pack(">HHH", 3, 1, 0), place)
    Path("page.jp2").write_bytes(data[:opacity] + struct.pack(">HHH", 3, 2, 0) + data[opacity + 6 :])
    pdf = pikepdf.new()
    shape = {"Width": SIZE[1], "Height": SIZE[0], "BitsPerComponent": 8, "Subtype": pikepdf.Name.Image}
    matte = pikepdf.Array([0, 0, 0])
    alpha = pikepdf.Stream(pdf, GRAY.tobytes(), **shape, ColorSpace=pikepdf.Name.DeviceGray, Matte=matte)
    image = pikepdf.Stream(
        pdf, RGB.tobytes(), **shape, ColorSpace=pikepdf.Name.DeviceRGB, SMask=pdf.make_indirect(alpha)
    )
    page = pdf.add_blank_page(page_size=(90, 70))
    page.Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(Im=image))
    page.Contents = pdf.make_stream(b"q 90 0 0 70 0 0 cm /Im Do Q")
    pdf.save("page.pdf")
    capsys.readouterr()
    for name in ("page.jp2", "page.pdf"):
        assert restore(name, f"out{Path(name).suffix}") == 2
        assert "has colours multiplied by its alpha" in capsys.readouterr().err


def test_a_pdf_whose_index_is_cut_off_is_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pages = [Image.fromarray(SMOOTH) for _ in range(3)]
    whole = encoded(pages[0], "PDF", save_all=True, append_images=pages[1:])
    for length in (len(whole) // 2, len(whole) - 20):
        Path("page.pdf").write_bytes(whole[:length])
        assert restore("page.pdf", "out.pdf") == 2
        said = capsys.readouterr().err
        assert "page.pdf is damaged: " in said
        assert "mend it first (qpdf IN.pdf MENDED.pdf)" in said
        assert "BytesIO" not in said
        assert not Path("out.pdf").exists()


def test_a_tiff_whose_end_is_missing_is_damaged(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with tifffile.TiffWriter("page.tif") as file:
        for _ in range(3):
            file.write(RGB, photometric="rgb", metadata=None)
    Path("masks").mkdir()
    Path("mask.png").rename("masks/page_p002.png")
    data = Path("page.tif").read_bytes()
    # In a chain of pages, each says where the next one lies.
    Path("page.tif").write_bytes(data[: len(data) // 2])
    with pytest.raises(SystemExit) as caught:
        main(["restore", "page.tif", "out.tif", "--mask", "masks", "--method", "telea"])
    assert caught.value.code == 2
    assert "page.tif is damaged: the file ends inside a page" in (said := capsys.readouterr().err)
    assert "it says that another page follows, which is not in the file" in said


@pytest.mark.parametrize("kind", ["jpg", "g4", "jpeg.tif", "pdf"])
def test_damage_that_a_decoder_passes_over_is_told(folder: Path, kind: str) -> None:
    name = {"jpg": "page.jpg", "pdf": "page.pdf"}.get(kind, "page.tif")
    if kind == "g4":
        data = encoded(Image.fromarray(SMOOTH[..., 0] > 127), "TIFF", compression="group4")
    else:
        file_format = {"jpg": "JPEG", "pdf": "PDF"}.get(kind, "TIFF")
        settings = {"compression": "jpeg"} if file_format == "TIFF" else {}
        data = encoded(Image.fromarray(SMOOTH), file_format, **settings)
    Path(name).write_bytes(data)
    output = f"out{Path(name).suffix}"
    code, said = in_a_process(name, output, "--mask", "mask.png")
    assert (code, "damaged" in said) == (0, False)
    if kind in ("jpg", "pdf"):
        middle = data.index(b"\xff\xda") + 200
    else:
        with tifffile.TiffFile(name) as file:
            middle = file.pages[0].dataoffsets[0] + file.pages[0].databytecounts[0] // 2
    Path(name).write_bytes(data[:middle] + b"\xff\xd9" * 8 + data[middle + 16 :])
    code, said = in_a_process(name, output, "--mask", "mask.png")
    assert code == 0
    assert "bokwon: warning: page" in said
    assert "is damaged, though it can be read: " in said
    # The same in a folder's worker processes, and for a file without a mask.
    Path("in").mkdir()
    Path(name).rename(f"in/{name}")
    code, said = in_a_process("in", "out", "-j", "2")
    assert code == 0
    assert "is damaged, though it can be read: " in said


def test_a_mask_turned_by_its_own_tag_is_told_of(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(RGB).save("page.png")
    # The tag says how to turn it, and so it fits; or it was copied from somewhere, and only without it the mask fits.
    for stored, said in ((np.rot90(HOLE), "turned as the image's pixels are stored (by 90"), (HOLE, "as stored")):
        Image.fromarray(np.ascontiguousarray(stored)).save("mask.png", exif=exif)
        assert restore("page.png", "out.png") == 0
        check_restored(RGB, "out.png")
        assert said in capsys.readouterr().err


def test_kinds_of_samples_that_are_not_restored_are_called_by_their_names(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Image.fromarray(RGB).convert("LAB").save("page.tif")
    assert restore("page.tif", "out.tif") == 2
    assert "page.tif has samples of CIE L*a*b*; convert it to gray, RGB or CMYK" in capsys.readouterr().err
    tifffile.imwrite("page.tif", GRAY.astype(np.float32), metadata=None)
    assert restore("page.tif", "out.tif") == 2
    assert "page.tif has samples of 32 bits" in capsys.readouterr().err
