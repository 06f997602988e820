"""What is done to uploads, without a server: output in the image's own format, found damage, read masks."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from bokwon.batch.job import Options
from bokwon.errors import ArgumentError, InputFileError
from bokwon.image_io.masks import MaskOptions
from bokwon.serve import work
from bokwon.serve.work import Answer, Detect, ReadMask, Restore, Upload, do_task
from bokwon.settings import RestoreSettings
from tests.serve.conftest import SIDE, a_hole, a_page, png_of

TELEA = RestoreSettings(method="telea", threads=1)


@pytest.fixture(autouse=True)
def in_this_process(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Standard error stays what it is, and no model of another test is kept."""
    monkeypatch.setattr(work, "_prepare", lambda: None)
    yield
    work._detector.cache_clear()
    work.load_detector.cache_clear()


def saved(folder: Path, name: str, content: bytes) -> Upload:
    path = folder / name
    path.write_bytes(content)
    return Upload(f"{name}.png", path)


def encoded(file_format: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(a_page()).save(buffer, file_format, **options)
    return buffer.getvalue()


def restore(folder: Path, image: bytes, mask: bytes | None, options: Options | None = None, **more: Any) -> Answer:
    given = None if mask is None else saved(folder, "mask", mask)
    shares: list[float] = []
    task = Restore(saved(folder, "image", image), given, folder, TELEA, options or Options(), **more)
    answer = do_task(task, shares.append)
    assert shares == sorted(shares)
    assert all(0 < share <= 1 for share in shares)
    return answer


@pytest.mark.parametrize(
    ("file_format", "extension", "media_type"),
    [
        ("PNG", ".png", "image/png"),
        ("TIFF", ".tif", "image/tiff"),
        ("BMP", ".bmp", "image/bmp"),
        ("WEBP", ".webp", "image/webp"),
        ("JPEG", ".jpg", "image/jpeg"),
    ],
)
def test_the_output_has_the_format_of_the_image(
    tmp_path: Path, mask: bytes, file_format: str, extension: str, media_type: str
) -> None:
    options = {"lossless": True} if file_format == "WEBP" else {}
    answer = restore(tmp_path, encoded(file_format, **options), mask)
    # Its name says png, and its content decides.
    assert (answer.name, answer.media_type) == (f"image{extension}", media_type)
    assert answer.path is not None
    with Image.open(answer.path) as output:
        assert output.format == file_format
        pixels = np.asarray(output)
    if file_format != "JPEG":
        hole = a_hole()
        assert np.array_equal(pixels[~hole], a_page()[~hole])
        assert not np.array_equal(pixels[hole], a_page()[hole])
    assert answer.facts["share"] == round(a_hole().mean(), 6)
    assert answer.facts["readings"] == ["white is hole"]


def test_what_the_command_keeps_is_kept(tmp_path: Path, page: bytes, mask: bytes) -> None:
    answer = restore(tmp_path, page, mask)
    assert answer.path is not None
    with Image.open(answer.path) as output:
        assert [round(value) for value in output.info["dpi"]] == [300, 300]


def test_another_format_may_be_asked_for(tmp_path: Path, page: bytes, mask: bytes) -> None:
    answer = restore(tmp_path, page, mask, format="TIFF")
    assert answer.name == "image.tif"
    with Image.open(answer.path or "") as output:
        assert output.format == "TIFF"


def test_a_mask_without_a_hole_gives_the_very_bytes_back(tmp_path: Path, page: bytes) -> None:
    answer = restore(tmp_path, page, png_of(np.zeros((SIDE, SIDE), bool)))
    assert (answer.path or tmp_path).read_bytes() == page
    assert answer.facts["share"] == 0
    assert [message["level"] for message in answer.facts["messages"]] == ["warning"]


def test_a_record_comes_in_an_archive_and_undoes_the_output(tmp_path: Path, page: bytes, mask: bytes) -> None:
    from bokwon.cli.main import main

    answer = restore(tmp_path, page, mask, Options(record=True))
    assert (answer.name, answer.media_type) == ("image.zip", "application/zip")
    with zipfile.ZipFile(answer.path or "") as archive:
        assert "restored.png.record/record.json" in archive.namelist()
        archive.extractall(tmp_path / "unpacked")
    unpacked = tmp_path / "unpacked"
    with pytest.raises(SystemExit) as ended:
        main(["undo", str(unpacked / "restored.png.record"), str(unpacked / "restored.png"), "-q"])
    assert ended.value.code == 0
    with Image.open(unpacked / "restored.png") as output:
        assert np.array_equal(np.asarray(output), a_page())


def test_pages_of_a_document_are_counted(tmp_path: Path) -> None:
    buffers = io.BytesIO(), io.BytesIO()
    page, hole = Image.fromarray(a_page()), Image.fromarray(a_hole())
    page.save(buffers[0], "TIFF", save_all=True, append_images=[page, page])
    hole.save(buffers[1], "TIFF", save_all=True, append_images=[hole, hole])
    answer = restore(tmp_path, buffers[0].getvalue(), buffers[1].getvalue())
    assert (answer.facts["pages"], answer.facts["restored_pages"]) == (3, 3)
    with Image.open(answer.path or "") as output:
        assert output.n_frames == 3


def test_damage_is_found_where_there_is_no_mask(tmp_path: Path, page: bytes, detector: Path) -> None:
    answer = restore(tmp_path, page, None, Options(find=0.5))
    with Image.open(answer.path or "") as output:
        changed = (np.asarray(output) != a_page()).any(axis=-1)
    assert changed[a_hole()].all()
    assert answer.facts["share"] < 0.2


@pytest.mark.parametrize("content", [b"", b"rubbish", b"\x89PNG\r\n\x1a\n", b"%PDF-1.4"])
def test_what_is_no_image_is_refused(tmp_path: Path, mask: bytes, content: bytes) -> None:
    with pytest.raises(InputFileError, match=r"image\.png"):
        restore(tmp_path, content, mask)


def detect(folder: Path, image: bytes, answer: str, page: int = 1, **options: Any) -> Answer:
    given = {"threshold": 0.5, "min_area": None, "grow": 0, "outline": False, "kinds": None, "threads": 1, **options}
    task = Detect(saved(folder, "image", image), folder, page, answer, tuple(given.items()), 10**6)
    return do_task(task, lambda share: None)


def test_the_mask_of_what_is_found(tmp_path: Path, page: bytes, detector: Path) -> None:
    answer = detect(tmp_path, page, "mask")
    assert (answer.name, answer.media_type) == ("image-mask.png", "image/png")
    with Image.open(answer.path or "") as picture:
        assert (picture.mode, [round(value) for value in picture.info["dpi"]]) == ("L", [300, 300])
        found = np.asarray(picture)
    assert set(np.unique(found)) == {0, 255}
    assert found[22:28, 32:40].all()
    assert not answer.facts["undamaged"]


def test_what_is_found_lies_on_the_page_as_viewers_show_it(tmp_path: Path, detector: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = np.full((40, 80, 3), 230, np.uint8)
    turned[5:15, 60:70] = (255, 0, 0)
    answer = detect(tmp_path, png_of(turned, exif=exif), "mask")
    with Image.open(answer.path or "") as picture:
        assert picture.size == (40, 80)
        found = np.asarray(picture) > 0
    assert found[60:70, 25:35].any()


def test_regions_and_overlay(tmp_path: Path, page: bytes, detector: Path) -> None:
    answer = detect(tmp_path, page, "regions")
    assert answer.path is None
    (region,) = [region for region in answer.facts["regions"] if region["kind"] == "missing paper"]
    # Left, top, right, bottom of the red spot.
    assert np.abs(np.subtract(region["box"], (30, 20, 42, 30))).max() < 4
    assert region["filled"]
    with Image.open(detect(tmp_path, page, "overlay").path or "") as picture:
        assert (picture.mode, picture.size) == ("RGB", (SIDE, SIDE))


def test_a_page_that_is_not_there_is_refused(tmp_path: Path, page: bytes, detector: Path) -> None:
    with pytest.raises(ArgumentError, match=r"image\.png has 1 page, and no page 2"):
        detect(tmp_path, page, "mask", page=2)


def read(folder: Path, image: bytes, mask: bytes, answer: str = "mask", page: int = 1) -> Answer:
    given = saved(folder, "image", image), saved(folder, "mask", mask)
    return do_task(ReadMask(*given, folder, page, answer, MaskOptions(), 10**6), lambda share: None)


def test_a_mask_is_read_as_the_command_reads_it(tmp_path: Path, page: bytes) -> None:
    painted = a_page()
    painted[40:50, 10:20] = (0, 0, 255)
    answer = read(tmp_path, page, png_of(painted))
    assert "painted" in answer.facts["reading"]
    assert answer.facts["share"] == round(100 / SIDE**2, 6)
    with Image.open(answer.path or "") as picture:
        hole = np.asarray(picture)
    expected = np.zeros((SIDE, SIDE), np.uint8)
    expected[40:50, 10:20] = 255
    assert np.array_equal(hole, expected)


def test_the_reading_alone(tmp_path: Path, page: bytes, mask: bytes) -> None:
    answer = read(tmp_path, page, mask, "reading")
    assert answer.path is None
    assert answer.facts == {
        "width": SIDE,
        "height": SIDE,
        "reading": "white is hole",
        "plain": True,
        "share": round(a_hole().mean(), 6),
    }


def test_a_mask_of_one_page_is_that_of_the_page_asked_for(tmp_path: Path, mask: bytes) -> None:
    buffer = io.BytesIO()
    page = Image.fromarray(a_page())
    page.save(buffer, "TIFF", save_all=True, append_images=[page])
    assert read(tmp_path, buffer.getvalue(), mask, "reading", page=2).facts["plain"]


def test_a_mask_of_another_shape_is_refused(tmp_path: Path, page: bytes) -> None:
    with pytest.raises(ArgumentError, match=r"mask mask\.png is 30x20 and the image 64x64"):
        read(tmp_path, page, png_of(np.zeros((20, 30), np.uint8)))
