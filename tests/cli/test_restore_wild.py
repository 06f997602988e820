"""`bokwon restore` on files as they come: what the whole command does with them."""

from __future__ import annotations

import io
import json
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bokwon.cli.main import main
from bokwon.image_io.document import SinglePage

RANDOM = np.random.default_rng(4)
RGB = RANDOM.integers(0, 256, (60, 80, 3)).astype(np.uint8)
HOLE = np.zeros((60, 80), bool)
HOLE[20:40, 30:50] = True


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with a mask."""
    monkeypatch.chdir(tmp_path)
    Image.fromarray(HOLE).save("mask.png")
    return tmp_path


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as caught:
        main([*arguments])
    return int(caught.value.code or 0)


def restore(*arguments: str) -> int:
    return run("restore", *arguments, "--mask", "mask.png", "--method", "telea")


@pytest.mark.parametrize("mode", ["L", "RGB", "P", "1"])
def test_a_filled_pixel_is_transparent_only_where_the_nearest_known_one_is(mode: str) -> None:
    gray = np.full((60, 80), 255, np.uint8)
    gray[:, :40] = RANDOM.integers(100, 255, (60, 40))
    if mode == "1":
        gray[:, :40] = 0
    image = Image.fromarray(np.dstack([gray] * 3) if mode in ("RGB", "P") else gray)
    image = image.quantize(32) if mode == "P" else image.convert(mode)
    key = {"RGB": (255, 255, 255), "P": image.getpixel((79, 0))}.get(mode, 255)
    image.save("page.png", transparency=key)
    before = np.array(Image.open("page.png").convert("RGBA"))
    assert restore("page.png", "out.png") == 0
    after = np.array(Image.open("out.png").convert("RGBA"))
    np.testing.assert_array_equal(after[~HOLE], before[~HOLE])
    assert (after[20:40, 30:40, 3] == 255).all()
    assert (after[20:40, 40:50, 3] == 0).all()
    if mode != "P":
        with Image.open("page.png") as old, Image.open("out.png") as new:
            assert (new.mode, new.info["transparency"]) == (old.mode, old.info["transparency"])


def test_a_thumbnail_of_the_damage_goes_and_it_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    thumbnail = io.BytesIO()
    Image.new("RGB", (8, 8)).save(thumbnail, "JPEG")
    data = thumbnail.getvalue()
    first = struct.pack("<HHHIHH", 1, 274, 3, 1, 1, 0)
    second = struct.pack("<HHHIIHHII", 2, 513, 4, 1, 56, 514, 4, 1, len(data))
    exif = b"II*\0\x08\0\0\0" + first + struct.pack("<I", 26) + second + bytes(4) + data
    for name in ("page.png", "page.jpg", "page.webp"):
        Image.fromarray(RGB).save(name, exif=b"Exif\0\0" + exif)
        assert restore(name, f"out-{name}") == 0
        assert f"note: {name}: its thumbnail shows the damage and is not kept" in capsys.readouterr().err
        with Image.open(f"out-{name}") as image:
            assert image.getexif().get_ifd(1) == {}
            assert image.getexif()[274] == 1


def test_red_green_and_blue_of_a_jpeg_stay_what_they_are() -> None:
    smooth = np.add.outer(np.arange(60) * 2, np.arange(80))[..., None] + np.array([0, 20, 40])
    Image.fromarray(smooth.astype(np.uint8)).save("page.jpg", keep_rgb=True, quality=92)
    assert restore("page.jpg", "out.jpg") == 0
    with Image.open("out.jpg") as image:
        assert image.info["adobe_transform"] == 0
    before, after = (np.array(Image.open(name)).astype(int) for name in ("page.jpg", "out.jpg"))
    far = ~np.pad(HOLE, 8, mode="edge")[8:-8, 8:-8]
    far[12:48, 22:58] = False
    assert np.abs(before - after)[far].max() <= 1


def test_sizes_are_compared_before_anything_is_decoded(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("decoded")

    monkeypatch.setattr(SinglePage, "page", refuse)
    for name in ("page.png", "page.jpg", "page.tif", "page.webp", "page.bmp", "page.jp2"):
        Image.fromarray(RGB[:50]).save(name)
        assert restore(name, f"out-{name}") == 1, name
        assert "mask mask.png is 80x60 and the image 80x50 pixels" in capsys.readouterr().err


@pytest.mark.parametrize("error", [RuntimeError("std::bad_alloc"), MemoryError("Unable to allocate 2 GiB")])
def test_too_little_memory_is_an_exit_code_of_its_own(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: Exception
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    Image.fromarray(RGB).save("page.png")
    monkeypatch.setattr("bokwon.inpaint.filler.fill_hole", fail)
    assert restore("page.png", "out.png") == 7
    said = capsys.readouterr().err
    assert all(option in said for option in ("--tile", "-j", "--threads", "--max-mpixels"))
    assert not Path("out.png").exists()


@pytest.mark.parametrize(
    "name", ["out of memory.png", "bad_alloc.jpg", "failed to allocate.tif", "cannot allocate.pdf"]
)
def test_a_damaged_file_is_damaged_whatever_its_name(capsys: pytest.CaptureFixture[str], name: str) -> None:
    stream = io.BytesIO()
    Image.fromarray(RGB).save(stream, {".png": "PNG", ".jpg": "JPEG", ".tif": "TIFF", ".pdf": "PDF"}[Path(name).suffix])
    data = stream.getvalue()
    Path(name).write_bytes(data[: len(data) // 3])
    assert restore(name, f"new{Path(name).suffix}") == 2
    assert f"error: {name} is damaged" in capsys.readouterr().err


def test_avif_becomes_png_in_a_folder_and_undo_says_that_the_source_is_untouched(
    capsys: pytest.CaptureFixture[str],
) -> None:
    Path("in").mkdir()
    Image.fromarray(RGB).save("in/page.avif", quality=100, subsampling="4:4:4")
    Image.fromarray(HOLE).save("in/page-mask.png")
    source = Path("in/page.avif").read_bytes()
    assert run("restore", "in", "out", "--method", "telea", "--record", "-j", "1") == 0
    assert sorted(path.name for path in Path("out").iterdir()) == [
        "page.png",
        "page.png.record",
        "report.html",
        "report.jsonl",
        "report_files",
    ]
    with Image.open("in/page.avif") as image:
        decoded = np.array(image)
    after = np.array(Image.open("out/page.png"))
    np.testing.assert_array_equal(after[~HOLE], decoded[~HOLE])
    capsys.readouterr()
    assert run("undo", "out/page.png.record", "out/page.png") == 0
    assert "page.avif itself was never changed" in capsys.readouterr().err
    np.testing.assert_array_equal(np.array(Image.open("out/page.png")), decoded)
    assert Path("in/page.avif").read_bytes() == source


def test_an_output_of_two_files_is_an_error() -> None:
    Path("in").mkdir()
    Image.fromarray(RGB).save("in/page.avif")
    Image.fromarray(RGB).save("in/page.png")
    assert run("restore", "in", "out", "--method", "telea", "-j", "1") == 4
    failed = [json.loads(line) for line in Path("out/report.jsonl").read_text().splitlines()]
    assert [entry["error"] for entry in failed if entry["status"] == "failed"] == [
        "page.png would be written over the output of page.avif"
    ]


def test_avif_is_not_written() -> None:
    Image.fromarray(RGB).save("page.png")
    assert restore("page.png", "out.avif") == 1
    assert not Path("out.avif").exists()


def test_undo_gives_back_pages_beyond_the_limit_of_pillow(monkeypatch: pytest.MonkeyPatch) -> None:
    Image.fromarray(RGB).save("page.png")
    assert restore("page.png", "out.png", "--record") == 0
    with monkeypatch.context() as patched:
        patched.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
        assert run("undo", "out.png.record", "out.png") == 0
    np.testing.assert_array_equal(np.array(Image.open("out.png")), RGB)


@pytest.mark.parametrize("name", ["pages.tif", "page.avif"])
def test_explain_takes_what_restore_takes(name: str, tmp_path: Path) -> None:
    if name == "pages.tif":
        Image.new("RGB", (80, 60)).save(name, save_all=True, append_images=[Image.fromarray(RGB)])
    else:
        Image.fromarray(RGB).save(name)
    arguments = ["explain", name, "figure.png", "--mask", "mask.png", "--no-features"]
    assert run(*arguments, *(["--page", "2"] if name == "pages.tif" else [])) == 0
    with Image.open("figure.png") as figure:
        assert figure.width > 300
    assert run(*arguments, "--page", "3") == 1


def test_explain_reads_the_damage_zones_that_restore_reads_and_tells_of_damage(
    folder: Path,
) -> None:
    image = Image.fromarray(RGB)
    image.save("page.jpg", quality=95)
    data = Path("page.jpg").read_bytes()
    middle = data.index(b"\xff\xda") + 200
    Path("page.jpg").write_bytes(data[:middle] + b"\xff\xd9" * 8 + data[middle + 16 :])
    Path("zones.xml").write_text(
        '<PcGts xmlns="http://schema.primaresearch.org/PAGE/gts/pagecontent/2019-07-15">'
        '<Page imageFilename="x" imageWidth="80" imageHeight="60"><TextRegion id="a" custom="structure '
        '{type:DamageZone;}"><Coords points="30,20 50,20 50,40 30,40"/></TextRegion></Page></PcGts>'
    )
    options = ("--no-features", "--panel", "64")
    command = [sys.executable, "-m", "bokwon", "explain", "page.jpg", "zones.png", "--mask", "zones.xml", *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.split(":")[:3]) == (
        0,
        ["bokwon", " warning", " page.jpg is damaged, though it can be read"],
    )
    assert run("explain", "page.jpg", "pixels.png", "--mask", "mask.png", *options) == 0
    np.testing.assert_array_equal(np.array(Image.open("zones.png")), np.array(Image.open("pixels.png")))
