"""`bokwon restore` on PDFs whose pages are cut into strips, or are stencils."""

from __future__ import annotations

import base64
import io
import zlib
from itertools import pairwise
from pathlib import Path

import numpy as np
import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name
from PIL import Image

from bokwon.cli.main import main

SIZE = (70, 90)
HOLE = np.zeros(SIZE, bool)
HOLE[26:44, 10:30] = True
PIXELS = np.random.default_rng(3).integers(0, 256, SIZE).astype(np.uint8)
CUTS = (0, 30, 40, 63, 70)
PARTS = [slice(*cut) for cut in pairwise(CUTS)]
"""The hole lies in the first three."""


def restore(*arguments: str) -> int:
    with pytest.raises(SystemExit) as caught:
        main(["restore", "page.pdf", "out.pdf", "--mask", "mask.png", "--method", "telea", *arguments])
    return int(caught.value.code or 0)


def add_image(pdf: pikepdf.Pdf, samples: np.ndarray, **entries: object) -> pikepdf.Object:
    """Add a gray image, of 1 bit if the samples are boolean, or of encoded data."""
    stream = pdf.make_stream(b"")
    data = np.packbits(samples, axis=1) if samples.dtype == bool else samples
    encoded = entries.pop("data", data.tobytes())
    stream.write(encoded, filter=entries.pop("Filter", None), decode_parms=entries.pop("DecodeParms", None))
    stream.Type, stream.Subtype, stream.ColorSpace = Name.XObject, Name.Image, Name.DeviceGray
    stream.Height, stream.Width = samples.shape
    stream.BitsPerComponent = 1 if samples.dtype == bool else 8
    for key, value in entries.items():
        stream[f"/{key}"] = value
    if "/ImageMask" in stream:
        del stream["/ColorSpace"]
    return pdf.make_indirect(stream)


def add_page(pdf: pikepdf.Pdf, images: list[pikepdf.Object], content: str) -> None:
    page = pdf.add_blank_page(page_size=(200, 200))
    page.Contents = pdf.make_stream(content.encode())
    page.Resources = Dictionary(XObject=Dictionary({f"/Im{n}": image for n, image in enumerate(images)}))


def write_strips(content: str, encode=None, **entries: object) -> None:
    """Write a page of `PARTS`, each an image, drawn as the content says."""
    pdf = pikepdf.new()
    images = []
    for part in PARTS:
        data = {"data": encode(PIXELS[part])} if encode else {}
        images.append(add_image(pdf, PIXELS[part], **data, **entries))
    add_page(pdf, images, content)
    pdf.save("page.pdf")


def upright(scale: float = 0.5, gap: float = 0.0) -> str:
    """Draw strips from top to bottom, `gap` points between them, out of order and within another matrix."""
    lines = [
        f"q {90 * scale:g} 0 0 {(part.stop - part.start) * scale:.2f} 10 {(100 - part.stop) * scale - n * gap:.2f} cm "
        f"/Im{n} Do Q"
        for n, part in enumerate(PARTS)
    ]
    return "q 1 0 0 1 5 7 cm 2 0 0 2 0 0 cm " + " ".join([lines[2], lines[0], lines[3], lines[1]]) + " Q"


def turned() -> str:
    """Draw strips from left to right, each turned by a right angle."""
    return " ".join(f"q 0 90 -{part.stop - part.start} 0 {part.stop} 10 cm /Im{n} Do Q" for n, part in enumerate(PARTS))


def mirrored() -> str:
    """Draw strips in a space whose rows run downwards, as some producers do: the page shows them upside down."""
    return "q 1 0 0 -1 0 150 cm " + upright() + " Q"


def rows_of(path: str) -> list[np.ndarray]:
    with pikepdf.open(path) as pdf:
        named = pdf.pages[0].Resources.XObject
        images = [named[f"/Im{n}"] for n in range(len(named))]
        return [np.array(pikepdf.PdfImage(image).as_pil_image()) for image in images]


def check_restored(before: np.ndarray, after: np.ndarray) -> None:
    assert (before.dtype, before.shape) == (after.dtype, after.shape)
    np.testing.assert_array_equal(before[~HOLE], after[~HOLE])
    assert not np.array_equal(before[HOLE], after[HOLE])


