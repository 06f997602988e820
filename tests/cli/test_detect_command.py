"""`bokwon detect` as it is typed."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.cli.conftest import Call


def run(*arguments: object, code: int = 0, data: bytes | None = None) -> subprocess.CompletedProcess[bytes]:
    done = subprocess.run(
        [sys.executable, "-m", "bokwon", "detect", *map(str, arguments)],
        input=data,
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == code, done.stderr.decode()
    return done


@pytest.fixture
def scan(tmp_path: Path) -> Path:
    """A page with a hole and a readable stain."""
    image = np.full((128, 96, 3), 255, np.uint8)
    image[20:40, 30:60] = (255, 0, 0)
    image[80:100, 30:60] = (0, 255, 0)
    Image.fromarray(image).save(tmp_path / "scan.png", dpi=(300, 300))
    return tmp_path / "scan.png"


def test_the_mask_and_the_overlay_are_written(scan: Path, colour_key: Path) -> None:
    mask, overlay = scan.with_name("mask.png"), scan.with_name("found.jpg")
    done = run(scan, mask, "--model", colour_key, "--overlay", overlay, "--grow", 0, "-v")
    with Image.open(mask) as written:
        assert written.mode == "L"
        assert written.size == (96, 128)
        assert round(written.info["dpi"][0]) == 300
        values = np.array(written)
    assert set(np.unique(values)) == {0, 255}
    assert (values > 0).sum() == 600
    assert values[30, 45] == 255
    with Image.open(overlay) as picture:
        assert picture.size == (96, 128)
    said = done.stderr.decode()
    assert "4.88% to fill (1 missing paper)" in said
    assert "readable stain 30x20 at 30,80" in said
    assert "left out" in said


def test_the_mask_serves_to_restore(scan: Path, colour_key: Path, mean_model: Path) -> None:
    mask, output = scan.with_name("mask.png"), scan.with_name("restored.png")
    run(scan, mask, "--model", colour_key)
    command = [sys.executable, "-m", "bokwon", "restore", str(scan), str(output), "--mask", str(mask), "--model"]
    subprocess.run([*command, str(mean_model)], check=True, capture_output=True, timeout=120)
    with Image.open(output) as restored, Image.open(scan) as damaged:
        assert restored.getpixel((45, 30)) != damaged.getpixel((45, 30))
        assert restored.getpixel((45, 90)) == damaged.getpixel((45, 90))


def test_an_undamaged_page_is_a_result(tmp_path: Path, colour_key: Path) -> None:
    Image.new("L", (64, 64), 255).save(tmp_path / "sound.png")
    done = run(tmp_path / "sound.png", tmp_path / "mask.png", "--model", colour_key)
    assert b"undamaged" in done.stderr
    with Image.open(tmp_path / "mask.png") as mask:
        assert mask.getextrema() == (0, 0)


@pytest.mark.parametrize(
    ("colour", "said"),
    [((255, 0, 0), b"no damage found with enough confidence"), ((0, 255, 0), b"undamaged, nothing to fill")],
    ids=["unsure", "a readable stain"],
)
def test_damage_that_is_not_sure_is_told_from_none(
    tmp_path: Path, write_colour_key: Callable[..., Path], colour: tuple[int, int, int], said: bytes
) -> None:
    model = write_colour_key(tmp_path / "key.onnx", calibration={"missing paper": [[0, 0], [1, 0.6]]})
    page = np.full((64, 64, 3), 255, np.uint8)
    page[20:40, 20:40] = colour
    Image.fromarray(page).save(tmp_path / "page.png")
    done = run(tmp_path / "page.png", tmp_path / "mask.png", "--model", model, "--threshold", 0.9)
    assert said in done.stderr
    assert b"; 1 region of less confidence" in done.stderr


def test_kinds_are_chosen_by_name(scan: Path, colour_key: Path) -> None:
    mask = scan.with_name("mask.png")
    run(scan, mask, "--model", colour_key, "--kinds", "readable-stain, tear", "--grow", 0)
    with Image.open(mask) as written:
        values = np.array(written)
    assert values[90, 45] == 255
    assert values[30, 45] == 0
    done = run(scan, mask, "--model", colour_key, "--kinds", "holes", code=1)
    assert b"choose from missing-paper, tear" in done.stderr


def test_standard_input_and_output(scan: Path, colour_key: Path) -> None:
    done = run("-", "-", "--model", colour_key, data=scan.read_bytes())
    assert done.stdout.startswith(b"\x89PNG")
    assert b"standard input" in done.stderr


def test_a_file_of_several_pages_gets_a_mask_a_page(scan: Path, colour_key: Path) -> None:
    book, folder = scan.with_name("book.tif"), scan.with_name("masks")
    with Image.open(scan) as page:
        page.save(book, save_all=True, append_images=[Image.new("RGB", (64, 64), (255, 255, 255))])
    done = run(book, scan.with_name("mask.png"), "--model", colour_key, code=1)
    assert b"has 2 pages" in done.stderr
    folder.mkdir()
    done = run(book, folder, "--model", colour_key)
    assert sorted(path.name for path in folder.iterdir()) == ["book_p001.png", "book_p002.png"]
    with Image.open(folder / "book_p002.png") as empty:
        assert empty.getextrema() == (0, 0)
    assert b"page 2: undamaged" in done.stderr


def test_mistakes_are_told_before_anything_is_written(scan: Path, colour_key: Path, call: Call) -> None:
    before, mask, old = scan.read_bytes(), scan.with_name("mask.png"), scan.with_name("old.png")
    old.write_bytes(b"mine")
    for arguments, code, told in (
        ((scan, scan), 1, "image itself"),
        ((scan, scan.with_name("mask.jpg")), 1, "JPEG"),
        ((scan, mask, "--threshold", "0"), 1, "threshold"),
        ((scan.with_name("nothing.png"), mask), 5, "nothing.png"),
        ((scan, scan.parent / "no" / "mask.png"), 5, "no does not exist"),
        ((scan, old, "--no-overwrite"), 6, "old.png"),
        ((scan, mask, "--overlay", old, "--no-overwrite"), 6, "old.png"),
        ((scan, mask, "--overlay", scan.parent / "." / "mask.png"), 1, "is the mask"),
        ((scan, "-", "--overlay", "-"), 1, "no name for the overlay"),
        ((scan, mask, "-q", "-v"), 1, "contradict"),
    ):
        done = call("detect", *arguments, "--model", colour_key)
        assert (done.returncode, told in done.stderr) == (code, True), done.stderr
    assert (scan.read_bytes(), old.read_bytes()) == (before, b"mine")
    assert sorted(path.name for path in scan.parent.iterdir()) == ["old.png", "scan.png"]


def test_a_turned_page_is_seen_and_masked_upright(scan: Path, colour_key: Path, mean_model: Path) -> None:
    with Image.open(scan) as page:
        turned = page.transpose(Image.Transpose.ROTATE_90)
    exif = Image.Exif()
    exif[0x0112] = 6
    turned.save(scan.with_name("turned.png"), exif=exif, dpi=(300, 200))
    mask, output = scan.with_name("mask.png"), scan.with_name("restored.png")
    run(scan.with_name("turned.png"), mask, "--model", colour_key, "--grow", 0)
    with Image.open(mask) as written:
        assert written.size == (96, 128)
        assert [round(value) for value in written.info["dpi"]] == [200, 300]
        assert written.getpixel((45, 30)) == 255
    command = [sys.executable, "-m", "bokwon", "restore", str(scan.with_name("turned.png")), str(output), "--mask"]
    subprocess.run([*command, str(mask), "--model", str(mean_model)], check=True, capture_output=True, timeout=120)
    with Image.open(output) as restored:
        assert restored.getpixel((30, 96 - 1 - 45)) != (255, 0, 0)


def test_without_a_model_the_way_to_one_is_told(scan: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # As if none shipped.
    program = "import bokwon.inpaint.models\nbokwon.inpaint.models.WEIGHTS = bokwon.inpaint.models.Path('nowhere')\n"
    (tmp_path / "python").mkdir()
    (tmp_path / "python/sitecustomize.py").write_text(program)
    paths = [str(tmp_path / "python"), *filter(None, [os.environ.get("PYTHONPATH")])]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(paths))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert b"no model that finds damage is installed" in run(scan, scan.with_name("mask.png"), code=3).stderr
    assert not scan.with_name("mask.png").exists()
