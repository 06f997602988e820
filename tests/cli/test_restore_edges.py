"""Names, sides, streams and signals at the edge of what a system takes, and JPEGs that are put together unusually."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from bokwon.cli.main import main

HOLE = np.zeros((64, 80), bool)
HOLE[20:30, 30:50] = True
PIXELS = np.random.default_rng(3).integers(90, 240, (64, 80, 3)).astype(np.uint8)
FAR = np.ones((64, 80), bool)
FAR[8:40, 16:64] = False


def restore(*arguments: str) -> int:
    with pytest.raises(SystemExit) as caught:
        main(["restore", *arguments, "--method", "telea"])
    return int(caught.value.code or 0)


def write_pdf(path: str, picture: Image.Image, filters: object, parameters: object, **save: object) -> None:
    picture.save("picture.jpg", quality=95, subsampling=0)
    pdf = pikepdf.new()
    stream = pdf.make_stream(Path("picture.jpg").read_bytes())
    stream.Type, stream.Subtype, stream.ColorSpace = Name.XObject, Name.Image, Name.DeviceRGB
    stream.Width, stream.Height, stream.BitsPerComponent = *picture.size, 8
    stream.Filter, stream.DecodeParms = filters, parameters
    page = pdf.add_blank_page(page_size=(200, 160))
    page.Contents = pdf.make_stream(b"q 200 0 0 160 0 0 cm /Im0 Do Q")
    page.Resources = Dictionary(XObject=Dictionary(Im0=stream))
    pdf.save(path, **save)


@pytest.mark.parametrize("parameters", [Array([None]), Array([Dictionary()]), Array([Dictionary(ColorTransform=1)])])
def test_a_pdf_may_list_the_parameters_of_its_filters(folder: Path, parameters: Array) -> None:
    write_pdf("page.pdf", Image.fromarray(PIXELS), Array([Name.DCTDecode]), parameters)
    assert restore("page.pdf", "out.pdf", "--mask", "mask.png") == 0
    with pikepdf.open("out.pdf") as out:
        after = np.array(pikepdf.PdfImage(out.pages[0].Resources.XObject.Im0).as_pil_image())
    before = np.array(Image.open("picture.jpg")).astype(int)
    assert np.abs(after - before)[FAR].mean() < 2
    assert not np.array_equal(after[HOLE], before[HOLE])


@pytest.mark.parametrize("linear", [False, True])
def test_a_pdf_for_the_web_stays_one(folder: Path, linear: bool) -> None:
    write_pdf("page.pdf", Image.fromarray(PIXELS), Name.DCTDecode, Dictionary(), linearize=linear)
    assert restore("page.pdf", "out.pdf", "--mask", "mask.png") == 0
    with pikepdf.open("out.pdf") as out:
        assert out.is_linearized == linear


def test_black_ink_of_a_ycck_jpeg_is_kept_as_fine_as_its_luma(folder: Path) -> None:
    imagecodecs = pytest.importorskip("imagecodecs", reason="a YCCK file is made with imagecodecs")
    inks = np.full((64, 80, 4), (245, 240, 230, 235), np.uint8)
    inks[::7, 5:70, 3] = 20
    data = imagecodecs.jpeg8_encode(inks, level=60, colorspace="CMYK", outcolorspace="YCCK", subsampling="444")
    Path("page.jpg").write_bytes(data)
    assert restore("page.jpg", "out.jpg", "--mask", "mask.png") == 0
    before, after = (np.array(Image.open(name)).astype(int) for name in ("page.jpg", "out.jpg"))
    assert np.abs(before - after)[FAR].max() <= 12


def test_the_tables_of_a_jpeg_stay_with_their_components(folder: Path) -> None:
    Image.fromarray(PIXELS).save("page.jpg", qtables=[[2] * 64, [40] * 64], subsampling=0)
    data = bytearray(Path("page.jpg").read_bytes())
    # The same file with the tables' numbers exchanged.
    tables = data.index(b"\xff\xdb")
    first = tables + 4
    second = first + 65 if data[first + 65] == 1 else data.index(b"\xff\xdb", first) + 4
    data[first], data[second] = 1, 0
    frame = data.index(b"\xff\xc0")
    for component in range(3):
        data[frame + 12 + 3 * component] ^= 1
    Path("page.jpg").write_bytes(data)
    before = np.array(Image.open("page.jpg")).astype(int)
    assert restore("page.jpg", "out.jpg", "--mask", "mask.png") == 0
    out = Image.open("out.jpg")
    assert [out.quantization[number][0] for _, _, _, number in out.layer] == [2, 40, 40]  # type: ignore[attr-defined]
    assert np.abs(before - np.array(out))[FAR].mean() < 1


@pytest.mark.parametrize("in_place", [False, True])
def test_a_name_that_leaves_no_room_for_a_record(
    folder: Path, in_place: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    name = "한" * 83 + ".png"
    Image.fromarray(PIXELS).save(name)
    before = Path(name).read_bytes()
    target = name if in_place else "글" * 83 + ".png"
    assert restore(name, target, "--mask", "mask.png", "--record") == 5
    assert "shorten the output's name, or leave out --record" in capsys.readouterr().err
    assert Path(name).read_bytes() == before
    assert in_place or not Path(target).exists()
    assert restore(name, target, "--mask", "mask.png") == 0
    after = np.array(Image.open(target))
    np.testing.assert_array_equal(after[~HOLE], PIXELS[~HOLE])
    assert not np.array_equal(after[HOLE], PIXELS[HOLE])


def test_a_folder_with_a_name_that_leaves_no_room_for_a_record(folder: Path) -> None:
    Path("in").mkdir()
    Path("masks").mkdir()
    for name in ("한" * 83, "page"):
        Image.fromarray(PIXELS).save(f"in/{name}.png")
        Image.fromarray(HOLE).save(f"masks/{name}.png")
    assert restore("in", "out", "--masks", "masks", "--record") == 4
    assert sorted(path.name for path in Path("out").iterdir()) == [
        "page.png",
        "page.png.record",
        "report.html",
        "report.jsonl",
        "report_files",
    ]
    assert restore("in", "out", "--masks", "masks", "--resume") == 0
    assert Path("out", "한" * 83 + ".png").is_file()


@pytest.mark.parametrize(("width", "name", "limit"), [(17_000, "out.webp", 16_383), (66_000, "out.jpg", 65_500)])
def test_a_side_longer_than_a_format_takes(
    folder: Path, width: int, name: str, limit: int, capsys: pytest.CaptureFixture[str]
) -> None:
    Image.new("RGB", (width, 1), "white").save("long.png")
    hole = np.zeros((1, width), bool)
    hole[0, 5:9] = True
    Image.fromarray(hole).save("long-mask.png")
    assert restore("long.png", name, "--mask", "long-mask.png") == 1
    said = capsys.readouterr().err
    assert f"cannot hold more than {limit} pixels a side" in said
    assert ".png or .tif" in said
    assert not Path(name).exists()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="/dev/full is a device of Linux")
def test_no_space_behind_standard_output(folder: Path) -> None:
    Image.fromarray(PIXELS).save("page.png")
    command = [sys.executable, "-m", "bokwon", "restore", "page.png", "-", "--mask", "mask.png", "--method", "telea"]
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 5
    assert "cannot write to standard output: No space left on device" in done.stderr


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_request_to_end_leaves_nothing_behind(folder: Path, number: signal.Signals) -> None:
    # Large, so that the signal comes while it is worked on.
    page = np.random.default_rng(1).integers(0, 256, (2400, 2400, 3)).astype(np.uint8)
    Image.fromarray(page).save("page.png", compress_level=1)
    hole = np.zeros((2400, 2400), bool)
    hole[::8, ::2] = True
    Image.fromarray(hole).save("mask.png")
    before = Path("page.png").read_bytes()
    command = [sys.executable, "-m", "bokwon", "restore", "page.png", "page.png", "--mask", "mask.png", "--record"]
    process = subprocess.Popen(
        [*command, "--method", "telea", "-q"],
        stderr=subprocess.PIPE,
        text=True,
        # Who runs the tests may ignore signals, as nohup does, and children would ignore them too.
        preexec_fn=lambda: signal.signal(number, signal.SIG_DFL),
    )
    deadline = time.monotonic() + 60
    while not list(folder.glob(".bokwon-*.part")) and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(number)
    said = process.communicate()[1]
    assert process.returncode == 128 + number, said
    assert "interrupted" in said
    assert Path("page.png").read_bytes() == before
    assert sorted(path.name for path in folder.iterdir()) == ["mask.png", "page.png"]


def test_masks_of_images_whose_names_end_like_pages(folder: Path) -> None:
    Path("in").mkdir()
    for name in ("leaf", "leaf_p001", "leaf_p002"):
        Image.fromarray(PIXELS).save(f"in/{name}.png")
    Image.fromarray(HOLE).save("in/leaf_p001-mask.png")
    Image.fromarray(HOLE).save("in/leaf_p002_mask.png")
    assert restore("in", "beside") == 0
    Path("masks").mkdir()
    for path in Path("in").glob("*mask.png"):
        path.rename(Path("masks") / path.name)
    assert restore("in", "apart", "--masks", "masks") == 0
    assert restore("in/leaf_p001.png", "alone.png", "--mask", "masks") == 0
    for out in ("beside", "apart"):
        # What is found in the image without a mask is shown beside it.
        found = sorted(path.name for path in Path(out).glob("*.png") if ".png." not in path.name)
        assert found == ["leaf.png", "leaf_p001.png", "leaf_p002.png"]
        for name in found:
            after = np.array(Image.open(Path(out, name)))
            assert np.array_equal(after, PIXELS) == (name == "leaf.png")
    assert not np.array_equal(np.array(Image.open("alone.png")), PIXELS)


def test_masks_beside_pages_without_the_page_that_they_seem_to_belong_to(folder: Path) -> None:
    Path("in").mkdir()
    Image.fromarray(PIXELS).save("in/leaf_p001.png")
    Image.fromarray(HOLE).save("in/leaf_p001-mask.png")
    assert restore("in", "out") == 0
    assert [path.name for path in Path("out").glob("*.png")] == ["leaf_p001.png"]
    assert not np.array_equal(np.array(Image.open("out/leaf_p001.png")), PIXELS)


def test_a_picture_that_speaks_of_pdf_is_none(folder: Path) -> None:
    text = PngInfo()
    text.add_text("Comment", "made from %PDF-1.4")
    Image.fromarray(PIXELS).save("page.png", pnginfo=text)
    assert restore("page.png", "out.png", "--mask", "mask.png") == 0
    np.testing.assert_array_equal(np.array(Image.open("out.png"))[~HOLE], PIXELS[~HOLE])


def test_files_of_a_folder_may_lack_some_of_the_pages(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("in").mkdir()
    Path("masks").mkdir()
    page = Image.fromarray(PIXELS)
    page.save("in/book.tif", save_all=True, append_images=[page, page])
    page.save("in/leaf.png")
    for name in ("book_p001", "book_p002", "book_p003", "leaf"):
        Image.fromarray(HOLE).save(f"masks/{name}.png")
    assert restore("in", "out", "--masks", "masks", "--pages", "2-5") == 0
    with Image.open("out/book.tif") as book:
        for number in range(3):
            book.seek(number)
            assert np.array_equal(np.array(book), PIXELS) == (number == 0)
    np.testing.assert_array_equal(np.array(Image.open("out/leaf.png")), PIXELS)
    capsys.readouterr()
    assert restore("in/leaf.png", "leaf.png", "--mask", "mask.png", "--pages", "2-5") == 1
    assert "there is no page 5, only 1" in capsys.readouterr().err


def test_a_page_of_scattered_parts_is_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = Image.fromarray(PIXELS)
    page.save("page.tif", save_all=True, append_images=[page])
    data = bytearray(Path("page.tif").read_bytes())
    # The second page's compression becomes that of old-style JPEG.
    entry = data.rindex(b"\x03\x01\x03\x00\x01\x00\x00\x00")
    data[entry + 8] = 6
    Path("page.tif").write_bytes(data)
    Image.fromarray(HOLE).save("page_p001.png")
    assert restore("page.tif", "out.tif", "--mask", ".") == 2
    assert "page.tif, page 2 is an old kind of JPEG" in capsys.readouterr().err
    assert not Path("out.tif").exists()


@pytest.mark.parametrize("signed", [False, True])
def test_a_signature_below_another_field_is_told(
    folder: Path, signed: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    write_pdf("page.pdf", Image.fromarray(PIXELS), Name.DCTDecode, Dictionary())
    with pikepdf.open("page.pdf", allow_overwriting_input=True) as pdf:
        kid = pdf.make_indirect(Dictionary(T="a"))
        if signed:
            kid.V = Dictionary(Type=Name.Sig)
        field = pdf.make_indirect(Dictionary(T="form", FT=Name.Sig, Kids=Array([kid])))
        pdf.Root.AcroForm = Dictionary(Fields=Array([field]))
        pdf.save("page.pdf")
    assert restore("page.pdf", "out.pdf", "--mask", "mask.png") == 0
    assert ("is signed" in capsys.readouterr().err) == signed


@pytest.mark.parametrize("resolution", [None, 300])
def test_a_jpeg_without_resolution_gets_none(folder: Path, resolution: int | None) -> None:
    exif = Image.Exif()
    exif[0x010F] = "maker"
    if resolution is not None:
        exif[282] = exif[283] = resolution
        exif[296] = 2
    Image.fromarray(PIXELS).save("page.jpg", exif=exif)
    data = Path("page.jpg").read_bytes()
    start = data.index(b"\xff\xe0")
    Path("page.jpg").write_bytes(data[:start] + data[start + 18 :])
    assert restore("page.jpg", "out.png", "--mask", "mask.png") == 0
    with Image.open("out.png") as image:
        found = image.info.get("dpi")
    assert found is None if resolution is None else found == pytest.approx((300, 300), abs=0.1)


def test_a_jpeg_whose_components_are_called_rgb_stays_so(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Image.fromarray(PIXELS).save("page.jpg", quality=95, keep_rgb=True)
    data = bytearray(Path("page.jpg").read_bytes())
    for marker in (b"\xff\xe0", b"\xff\xee"):
        if (start := data.find(marker)) >= 0:
            del data[start : start + 2 + int.from_bytes(data[start + 2 : start + 4], "big")]
    Path("page.jpg").write_bytes(data)
    with Image.open("page.jpg") as image:
        assert image.layer[0][0] == ord("R")  # type: ignore[attr-defined]
    assert restore("page.jpg", "out.jpg", "--mask", "mask.png") == 0
    assert "luma" not in capsys.readouterr().err
    with Image.open("out.jpg") as image:
        assert image.layer[0][0] == ord("R")  # type: ignore[attr-defined]


def test_explain_tells_that_a_file_holds_several_pages(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tifffile = pytest.importorskip("tifffile", reason="a file with a page of JPEG 2000 is made with tifffile")
    with tifffile.TiffWriter("book.tif") as book:
        book.write(PIXELS, photometric="rgb")
        book.write(PIXELS, photometric="rgb", compression="jpeg2000")
    with pytest.raises(SystemExit) as caught:
        main(["explain", "book.tif", "--mask", "mask.png", "out.png", "--page", "3"])
    assert caught.value.code == 1
    assert "book.tif has 2 pages; choose --page 1 to 2" in capsys.readouterr().err


def test_a_page_with_a_smaller_copy_cannot_become_another_format(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tifffile = pytest.importorskip("tifffile", reason="a file with a smaller copy is made with tifffile")
    with tifffile.TiffWriter("page.tif") as file:
        file.write(PIXELS, photometric="rgb")
        file.write(PIXELS[::4, ::4], photometric="rgb", subfiletype=1)
    assert restore("page.tif", "out.png", "--mask", "mask.png") == 1
    assert "PNG holds one page and page.tif 1, with smaller copies of it; write a .tif file" in capsys.readouterr().err
    assert restore("page.tif", "out.tif", "--mask", "mask.png") == 0


@pytest.mark.parametrize("progressive", [False, True])
def test_what_lies_behind_the_picture_of_a_jpeg_is_told(
    folder: Path, progressive: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    Image.fromarray(PIXELS).save("page.jpg", progressive=progressive, restart_marker_rows=1)
    data = Path("page.jpg").read_bytes()
    for behind, said in ((b"", False), (b"\0" * 9, False), (b"ftyp\xff\xd9 a film", True)):
        Path("page.jpg").write_bytes(data + behind)
        assert restore("page.jpg", "out.jpg", "--mask", "mask.png") == 0
        assert (f"page.jpg: {len(behind)} bytes behind its picture are not kept" in capsys.readouterr().err) == said