@pytest.mark.parametrize("content", [upright(), upright(gap=0.2), turned(), mirrored()])
def test_strips_are_restored_as_one_picture(folder: Path, content: str, capsys: pytest.CaptureFixture[str]) -> None:
    write_strips(content)
    assert restore() == 0
    said = capsys.readouterr().err
    assert "page.pdf, page 1 is cut into 4 images: they are taken for one picture" in said
    assert "only the largest" not in said
    after = rows_of("out.pdf")
    assert [part.shape for part in after] == [PIXELS[part].shape for part in PARTS]
    check_restored(PIXELS, np.concatenate(after))


def test_strips_give_what_one_image_gives(folder: Path) -> None:
    write_strips(upright())
    assert restore() == 0
    Image.fromarray(PIXELS).save("page.png")
    with pytest.raises(SystemExit):
        main(["restore", "page.png", "out.png", "--mask", "mask.png", "--method", "telea"])
    np.testing.assert_array_equal(np.concatenate(rows_of("out.pdf")), np.array(Image.open("out.png")))


def as_fax(bits: np.ndarray) -> dict[str, object]:
    stream = io.BytesIO()
    Image.fromarray(bits).save(stream, "TIFF", compression="group4")
    with Image.open(stream) as image:
        start, length = image.tag_v2[273][0], image.tag_v2[279][0]
    parms = Dictionary(K=-1, Columns=bits.shape[1], Rows=bits.shape[0], BlackIs1=True)
    return {
        "data": stream.getvalue()[start : start + length],
        "Filter": Name.CCITTFaxDecode,
        "DecodeParms": parms,
    }


@pytest.mark.parametrize("kind", ["gray", "fax", "stencil", "negative"])
def test_strips_can_be_restored_again_and_undone(folder: Path, kind: str) -> None:
    pdf = pikepdf.new()
    images = []
    for part in PARTS:
        bits = PIXELS[part] > 127
        entries: dict[str, object] = as_fax(bits) if kind in ("fax", "stencil") else {}
        if kind == "stencil":
            entries |= {"ImageMask": True, "Decode": Array([1, 0])}
        if kind == "negative":
            entries["Decode"] = Array([1, 0])
        images.append(add_image(pdf, PIXELS[part] if kind in ("gray", "negative") else bits, **entries))
    add_page(pdf, images, upright())
    pdf.save("page.pdf")
    before = np.concatenate(rows_of("page.pdf"))
    assert restore("--record") == 0
    assert not np.array_equal(np.concatenate(rows_of("out.pdf")), before)
    # The strips that changed are stored otherwise now than those that did not.
    with pytest.raises(SystemExit) as caught:
        main(["restore", "out.pdf", "again.pdf", "--mask", "mask.png", "--method", "ns"])
    assert not caught.value.code
    check_restored(before, np.concatenate(rows_of("again.pdf")))
    with pytest.raises(SystemExit) as caught:
        main(["undo", "out.pdf.record", "out.pdf"])
    assert not caught.value.code
    np.testing.assert_array_equal(np.concatenate(rows_of("out.pdf")), before)


