"""`bokwon restore` with masks as people make them: each kind through the command."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bokwon.cli.main import main
from bokwon.image_io.orientation import Orientation

HOLE = np.zeros((80, 120), bool)
HOLE[30:50, 40:80] = True


def scan() -> np.ndarray:
    """Paper of one tone with lines of ink, and damage where the hole is."""
    picture = np.full((*HOLE.shape, 3), (236, 226, 205), np.uint8)
    for row in range(6, 76, 10):
        for column in range(5, 110, 6):
            picture[row : row + 6, column : column + 3] = (60, 50, 45)
    picture[HOLE] = (90, 160, 90)
    return picture


@pytest.fixture(autouse=True)
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Image.fromarray(scan()).save("page.png")
    return tmp_path


def restore(*arguments: str) -> int:
    with pytest.raises(SystemExit) as caught:
        main(["restore", *arguments, "--method", "telea"])
    return int(caught.value.code or 0)


def pixels(path: str | Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.array(image)


def check_filled(hole: np.ndarray, before: str | Path = "page.png", after: str | Path = "out.png") -> None:
    old, new = pixels(before), pixels(after)
    np.testing.assert_array_equal(old[~hole], new[~hole])
    assert (old[hole] != new[hole]).any(axis=-1).mean() > 0.9


def painted() -> Image.Image:
    picture = scan()
    picture[HOLE] = (255, 0, 0)
    return Image.fromarray(picture)


def erased() -> Image.Image:
    return Image.fromarray(np.dstack([scan(), np.where(HOLE, 0, 255)]).astype(np.uint8))


def drawn() -> Image.Image:
    layer = np.zeros((*HOLE.shape, 4), np.uint8)
    layer[HOLE] = (0, 0, 0, 255)
    return Image.fromarray(layer)


def palette() -> Image.Image:
    image = Image.fromarray(HOLE.astype(np.uint8)).convert("P")
    image.putpalette([0, 0, 0, 128, 0, 0])
    return image


KINDS = {
    "painted": (painted(), "painted on a copy of the image, what differs from it is hole"),
    "erased": (erased(), "a copy of the image, what is erased is hole"),
    "drawn": (drawn(), "drawn on a transparent layer, what is painted is hole"),
    "ones": (Image.fromarray(HOLE.astype(np.uint8)), "labels, value 1 is hole"),
    "deep": (Image.fromarray(HOLE.astype(np.uint16) * 3), "labels, value 3 is hole"),
    "palette": (palette(), "labels, colour #800000 is hole"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_mask_is_said_with_the_share_that_is_filled(kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    mask, said = KINDS[kind]
    mask.save("mask.png")
    assert restore("page.png", "out.png", "--mask", "mask.png") == 0
    check_filled(HOLE)
    first, last = capsys.readouterr().err.splitlines()
    assert first == f"bokwon: note: mask mask.png: {said}: 8.33% of page.png will be filled"
    assert last == f"bokwon: wrote out.png: 8.33% of page.png filled, mask mask.png: {said}"


def test_the_usual_mask_takes_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    Image.fromarray(HOLE).save("page-mask.png")
    assert restore("page.png", "out.png") == 0
    check_filled(HOLE)
    said = "bokwon: wrote out.png: 8.33% of page.png filled, mask page-mask.png: white is hole\n"
    assert capsys.readouterr().err == said
    assert restore("page.png", "out.png", "-q") == 0
    assert capsys.readouterr().err == ""


def test_a_jpeg_of_a_painted_scan_is_read_and_a_gray_mask_in_jpeg_too(capsys: pytest.CaptureFixture[str]) -> None:
    painted().save("mask.jpg", quality=92)
    assert restore("page.png", "out.png", "--mask", "mask.jpg") == 0
    assert "painted on a copy" in capsys.readouterr().err
    changed = (pixels("out.png") != scan()).any(axis=-1)
    assert changed[HOLE].mean() > 0.9
    assert changed.mean() < 0.2
    Image.fromarray(np.where(HOLE, 255, 0).astype(np.uint8)).save("mask.jpg", quality=60)
    assert restore("page.png", "out.png", "--mask", "mask.jpg") == 0
    assert "gray pixels, as JPEG and smoothing make them" in capsys.readouterr().err
    check_filled(HOLE)


def test_what_could_mean_two_things_takes_an_option(capsys: pytest.CaptureFixture[str]) -> None:
    Image.fromarray(np.where(HOLE[..., None], (255, 0, 0), 255).astype(np.uint8)).save("mask.png")
    assert restore("page.png", "out.png", "--mask", "mask.png") == 1
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "--mask-as colour (coloured pixels are hole), or --mask-as gray (at least half light is hole)" in said
    assert not Path("out.png").exists()
    assert restore("page.png", "out.png", "--mask", "mask.png", "--mask-as", "colour") == 0
    check_filled(HOLE)


def test_an_all_black_mask_is_nothing_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    Image.new("L", (120, 80)).save("mask.png")
    assert restore("page.png", "out.png", "--mask", "mask.png") == 0
    assert Path("out.png").read_bytes() == Path("page.png").read_bytes()
    assert "mask mask.png has no hole: the image is returned unchanged" in capsys.readouterr().err


@pytest.mark.parametrize("orientation", range(2, 9))
def test_an_upright_mask_of_a_phones_photograph_lies_right(
    orientation: int, capsys: pytest.CaptureFixture[str]
) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(scan()).save("page.png", exif=exif)
    Image.fromarray(Orientation(orientation).apply(HOLE)).save("mask.png")
    assert restore("page.png", "out.png", "--mask", "mask.png", "--record") == 0
    check_filled(HOLE)
    assert "drawn upright, turned as the image's pixels are stored" in capsys.readouterr().err
    np.testing.assert_array_equal(pixels("out.png.record/hole_p001.png") > 0, HOLE)
    # Painted on what a viewer shows, and saved without the tag.
    Image.fromarray(Orientation(orientation).apply(np.array(painted()))).save("mask.png")
    assert restore("page.png", "out.png", "--mask", "mask.png") == 0
    check_filled(HOLE)


def test_a_mask_of_another_resolution_takes_an_option(capsys: pytest.CaptureFixture[str]) -> None:
    Image.fromarray(np.kron(HOLE, np.ones((3, 3), bool))).save("mask.png")
    assert restore("page.png", "out.png", "--mask", "mask.png") == 1
    assert "is 360x240 and the image 120x80 pixels: it is the same page at 3 times the resolution; add --fit-mask" in (
        capsys.readouterr().err
    )
    assert restore("page.png", "out.png", "--mask", "mask.png", "--fit-mask") == 0
    check_filled(HOLE)
    assert "at 3 times the resolution, resized" in capsys.readouterr().err


def test_capitals_of_names_do_not_hide_a_mask(capsys: pytest.CaptureFixture[str]) -> None:
    Path("in").mkdir()
    for image, mask in (("leaf1.PNG", "leaf1_mask.png"), ("b.png", "B_MASK.PNG"), ("test.png", "test_mask001.png")):
        Image.fromarray(scan()).save(f"in/{image}")
        Image.fromarray(HOLE).save(f"in/{mask}")
    assert restore("in", "out", "-j", "1") == 0
    entries = {
        entry["file"]: entry["status"] for entry in map(json.loads, Path("out/report.jsonl").read_text().splitlines())
    }
    assert entries == dict.fromkeys(("leaf1.PNG", "b.png", "test.png"), "restored")
    assert sorted(path.name for path in Path("out").iterdir()) == [
        "b.png",
        "leaf1.PNG",
        "report.html",
        "report.jsonl",
        "report_files",
        "test.png",
    ]
    for name in entries:
        check_filled(HOLE, f"in/{name}", f"out/{name}")


def test_masks_of_which_none_fits_stop_the_run(capsys: pytest.CaptureFixture[str]) -> None:
    Path("masks").mkdir()
    Path("in").mkdir()
    Image.fromarray(scan()).save("in/leaf1.png")
    Image.fromarray(HOLE).save("masks/folio1.png")
    assert restore("in", "out", "--masks", "masks") == 1
    said = capsys.readouterr().err
    assert "no mask in masks belongs to an image of in; it holds folio1.png" in said
    assert "leaf1.png, leaf1-mask.png or leaf1_mask.png for leaf1.png" in said
    assert not Path("out").exists()


@pytest.mark.parametrize("inputs", [("a.png", "b.png"), ("?.png",), ("*.png",)])
def test_several_images_and_wildcards_go_into_a_folder(inputs: tuple[str, ...]) -> None:
    Path("page.png").unlink()
    for name in ("a", "b"):
        Image.fromarray(scan()).save(f"{name}.png")
        Image.fromarray(HOLE).save(f"{name}-mask.png")
    assert restore(*inputs, "out/") == 0
    assert sorted(path.name for path in Path("out").iterdir()) == [
        "a.png",
        "b.png",
        "report.html",
        "report.jsonl",
        "report_files",
    ]
    for name in ("a.png", "b.png"):
        check_filled(HOLE, name, f"out/{name}")


def test_one_image_goes_into_a_folder_by_its_slash_or_a_wildcard(capsys: pytest.CaptureFixture[str]) -> None:
    Image.fromarray(HOLE).save("page_mask.png")
    assert restore("page.png", "out/") == 0
    check_filled(HOLE, after="out/page.png")
    Path("out/page.png").unlink()
    assert restore("pag?.png", "out") == 0
    check_filled(HOLE, after="out/page.png")
    said = f"wrote {Path('out/page.png')}: 8.33% of page.png filled, mask page_mask.png: white is hole"
    assert capsys.readouterr().err.count(said) == 2


def test_one_mask_for_the_page_that_is_named() -> None:
    page = Image.fromarray(scan())
    page.save("book.tif", save_all=True, append_images=[page])
    Image.fromarray(HOLE).save("mask.png")
    assert restore("book.tif", "out.tif", "--mask", "mask.png") == 1
    assert restore("book.tif", "out.tif", "--mask", "mask.png", "--pages", "2") == 0
    with Image.open("out.tif") as book:
        np.testing.assert_array_equal(np.array(book), scan())
        book.seek(1)
        assert (np.array(book) != scan()).any()
