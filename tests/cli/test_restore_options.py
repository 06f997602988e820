"""Options of `bokwon restore` that are not about which files: formats, limits, threads, links."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bokwon.cli.main import main
from bokwon.settings import RestoreSettings


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with a page and its mask."""
    noise = np.random.default_rng(1).integers(0, 256, (40, 60, 3)).astype(np.uint8)
    Image.fromarray(noise).save(tmp_path / "page.png")
    hole = np.zeros((40, 60), np.uint8)
    hole[10:20, 10:30] = 255
    Image.fromarray(hole).save(tmp_path / "mask.png")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def restore(*arguments: str) -> int:
    with pytest.raises(SystemExit) as caught:
        main(["restore", *arguments, "--mask", "mask.png"])
    return int(caught.value.code or 0)


TELEA = ("--method", "telea")


@pytest.mark.parametrize("name", ["png", "tiff", "jpeg", "webp", "bmp"])
def test_standard_output_has_the_format_asked_for(folder: Path, name: str, capfdbinary: pytest.CaptureFixture) -> None:
    assert restore("page.png", "-", "--format", name, *TELEA, "-q") == 0
    (folder / "out").write_bytes(capfdbinary.readouterr().out)
    with Image.open(folder / "out") as image:
        assert (image.format, image.size) == (name.upper(), (60, 40))


