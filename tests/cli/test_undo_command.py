"""`bokwon undo` where record, output or format are not what they were."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image, ImageCms
from PIL.PngImagePlugin import PngInfo

from bokwon.cli.main import main

SIZE = (60, 90)
HOLE = np.zeros(SIZE, bool)
HOLE[10:22, 10:30] = True
PAGE = np.random.default_rng(1).integers(0, 256, (*SIZE, 3)).astype(np.uint8)
PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
RECORD = Path("out.png.record/record.json")


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as caught:
        main(list(arguments))
    return int(caught.value.code or 0)


def restore(page: str, output: str) -> None:
    assert run("restore", page, output, "--mask", "mask.png", "--method", "telea", "--record", "-q") == 0


@pytest.mark.parametrize(
    "damage",
    [
        lambda record: record.pop("output"),
        lambda record: record.update(output={"file": "out.png"}),
        lambda record: record.update(pages=[None]),
        lambda record: record["pages"][0].pop("size"),
        lambda record: record["pages"][0].update(size=[0, 60]),
        lambda record: record["pages"][0].update(size=None),
        lambda record: record["pages"][0].update(page="first"),
    ],
    ids=["no output", "no sum", "no page", "no size", "empty", "null size", "no number"],
)
def test_a_damaged_record_is_said_to_be_none(folder: Path, damage: Any, capsys: pytest.CaptureFixture[str]) -> None:
    Image.fromarray(PAGE).save("page.png")
    restore("page.png", "out.png")
    record = json.loads(RECORD.read_text())
    damage(record)
    for content in (json.dumps(record), "null", "[]"):
        RECORD.write_text(content)
        before = Path("out.png").read_bytes()
        assert run("undo", "out.png.record", "out.png") == 2
        assert "out.png.record is no record of bokwon's" in capsys.readouterr().err
        assert Path("out.png").read_bytes() == before


def test_what_another_format_changes_is_said(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = PngInfo()
    text.add_text("Author", "Kim")
    Image.fromarray(PAGE).save("page.png", icc_profile=PROFILE, pnginfo=text)
    restore("page.png", "out.png")
    assert run("undo", "out.png.record", "out.png", "--to", "again.jpg") == 0
    said = capsys.readouterr().err
    assert "JPEG has no place for this image's tEXt" in said
    assert "JPEG is encoded anew: pixels may differ slightly from the original's" in said
    assert said.endswith("wrote again.jpg: 1 page but for what JPEG changes\n")
    assert run("undo", "out.png.record", "out.png", "--to", "again.webp") == 0
    assert "WEBP has no place for this image's tEXt" in capsys.readouterr().err
    assert run("undo", "out.png.record", "out.png", "--to", "again.png") == 0
    assert capsys.readouterr().err == "bokwon: wrote again.png: 1 page as it was\n"
    with Image.open("again.png") as image:
        np.testing.assert_array_equal(np.array(image), PAGE)


def test_what_was_taken_back_before_is_told(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Image.fromarray(PAGE).save("page.png")
    restore("page.png", "out.png")
    assert run("undo", "out.png.record", "out.png") == 0
    before = Path("out.png").read_bytes()
    capsys.readouterr()
    assert run("undo", "out.png.record", "out.png") == 1
    assert "out.png was taken back before" in capsys.readouterr().err
    assert Path("out.png").read_bytes() == before
    # The record of what is no longer there can still be exported, but not without a word.
    for quiet in ((), ("-q",)):
        assert run("record", "export", "out.png.record", "--as", "premis", "-o", "premis.xml", *quiet) == 0
        assert "out.png was undone since: the premis tells of what was filled before" in capsys.readouterr().err
    restore("page.png", "out.png")
    assert run("record", "export", "out.png.record", "--as", "premis", "-o", "premis.xml") == 0
    assert "undone" not in capsys.readouterr().err


def test_a_page_that_the_output_lacks_is_told(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with tifffile.TiffWriter("book.tif") as file:
        for _ in range(3):
            file.write(PAGE, photometric="rgb", metadata=None)
    Path("masks").mkdir()
    Image.fromarray(HOLE).save("masks/book_p003.png")
    assert run("restore", "book.tif", "out.tif", "--mask", "masks", "--method", "telea", "--record", "-q") == 0
    tifffile.imwrite("short.tif", PAGE, photometric="rgb", metadata=None)
    before = Path("short.tif").read_bytes()
    assert run("undo", "out.tif.record", "short.tif", "--force") == 2
    assert "short.tif has no page 3, of which out.tif.record speaks" in capsys.readouterr().err
    assert Path("short.tif").read_bytes() == before


@pytest.mark.parametrize("record", [["--record"], []], ids=["with", "without"])
def test_a_record_is_set_aside_once_its_output_is_another(
    folder: Path, record: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    Path("in").mkdir()
    Path("masks").mkdir()
    Image.fromarray(PAGE).save("in/page.png")
    Image.fromarray(HOLE).save("masks/page.png")
    # A folder of masks in which nothing fits is an error.
    Image.fromarray(PAGE).save("in/other.png")
    Image.fromarray(HOLE).save("masks/other.png")
    command = ["restore", "in", "out", "--masks", "masks", "--method", "telea", "--resume"]
    assert run(*command, "--record", "-q") == 0
    restored = Path("out/page.png").read_bytes()
    Path("masks/page.png").unlink()
    assert run(*command, *record) == 0
    assert "the record of the restoration before this one is kept as page.png.1.record" in capsys.readouterr().err
    assert Path("out/page.png").read_bytes() == Path("in/page.png").read_bytes()
    assert not Path("out/page.png.record").exists()
    # It is still that of the file it was made for.
    Path("out/page.png").write_bytes(restored)
    assert run("undo", "out/page.png.1.record", "out/page.png", "-q") == 0
    with Image.open("out/page.png") as image:
        np.testing.assert_array_equal(np.array(image), PAGE)


def test_a_record_stays_beside_the_output_it_is_of(folder: Path) -> None:
    Image.fromarray(PAGE).save("page.png")
    # A mark names the record: without one the output would be another file.
    command = ("restore", "page.png", "out.png", "--mask", "mask.png", "--method", "telea", "--no-mark", "-q")
    assert run(*command, "--record") == 0
    for _ in range(2):
        assert run(*command) == 0
        assert RECORD.is_file()
        assert not Path("out.png.1.record").exists()


def test_what_was_taken_back_is_not_filled_again_by_resume(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("in").mkdir()
    Path("masks").mkdir()
    for name in ("a", "b"):
        Image.fromarray(PAGE).save(f"in/{name}.png")
        Image.fromarray(HOLE).save(f"masks/{name}.png")
    batch = ("restore", "in", "out", "--masks", "masks", "--record", "--method", "telea")
    assert run(*batch) == 0
    assert run("undo", "out/a.png.record", "out/a.png") == 0
    capsys.readouterr()
    for _ in range(2):
        assert run(*batch, "--resume") == 0
        said = capsys.readouterr()
        assert "2 of 2 files were done before, 1 of them undone since" in said.err
        np.testing.assert_array_equal(np.array(Image.open("out/a.png")), PAGE)
        assert not np.array_equal(np.array(Image.open("out/b.png")), PAGE)
        report = [json.loads(line) for line in Path("out/report.jsonl").read_text().splitlines()]
        assert [entry["status"] for entry in report] == ["undone", "restored"]
    Path("out/a.png").unlink()
    assert run(*batch, "--resume") == 0
    assert not np.array_equal(np.array(Image.open("out/a.png")), PAGE)
    # The new record knows nothing of what was done to the old one.
    assert not Path("out/a.png.record/undone.json").exists()
    # Put there by hand, the original is no restoration that was taken back.
    Image.fromarray(PAGE).save("out/a.png")
    assert run(*batch, "--resume") == 0
    assert not np.array_equal(np.array(Image.open("out/a.png")), PAGE)


def pdf_of_jpeg(path: str, pages: int = 1) -> None:
    """Write a PDF whose pages are JPEG pictures."""
    images = [Image.fromarray(np.roll(PAGE, number, axis=0)) for number in range(pages)]
    images[0].save(path, save_all=True, append_images=images[1:], quality=90)


@pytest.mark.parametrize("kind", ["jpg", "pdf"])
def test_a_jpeg_restored_in_place_comes_back_byte_for_byte(
    folder: Path, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    name = f"page.{kind}"
    if kind == "jpg":
        Image.fromarray(PAGE).save(name, quality=90, exif=b"Exif\0\0MM\0*\0\0\0\x08\0\0\0\0\0\0")
        Path(name).write_bytes(Path(name).read_bytes() + b"behind")
    else:
        pdf_of_jpeg(name)
    before = Path(name).read_bytes()
    restore(name, name)
    assert Path(name).read_bytes() != before
    assert run("undo", f"{name}.record", name, "--to", f"again.{kind}") == 0
    assert capsys.readouterr().err.endswith(f"bokwon: wrote again.{kind}: 1 page as it was\n")
    assert Path(f"again.{kind}").read_bytes() == before
    assert run("undo", f"{name}.record", name) == 0
    assert Path(name).read_bytes() == before
    # The next restoration keeps it again, and no more than that.
    restore(name, name)
    assert Path(f"{name}.record/input").read_bytes() == before
    assert not Path(f"{name}.record/undone.json").exists()


def test_a_jpeg_restored_beside_its_scan_comes_back_while_that_is_there(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Image.fromarray(PAGE).save("page.jpg", quality=90)
    scan = Path("page.jpg").read_bytes()
    restore("page.jpg", "out.jpg")
    # What nothing has replaced takes no room in the record.
    assert not Path("out.jpg.record/input").exists()
    restored = Path("out.jpg").read_bytes()
    assert json.loads(Path("out.jpg.record/record.json").read_text())["input"]["path"] == "page.jpg"
    assert run("undo", "out.jpg.record", "out.jpg") == 0
    assert Path("out.jpg").read_bytes() == scan
    Path("out.jpg").write_bytes(restored)
    Image.fromarray(PAGE).save("page.jpg", quality=50)
    capsys.readouterr()
    assert run("undo", "out.jpg.record", "out.jpg") == 0
    said = capsys.readouterr().err
    assert "bokwon: warning: the original (page.jpg) is missing or was changed: only filled pixels come back" in said
    assert said.endswith("wrote out.jpg: 1 page but for what JPEG changes\n")
    with Image.open("out.jpg") as image:
        assert np.abs(np.array(image).astype(int) - PAGE).mean() < 60


@pytest.mark.parametrize("kind", ["jpg", "pdf"])
@pytest.mark.parametrize("damage", [Path.unlink, lambda path: path.write_bytes(b"another")], ids=["gone", "changed"])
def test_a_kept_file_that_is_not_what_it_was_is_named(
    folder: Path, kind: str, damage: Callable[[Path], None], capsys: pytest.CaptureFixture[str]
) -> None:
    name = f"page.{kind}"
    Image.fromarray(PAGE).save(name, quality=90)
    restore(name, name)
    restored = Path(name).read_bytes()
    kept = Path(f"{name}.record/input")
    damage(kept)
    assert run("undo", f"{name}.record", name, "-q") == 0
    said = capsys.readouterr().err
    assert said == f"bokwon: warning: the original ({kept}) is missing or was changed: only filled pixels come back\n"
    assert Path(name).read_bytes() not in (restored, b"another")
    assert sorted(path.name for path in folder.iterdir() if path.name.startswith("page.")) == [name, f"{name}.record"]


def test_undo_in_the_folder_of_the_report_finds_the_scan(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("in", "masks"):
        Path(name).mkdir()
    Image.fromarray(PAGE).save("in/page.jpg", quality=90)
    Image.fromarray(HOLE).save("masks/page.png")
    assert run("restore", "in", "out", "--masks", "masks", "--method", "telea", "--record", "-j", "1", "-q") == 0
    monkeypatch.chdir("out")
    assert run("undo", "page.jpg.record", "page.jpg", "-q") == 0
    assert Path("page.jpg").read_bytes() == Path("../in/page.jpg").read_bytes()


def test_undo_to_another_format_is_exact_where_the_scan_was_a_jpeg(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Image.fromarray(PAGE).save("page.jpg", quality=90)
    with Image.open("page.jpg") as image:
        decoded = np.array(image)
    restore("page.jpg", "page.jpg")
    assert run("undo", "page.jpg.record", "page.jpg", "--to", "again.png") == 0
    assert capsys.readouterr().err.endswith("bokwon: wrote again.png: 1 page as it was\n")
    with Image.open("again.png") as image:
        np.testing.assert_array_equal(np.array(image), decoded)
    # Without the scan only the hole is what it was, and that is said.
    Path("page.jpg.record/input").unlink()
    assert run("undo", "page.jpg.record", "page.jpg", "--to", "again.png") == 0
    said = capsys.readouterr().err
    assert said.endswith("bokwon: wrote again.png: 1 page but for what JPEG changes\n")
    assert "encoded anew" not in said
    with Image.open("again.png") as image:
        np.testing.assert_array_equal(np.array(image)[HOLE], decoded[HOLE])


def test_what_was_changed_since_keeps_its_changes(folder: Path) -> None:
    Image.fromarray(PAGE).save("page.jpg", quality=90)
    restore("page.jpg", "page.jpg")
    Image.new("RGB", SIZE[::-1], "blue").save("page.jpg")
    assert run("undo", "page.jpg.record", "page.jpg", "--force", "-q") == 0
    with Image.open("page.jpg") as image:
        assert np.abs(np.array(image)[32:] - np.array((0, 0, 254))).max() < 16


def test_a_png_that_became_a_jpeg_comes_back(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Image.fromarray(PAGE).save("page.png")
    restore("page.png", "out.jpg")
    assert run("undo", "out.jpg.record", "out.jpg", "--to", "again.png") == 0
    assert capsys.readouterr().err.endswith("bokwon: wrote again.png: 1 page as it was\n")
    assert Path("again.png").read_bytes() == Path("page.png").read_bytes()