def test_undo_tells_of_a_page_whose_picture_is_gone(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_strips(upright())
    assert restore("--record") == 0
    with pikepdf.open("out.pdf", allow_overwriting_input=True) as pdf:
        pdf.pages[0].Contents = pdf.make_stream(b"")
        pdf.save("out.pdf")
    data = Path("out.pdf").read_bytes()
    with pytest.raises(SystemExit) as caught:
        main(["undo", "out.pdf.record", "out.pdf", "--force"])
    assert caught.value.code == 2
    assert "page 1 of out.pdf has no image any more" in capsys.readouterr().err
    assert Path("out.pdf").read_bytes() == data


def test_a_strip_without_a_hole_keeps_its_bytes(folder: Path) -> None:
    def encode(rows: np.ndarray) -> bytes:
        stream = io.BytesIO()
        Image.fromarray(rows).save(stream, "JPEG", quality=90)
        return stream.getvalue()

    write_strips(upright(), encode, Filter=Name.DCTDecode)
    assert restore() == 0
    with pikepdf.open("page.pdf") as before, pikepdf.open("out.pdf") as after:
        for number in range(4):
            was, now = (pdf.pages[0].Resources.XObject[f"/Im{number}"] for pdf in (before, after))
            assert (was.read_raw_bytes() == now.read_raw_bytes()) == (number == 3)
            assert now.Filter == Name.DCTDecode
            assert (now.Width, now.Height) == (was.Width, was.Height)


@pytest.mark.parametrize(
    "content",
    [
        upright(gap=3.0),
        "/Im0 Do /Im1 Do /Im2 Do /Im3 Do",
        "q 90 0 0 0 0 0 cm /Im0 Do /Im1 Do /Im2 Do /Im3 Do Q",
        upright().replace("45 0 0", "46 0 0", 1),
    ],
    ids=["gap", "on top of each other", "flat", "wider"],
)
def test_images_that_do_not_join_are_no_strips(folder: Path, content: str, capsys: pytest.CaptureFixture[str]) -> None:
    write_strips(content)
    Image.fromarray(HOLE[:30]).save("mask.png")
    assert restore() == 0
    assert "draws 3 more images, left as they are: its picture is the largest, 90x30" in capsys.readouterr().err
    after = rows_of("out.pdf")
    assert not np.array_equal(after[0], PIXELS[PARTS[0]])
    for number in (1, 2, 3):
        np.testing.assert_array_equal(after[number], PIXELS[PARTS[number]])


def test_strips_are_too_large_together(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_strips(upright())
    assert restore("--max-mpixels", "0.004") == 2
    assert "page.pdf, page 1 has more than 0.004 megapixels" in capsys.readouterr().err
    assert not Path("out.pdf").exists()


def test_a_strip_that_stands_twice_may_not_change(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    blank = np.full((10, 90), 250, np.uint8)
    pdf = pikepdf.new()
    content = "q 90 0 0 50 0 20 cm /Im0 Do Q q 90 0 0 10 0 10 cm /Im1 Do Q q 90 0 0 10 0 0 cm /Im1 Do Q"
    add_page(pdf, [add_image(pdf, PIXELS[:50]), add_image(pdf, blank)], content)
    pdf.save("page.pdf")
    assert restore() == 0
    after = rows_of("out.pdf")
    check_restored(np.concatenate([PIXELS[:50], blank, blank]), np.concatenate([*after, after[1]]))
    Path("out.pdf").unlink()
    Image.fromarray(np.roll(HOLE, 20, axis=0)).save("mask.png")
    capsys.readouterr()
    assert restore() == 2
    assert "page 1 draws one image in several places" in capsys.readouterr().err
    assert not Path("out.pdf").exists()


@pytest.mark.parametrize("decode", [None, [0, 1], [1, 0]])
@pytest.mark.parametrize("kind", ["plain", "fax"])
def test_a_stencil_is_restored(folder: Path, decode: list[int] | None, kind: str) -> None:
    ink = PIXELS > 127
    pdf = pikepdf.new()
    entries: dict[str, object] = {} if decode is None else {"Decode": Array(decode)}
    if kind == "fax":
        entries |= as_fax(ink)
    add_page(pdf, [add_image(pdf, ink, ImageMask=True, **entries)], "0 g q 90 0 0 70 0 0 cm /Im0 Do Q")
    pdf.save("page.pdf")
    before = rows_of("page.pdf")[0]
    assert np.array_equal(before, ink if decode != [1, 0] else ~ink)
    assert restore() == 0
    check_restored(before, rows_of("out.pdf")[0])
    with pikepdf.open("out.pdf") as out:
        stencil = out.pages[0].Resources.XObject.Im0
        assert stencil.ImageMask
        assert "/ColorSpace" not in stencil


def test_stencils_on_top_of_a_picture_and_letters_stay(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pdf = pikepdf.new()
    # A finer stencil than the scan, as on pages that were taken apart into ink and paper.
    fine = np.random.default_rng(4).integers(0, 2, (140, 180)).astype(bool)
    place = "q 90 0 0 70 0 0 cm"
    images = [add_image(pdf, PIXELS), add_image(pdf, fine, ImageMask=True)]
    add_page(pdf, images, f"{place} /Im0 Do Q {place} /Im1 Do Q")
    letters = [add_image(pdf, fine[:12, :9], ImageMask=True), add_image(pdf, fine[:12, 9:18], ImageMask=True)]
    add_page(pdf, letters, "q 9 0 0 12 0 0 cm /Im0 Do Q q 9 0 0 12 9 0 cm /Im1 Do Q")
    pdf.save("page.pdf")
    Path("masks").mkdir()
    Path("mask.png").rename("masks/page_p001.png")
    Path("mask.png").symlink_to("masks")
    assert restore() == 0
    said = capsys.readouterr().err
    assert "page 1 draws 1 more image, left as it is: its picture is the largest, 90x70" in said
    after = rows_of("out.pdf")
    check_restored(PIXELS, after[0])
    np.testing.assert_array_equal(after[1], fine)


@pytest.mark.parametrize("bits", [1, 4, 8])
def test_gray_that_is_stored_as_its_negative(folder: Path, bits: int) -> None:
    pdf = pikepdf.new()
    if bits == 1:
        samples = PIXELS > 127
        image = add_image(pdf, samples, Decode=Array([1, 0]))
    elif bits == 8:
        samples = PIXELS
        image = add_image(pdf, samples, Decode=Array([1, 0]))
    else:
        samples = PIXELS // 17 * 17
        packed = (samples // 17).reshape(SIZE[0], -1, 2) @ np.array([16, 1], np.uint8)
        image = add_image(pdf, PIXELS, data=packed.tobytes(), Decode=Array([1, 0]), BitsPerComponent=4)
    add_page(pdf, [image], "q 90 0 0 70 0 0 cm /Im0 Do Q")
    pdf.save("page.pdf")
    assert restore() == 0
    with pikepdf.open("out.pdf") as out:
        assert "/Decode" not in out.pages[0].Resources.XObject.Im0
    check_restored(~samples, rows_of("out.pdf")[0])


def test_a_negative_with_transparent_grays_keeps_them(folder: Path) -> None:
    pdf = pikepdf.new()
    image = add_image(pdf, PIXELS, Decode=Array([1, 0]), Mask=Array([0, 99]))
    add_page(pdf, [image], "q 90 0 0 70 0 0 cm /Im0 Do Q")
    pdf.save("page.pdf")
    assert restore() == 0
    with pikepdf.open("out.pdf") as after:
        mask = after.pages[0].Resources.XObject.Im0.Mask
        rows = np.frombuffer(mask.read_bytes(), np.uint8).reshape(70, -1)
    transparent = np.unpackbits(rows, axis=1)[:, :90].astype(bool)
    np.testing.assert_array_equal(transparent[~HOLE], PIXELS[~HOLE] < 100)


PLACE = "q 90 0 0 70 0 0 cm"


@pytest.mark.parametrize("beside", ["dot", "logo", "colour behind", "form"])
def test_a_stencil_that_covers_the_page_is_the_scan(
    folder: Path, beside: str, capsys: pytest.CaptureFixture[str]
) -> None:
    ink = PIXELS > 127
    pdf = pikepdf.new()
    scan = add_image(pdf, ink, ImageMask=True)
    small = {
        "dot": add_image(pdf, np.zeros((1, 1), bool), ImageMask=True),
        "logo": add_image(pdf, PIXELS[:20, :30]),
        "colour behind": add_image(pdf, PIXELS[:1, :1]),
        "form": add_image(pdf, np.zeros((1, 1), bool), ImageMask=True),
    }[beside]
    place = PLACE if beside == "colour behind" else "q 9 0 0 6 70 60 cm"
    if beside == "form":
        for _ in range(6):
            form = pikepdf.Stream(pdf, b"/Im0 Do")
            form.Type, form.Subtype, form.BBox = Name.XObject, Name.Form, Array([0, 0, 200, 200])
            form.Resources = Dictionary(XObject=Dictionary(Im0=scan))
            scan = pdf.make_indirect(form)
    add_page(pdf, [small, scan], f"{place} /Im0 Do Q {PLACE} /Im1 Do Q")
    pdf.save("page.pdf")
    assert restore() == 0
    assert "draws 1 more image, left as it is: its picture is the largest, 90x70" in capsys.readouterr().err
    with pikepdf.open("out.pdf") as out:
        image = out.pages[0].Resources.XObject.Im1
        while image.Subtype == Name.Form:
            image = image.Resources.XObject.Im0
        check_restored(ink, np.array(pikepdf.PdfImage(image).as_pil_image()))


def test_a_mask_of_another_size_is_told_with_the_pictures_of_the_page(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pdf = pikepdf.new()
    add_page(pdf, [add_image(pdf, PIXELS[:50]), add_image(pdf, PIXELS[:20, :30])], f"{PLACE} /Im0 Do Q /Im1 Do")
    pdf.save("page.pdf")
    assert restore() == 1
    said = capsys.readouterr().err
    assert "page 1 draws 1 more image, left as it is: its picture is the largest, 90x50" in said
    assert "mask mask.png is 90x70 and the image 90x50" in said


@pytest.mark.parametrize("wrapped", [["ASCII85Decode"], ["FlateDecode"], ["ASCII85Decode", "FlateDecode"]])
def test_a_jpeg_in_further_filters_is_restored(folder: Path, wrapped: list[str]) -> None:
    smooth = np.tile(np.linspace(0, 255, SIZE[1]), (SIZE[0], 1)).astype(np.uint8)
    smooth[HOLE] = 0
    stream = io.BytesIO()
    Image.fromarray(smooth).save(stream, "JPEG", quality=95)
    data = stream.getvalue()
    for name in reversed(wrapped):
        data = zlib.compress(data) if name == "FlateDecode" else base64.a85encode(data, adobe=True)[2:]
    pdf = pikepdf.new()
    filters = Array([*(Name(f"/{name}") for name in wrapped), Name.DCTDecode])
    add_page(pdf, [add_image(pdf, smooth, data=data, Filter=filters)], f"{PLACE} /Im0 Do Q")
    pdf.save("page.pdf")
    assert restore() == 0
    with pikepdf.open("out.pdf") as out:
        image = out.pages[0].Resources.XObject.Im0
        assert image.Filter == Name.DCTDecode
        after = np.array(pikepdf.PdfImage(image).as_pil_image()).astype(int)
    assert np.abs(after - smooth)[~HOLE].mean() < 3
    assert after[HOLE].min() > 10


def test_operators_without_operands_draw_nothing(folder: Path) -> None:
    pdf = pikepdf.new()
    add_page(pdf, [add_image(pdf, PIXELS)], f"Do cm {PLACE} /Im0 Do Q Q")
    pdf.save("page.pdf")
    assert restore() == 0
    check_restored(PIXELS, rows_of("out.pdf")[0])


def test_a_colour_space_that_is_not_known_is_named(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bits = PIXELS > 127
    shade = Dictionary(FunctionType=2, N=1, Domain=Array([0, 1]))
    space = Array([Name.Separation, Name.Black, Name.DeviceGray, shade])
    pdf = pikepdf.new()
    add_page(pdf, [add_image(pdf, bits, **as_fax(bits), ColorSpace=space)], f"{PLACE} /Im0 Do Q")
    pdf.save("page.pdf")
    assert restore() == 2
    said = capsys.readouterr().err
    assert "the colour space Separation" in said
    assert "pikepdf" not in said


def test_a_name_that_ends_in_mask_finds_its_masks(folder: Path) -> None:
    write_strips(upright())
    Path("page.pdf").rename("leaf_mask.pdf")
    Path("masks").mkdir()
    Path("mask.png").rename("masks/leaf_mask_p001.png")
    with pytest.raises(SystemExit) as caught:
        main(["restore", "leaf_mask.pdf", "out.pdf", "--mask", "masks", "--method", "telea"])
    assert not caught.value.code
    check_restored(PIXELS, np.concatenate(rows_of("out.pdf")))


def test_a_strip_of_one_row_belongs_to_the_picture(folder: Path) -> None:
    pdf = pikepdf.new()
    images = [add_image(pdf, PIXELS[:69]), add_image(pdf, PIXELS[69:])]
    add_page(pdf, images, "q 90 0 0 69 0 1 cm /Im0 Do Q q 90 0 0 1 0 0 cm /Im1 Do Q")
    pdf.save("page.pdf")
    assert restore() == 0
    check_restored(PIXELS, np.concatenate(rows_of("out.pdf")))


def test_forms_that_multiply_are_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pdf = pikepdf.new()
    inner = add_image(pdf, PIXELS)
    for _ in range(6):
        form = pikepdf.Stream(pdf, b"/Im0 Do " * 20)
        form.Type, form.Subtype, form.BBox = Name.XObject, Name.Form, Array([0, 0, 200, 200])
        form.Resources = Dictionary(XObject=Dictionary(Im0=inner))
        inner = pdf.make_indirect(form)
    add_page(pdf, [inner], "/Im0 Do")
    pdf.save("page.pdf")
    assert restore() == 2
    assert "page 1 draws too much: a page draws more than 10000 forms" in capsys.readouterr().err