def test_a_format_may_name_a_file_without_extension_and_not_contradict_one(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert restore("page.png", "plain", "--format", "tiff", *TELEA) == 0
    with Image.open(folder / "plain") as image:
        assert image.format == "TIFF"
    assert restore("page.png", "out.jpg", "--format", "png", *TELEA) == 1
    assert "out.jpg is named like JPEG and the format asked for is PNG" in capsys.readouterr().err
    assert not (folder / "out.jpg").exists()


def test_the_pixel_limit_is_the_users(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert restore("page.png", "out.png", "--max-mpixels", "0.002", *TELEA) == 2
    assert "has more than 0.002 megapixels; split it into smaller images, or allow more" in capsys.readouterr().err
    assert restore("page.png", "out.png", "--max-mpixels", "0.0024", *TELEA) == 0
    for nothing in ("inf", "nan"):
        assert restore("page.png", "out.png", "--max-mpixels", nothing, *TELEA) == 1


def test_the_number_of_threads_reaches_the_engine_and_changes_nothing(folder: Path, mean_model: Path) -> None:
    for threads in ("1", "2"):
        arguments = ("page.png", f"{threads}.png", "--threads", threads)
        assert restore(*arguments, "--model", str(mean_model)) == 0
    assert (folder / "1.png").read_bytes() == (folder / "2.png").read_bytes()
    assert restore("page.png", "0.png", "--threads", "0", *TELEA) == 1


def test_what_standard_output_cannot_hold_names_the_option(
    folder: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    with Image.open("page.png") as image:
        image.convert("CMYK").save("page.tif")
    assert restore("page.tif", "-", *TELEA) == 1
    out, said = capfdbinary.readouterr()
    assert b"PNG cannot hold a 8-bit image of mode CMYK; add --format tiff or --format jpeg" in said
    assert not out
    assert restore("page.tif", "-", "--format", "tiff", *TELEA) == 0


def test_a_write_protected_output_is_left_alone(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = Path("page.png").read_bytes()
    Path("page.png").chmod(0o444)
    assert restore("page.png", "page.png", *TELEA) == 5
    assert "output page.png is write-protected; name another one, or allow writing" in capsys.readouterr().err
    assert Path("page.png").read_bytes() == before
    assert restore("page.png", "out.png", *TELEA) == 0
    assert Path("out.png").stat().st_mode & 0o200


def test_links_stay_links(folder: Path) -> None:
    before = (folder / "page.png").read_bytes()
    (folder / "link.png").symlink_to("page.png")
    assert restore("link.png", "link.png", *TELEA) == 0
    assert (folder / "link.png").is_symlink()
    assert (folder / "page.png").read_bytes() != before
    # A folder's run never writes over its originals, whatever the links in the output folder.
    (folder / "in").mkdir()
    (folder / "in/a.png").write_bytes(before)
    (folder / "out").mkdir()
    (folder / "out/a.png").symlink_to("../in/a.png")
    (folder / "mask.png").rename(folder / "in/a-mask.png")
    with pytest.raises(SystemExit) as caught:
        main(["restore", "in", "out", *TELEA])
    assert caught.value.code == 4
    assert (folder / "in/a.png").read_bytes() == before


def with_and_without(page: np.ndarray, option: str, value: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the hole, and the page restored without an option and with it, which the record has to tell."""
    Image.fromarray(page).save("page.png")
    hole = np.zeros(page.shape, bool)
    hole[60:140, 60:240] = True
    Image.fromarray(hole).save("mask.png")
    found = []
    for chosen in ("off", value):
        assert restore("page.png", f"{chosen}.png", f"--{option}", chosen, *TELEA, "--record") == 0
        assert json.loads(Path(f"{chosen}.png.record/record.json").read_text())["settings"][option] == chosen
        with Image.open(f"{chosen}.png") as restored:
            found.append(np.array(restored))
        np.testing.assert_array_equal(found[-1][~hole], page[~hole])
    return hole, *found


def test_grain_is_given_on_request_and_only_in_the_hole(folder: Path) -> None:
    page = np.clip(200 + 6 * np.random.default_rng(3).standard_normal((200, 300)), 0, 255).astype(np.uint8)
    _, without, given = with_and_without(page, "grain", "match")
    middle = slice(80, 120), slice(90, 210)
    assert without[middle].std() < 3.5
    assert given[middle].std() == pytest.approx(6.0, abs=1.5)
    assert restore("page.png", "again.png", "--grain", "match", *TELEA, "--record") == 0
    assert Path("again.png").read_bytes() == Path("match.png").read_bytes()


def test_patches_are_put_on_request_and_only_in_the_hole(folder: Path) -> None:
    page = np.full((200, 300), 210, np.uint8)
    page[::20] = page[1::20] = page[2::20] = 30
    hole, before, after = with_and_without(page, "ink", "patches")
    between = hole & (before > 60) & (before < 180)
    assert between.sum() > 500
    assert (hole & (after > 60) & (after < 180)).sum() < 0.5 * between.sum()


def test_pages_get_patches_and_photographs_texture_unasked(folder: Path) -> None:
    page = np.full((200, 300), 210, np.uint8)
    page[::20] = page[1::20] = page[2::20] = 30
    Image.fromarray(page).save("page.png")
    hole = np.zeros(page.shape, bool)
    hole[60:140, 60:240] = True
    Image.fromarray(hole).save("mask.png")
    finished = ("--ink", "patches", "--grain", "off")
    for name, given in (
        ("unasked", ()),
        ("asked", finished),
        ("off", ("--ink", "off", "--grain", "off")),
        ("photo", ("--model", "photo")),
        ("telea", TELEA),
    ):
        assert restore("page.png", f"{name}.png", *given, "--record") == 0
        settings = json.loads(Path(f"{name}.png.record/record.json").read_text())["settings"]
        expected = ("patches" if name in ("unasked", "asked") else "off", "copy" if name == "photo" else "off")
        # Not `auto`: a record says what was done.
        assert (settings["ink"], settings["grain"]) == expected
    assert Path("unasked.png").read_bytes() == Path("asked.png").read_bytes()
    assert Path("unasked.png").read_bytes() != Path("off.png").read_bytes()


def test_letters_may_be_left(folder: Path, mean_model: Path) -> None:
    page = np.full((200, 200), 220, np.uint8)
    page[::10] = 0
    Image.fromarray(page).save("page.png")
    hole = np.zeros((200, 200), np.uint8)
    hole[50:150, 50:150] = 255
    Image.fromarray(hole).save("mask.png")
    for name in ("restore", "leave"):
        assert restore("page.png", f"{name}.png", "--letters", name, "--model", str(mean_model)) == 0
    with Image.open("restore.png") as restored, Image.open("leave.png") as left:
        # The model's mean of ink and paper against paper alone.
        assert np.array(restored)[100, 100] < 210
        assert np.array(left)[100, 100] == 220


def test_help_is_in_panels_and_gives_examples(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["restore", "--help"])
    assert not caught.value.code
    said = capsys.readouterr().out
    places = [said.index(f"─ {panel} ─") for panel in ("Masks", "Output", "Folders", "Model", "Advanced")]
    assert places == sorted(places)
    assert said.count("bokwon restore ") >= 3
    for item in dataclasses.fields(RestoreSettings):
        assert said.index(f"─ {item.metadata['panel']} ─") < said.index(f"--{item.name} ")


def test_the_record_says_what_was_done(folder: Path) -> None:
    chosen = ("--finish", "conservative", "--ink", "off", "--grow", "1")
    assert restore("page.png", "out.png", *chosen, "--record") == 0
    settings = json.loads(Path("out.png.record/record.json").read_text())["settings"]
    expected = {"finish": "conservative", "letters": "leave", "ink": "off", "grain": "off", "grow": 1, "ensemble": 1}
    assert settings.items() >= expected.items()
    assert settings["precision"] != "auto"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (("--finish", "glossy"), "Invalid value for '--finish'"),
        (("--ensemble", "3"), "Invalid value for '--ensemble'"),
        (("--widen", "1"), "No such option: --widen"),
        (("--tile", "300"), "tiles cannot have a side of 300 pixels"),
        (("--model", "photo", *TELEA), "method telea takes no model"),
    ],
)
def test_values_that_make_no_sense(
    folder: Path, given: tuple[str, ...], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert restore("page.png", "out.png", *given) == 1
    assert message in capsys.readouterr().err
    assert not Path("out.png").exists()
