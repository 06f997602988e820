"""`bokwon restore` on pages of PDFs that viewers show turned or mirrored: the mask lies where the damage was seen."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pikepdf
import pytest
from pikepdf import Dictionary, Name
from PIL import Image

from bokwon.cli.main import main
from bokwon.image_io.orientation import Orientation

HOLE = np.zeros((30, 40), bool)
HOLE[3:9, 5:16] = True
PIXELS = np.random.default_rng(3).integers(0, 256, HOLE.shape).astype(np.uint8)
MATRICES = {
    "upright": "200 0 0 150 0 0",
    "mirrored": "-200 0 0 150 200 0",
    "flipped": "200 0 0 -150 0 150",
    "turned": "0 200 -150 0 150 0",
}


def restore(*arguments: str) -> int:
    with pytest.raises(SystemExit) as caught:
        main(["restore", "page.pdf", "out.pdf", "--mask", "mask.png", "--method", "telea", *arguments])
    return int(caught.value.code or 0)


def write_page(path: str, samples: np.ndarray, matrix: str, rotate: int) -> Orientation:
    """Write a PDF of one page; return how viewers show its picture."""
    pdf = pikepdf.new()
    image = pdf.make_stream(samples.tobytes())
    image.Type, image.Subtype, image.ColorSpace, image.BitsPerComponent = Name.XObject, Name.Image, Name.DeviceGray, 8
    image.Height, image.Width = samples.shape
    page = pdf.add_blank_page(page_size=(200, 200))
    page.Contents = pdf.make_stream(f"q {matrix} cm /Im0 Do Q".encode())
    page.Resources = Dictionary(XObject=Dictionary(Im0=image))
    page.Rotate = rotate
    pdf.save(path)
    drawn = Orientation.of_matrix(*(float(number) for number in matrix.split()[:4]))
    assert drawn is not None
    return drawn.then(Orientation.of_rotation(rotate))


def picture(path: str = "out.pdf") -> np.ndarray:
    with pikepdf.open(path) as pdf:
        return np.array(pikepdf.PdfImage(pdf.pages[0].Resources.XObject.Im0).as_pil_image())


def check_filled(hole: np.ndarray) -> None:
    changed = picture() != PIXELS
    assert not changed[~hole].any()
    assert changed[hole].mean() > 0.9


@pytest.mark.parametrize("rotate", [0, 90, 180, 270])
@pytest.mark.parametrize("matrix", MATRICES.values(), ids=MATRICES)
def test_a_mask_that_was_drawn_on_the_view_lies_on_its_pixels(
    folder: Path, capsys: pytest.CaptureFixture[str], matrix: str, rotate: int
) -> None:
    shown = write_page("page.pdf", PIXELS, matrix, rotate)
    Image.fromarray(shown.apply(HOLE)).save("mask.png")
    assert restore() == 0
    check_filled(HOLE)
    said = capsys.readouterr().err
    assert ("drawn upright, turned as the image's pixels are stored" in said) == (shown is not Orientation.UPRIGHT)
    same_size = shown is not Orientation.UPRIGHT and not shown.swaps_sides
    assert ("if it was drawn on the stored pixels, add --mask-view stored" in said) == same_size


def test_a_mask_of_the_stored_picture_lies_on_it(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_page("page.pdf", PIXELS, MATRICES["upright"], 90)
    assert restore() == 0
    check_filled(HOLE)
    assert "it follows the image's pixels as stored, which viewers turn" in capsys.readouterr().err


def test_a_mask_of_neither_size_is_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_page("page.pdf", PIXELS, MATRICES["upright"], 90)
    Image.fromarray(HOLE[:, :30]).save("mask.png")
    assert restore() == 1
    assert "mask mask.png is 30x30 and the image 40x30 pixels" in capsys.readouterr().err


def test_the_mask_may_be_a_turned_page_itself(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shown = write_page("page.pdf", PIXELS, MATRICES["upright"], 90)
    stored = Orientation.UPSIDE_DOWN.apply(shown.apply(HOLE)).astype(np.uint8) * 255
    write_page("mask.pdf", stored, MATRICES["upright"], 180)
    assert restore("--mask", "mask.pdf") == 0
    check_filled(HOLE)


def test_the_record_holds_what_lies_on_the_stored_pixels(folder: Path) -> None:
    shown = write_page("page.pdf", PIXELS, MATRICES["flipped"], 90)
    Image.fromarray(shown.apply(HOLE)).save("mask.png")
    classes = np.where(HOLE, 1, 0).astype(np.uint8)
    classes[:, 14:] *= 2
    Image.fromarray(np.ascontiguousarray(shown.apply(classes))).save("mask.classes.png")
    assert restore("--record") == 0
    with Image.open("out.pdf.record/hole_p001.png") as hole:
        np.testing.assert_array_equal(np.array(hole) > 0, HOLE)
    (found,) = json.loads(Path("out.pdf.record/record.json").read_text())["pages"][0]["holes"]
    assert found["box"] == [5, 3, 11, 6]
    assert found["damage"] is not None
    with pytest.raises(SystemExit):
        main(["undo", "out.pdf.record", "out.pdf"])
    np.testing.assert_array_equal(picture(), PIXELS)
