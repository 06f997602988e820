"""`--record`, `--overlay` and `bokwon undo`, `bokwon explain` and `bokwon models`, through the real command line."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

import bokwon
from bokwon.cli.main import main
from bokwon.errors import FileAccessError
from bokwon.provenance.recorder import Recorder
from bokwon.types import DamageClass

WriteModel = Callable[..., Path]
TELEA = ("--method", "telea")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with a page that has two holes."""
    monkeypatch.chdir(tmp_path)
    noise = np.random.default_rng(1).integers(0, 256, (200, 300, 3)).astype(np.uint8)
    Image.fromarray(noise).save("page.png")
    hole = np.zeros((200, 300), np.uint8)
    hole[10:20, 10:30] = 255
    hole[50:190, 60:200] = 255
    Image.fromarray(hole).save("mask.png")
    return tmp_path


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as caught:
        main(list(arguments))
    return int(caught.value.code or 0)


def pixels(path: str) -> np.ndarray:
    with Image.open(path) as image:
        return np.array(image)


def sha256(path: str) -> str:
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def test_a_record_says_what_was_changed_by_what_and_on_what_evidence(folder: Path, mean_model: Path) -> None:
    arguments = ("restore", "page.png", "out.png", "--mask", "mask.png", "--model", str(mean_model), "--overlay")
    assert run(*arguments) == 0
    names = {"record.json", "original_p001.npz"}
    names |= {f"{kind}_p001.png" for kind in ("hole", "evidence", "ink", "overlay")}
    assert {path.name for path in Path("out.png.record").iterdir()} == names
    record = json.loads(Path("out.png.record/record.json").read_text())
    assert record["bokwon"] == bokwon.__version__
    assert (record["model"], record["model_sha256"]) == ("mean", sha256(str(mean_model)))
    assert record["input"] == {"file": "page.png", "sha256": sha256("page.png")}
    assert record["output"] == {"file": "out.png", "sha256": sha256("out.png")}
    assert record["settings"]["white_is_hole"] is True
    (page,) = record["pages"]
    assert (page["size"], page["mode"], page["depth"], page["mask"]) == ([300, 200], "RGB", 8, "mask.png")
    large, small = page["holes"]
    assert (large["box"], large["area"]) == ([60, 50, 140, 140], 140 * 140)
    assert (small["box"], small["area"]) == ([10, 10, 20, 10], 200)
    assert large["evidence"] > small["evidence"]
    assert [(hole["damage"], hole["derived_shape"]) for hole in page["holes"]] == [(None, "area"), (None, "area")]
    assert page["damage_from"] is None
    assert record["kernels"] == [7, 5, 5, 3, 3, 3, 3]
    assert record["kernels_from"] == "default: model mean has a card that does not tell"
    hole, evidence = pixels("mask.png") > 0, pixels("out.png.record/evidence_p001.png")
    np.testing.assert_array_equal(pixels("out.png.record/hole_p001.png"), hole)
    np.testing.assert_array_equal(evidence > 0, hole)
    assert page["evidence"] == [int((evidence == level).sum()) for level in range(1, 9)]
    drawn = pixels("out.png.record/overlay_p001.png").astype(int)
    assert (np.ptp(drawn[~hole], axis=-1) == 0).all()
    plain = pixels("out.png.record/ink_p001.png") == 0
    near, far = drawn[plain & (evidence == 1)].mean(axis=0), drawn[plain & (evidence == evidence.max())].mean(axis=0)
    assert near[1] > near[0]
    assert far[0] - far[1] > near[0] - near[1]


def test_a_record_follows_the_kernels_of_the_models_card(
    folder: Path, write_model: WriteModel, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = write_model(tmp_path / "small.onnx")
    card = json.loads(model.with_suffix(".json").read_text())
    arguments = ("restore", "page.png", "out.png", "--mask", "mask.png", "--model", str(model), "--overlay")
    model.with_suffix(".json").write_text(json.dumps({**card, "network": {"kernels": [3, 3]}}))
    assert run(*arguments) == 0
    record = json.loads(Path("out.png.record/record.json").read_text())
    assert (record["kernels"], record["kernels_from"]) == ([3, 3], "kernels on the model's card")
    (page,) = record["pages"]
    evidence = pixels("out.png.record/evidence_p001.png")
    # Two layers of 3 x 3 see three pixels far: the middle of the large hole is reached by none.
    assert page["evidence"] == [int((evidence == level).sum()) for level in (1, 2, 3)]
    assert page["holes"][0]["evidence"] == 3
    assert evidence[120, 130] == 3
    model.with_suffix(".json").write_text(json.dumps({**card, "kernels": [4]}))
    assert run(*arguments) == 2
    assert "the card of model small has kernels that are no list of odd numbers" in capsys.readouterr().err


def test_a_class_map_beside_the_mask_tells_what_made_each_hole(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    classes = np.zeros((200, 300), np.uint8)
    classes[5:25, 5:35] = DamageClass.INSECT
    classes[40:200, 50:210] = DamageClass.BURN
    classes[60:70, 70:80] = DamageClass.MOULD
    Image.fromarray(classes).save("mask.classes.png")
    assert run("restore", "page.png", "out.png", "--mask", "mask.png", *TELEA, "--record") == 0
    (page,) = json.loads(Path("out.png.record/record.json").read_text())["pages"]
    assert page["damage_from"] == "class map mask.classes.png"
    assert [hole["damage"] for hole in page["holes"]] == ["burn", "insect"]
    Image.fromarray(classes[:100]).save("mask.classes.png")
    assert run("restore", "page.png", "out.png", "--mask", "mask.png", *TELEA, "--record") == 1
    assert "class map mask.classes.png is 300x100 and the image 300x200" in capsys.readouterr().err
    Image.fromarray(classes * 20).save("mask.classes.png")
    assert run("restore", "page.png", "out.png", "--mask", "mask.png", *TELEA, "--record") == 2
    # Nobody asks for it without a record.
    assert run("restore", "page.png", "out.png", "--mask", "mask.png", *TELEA) == 0


def test_a_table_or_a_manifest_tells_what_made_the_holes_of_a_mask(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("in").mkdir()
    Path("masks/deep").mkdir(parents=True)
    for name in ("a", "b"):
        shutil.copy("page.png", f"in/{name}.png")
        shutil.copy("mask.png", f"masks/deep/{name}.png")
    Path("table.csv").write_text("image,mask,damage\na.png,masks/deep/a.png,tear\nb.png,masks/deep/b.png,\n")
    Path("masks/manifest.jsonl").write_text('{"file": "deep/a.png", "damage": "mould"}\n{"file": "deep/b.png"}\n')

    def told(output: str) -> list[tuple[str | None, str | None]]:
        found = []
        for name in ("a", "b"):
            (page,) = json.loads(Path(f"{output}/{name}.png.record/record.json").read_text())["pages"]
            found.append((page["damage_from"], page["holes"][0]["damage"]))
        return found

    assert run("restore", "in", "one", "--masks", "table.csv", *TELEA, "--record", "-q") == 0
    assert told("one") == [("table of masks", "tear"), (None, None)]
    assert run("restore", "in", "two", "--masks", "masks/deep", *TELEA, "--record", "-q") == 0
    assert told("two") == [("manifest.jsonl", "mould"), (None, None)]
    Path("table.csv").write_text("image,mask,damage\na.png,masks/deep/a.png,moths\n")
    assert run("restore", "in", "three", "--masks", "table.csv", *TELEA, "--record", "-q") == 4
    assert "the table of masks names damage 'moths', which is unknown" in capsys.readouterr().err


def test_a_class_map_is_neither_image_nor_mask(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("in").mkdir()
    shutil.copy("page.png", "in/page.png")
    shutil.copy("mask.png", "in/page-mask.png")
    Image.fromarray(np.full((200, 300), DamageClass.TEAR, np.uint8)).save("in/page-mask.classes.png")
    assert run("restore", "in", "out", *TELEA, "--record") == 0
    assert "belong to no image" not in capsys.readouterr().err
    assert sorted(path.name for path in Path("out").iterdir()) == [
        "page.png",
        "page.png.record",
        "report.html",
        "report.jsonl",
        "report_files",
    ]
    (page,) = json.loads(Path("out/page.png.record/record.json").read_text())["pages"]
    assert page["holes"][0]["damage"] == "tear"


def test_a_record_of_the_first_kind_is_still_undone(folder: Path) -> None:
    assert run("restore", "page.png", "out.png", "--mask", "mask.png", *TELEA, "--record") == 0
    path = Path("out.png.record/record.json")
    path.write_text(json.dumps({**json.loads(path.read_text()), "record": 1}))
    assert run("undo", "out.png.record", "out.png") == 0
    np.testing.assert_array_equal(pixels("out.png"), pixels("page.png"))


def test_without_being_asked_there_is_no_record(folder: Path) -> None:
    assert run("restore", "page.png", "out.png", "--mask", "mask.png", *TELEA) == 0
    assert sorted(path.name for path in folder.iterdir()) == ["mask.png", "out.png", "page.png"]
    assert run("restore", "page.png", "-", "--mask", "mask.png", *TELEA, "--record") == 1


def test_undo_gives_the_original_back(folder: Path) -> None:
    before = pixels("page.png")
    assert run("restore", "page.png", "page.png", "--mask", "mask.png", *TELEA, "--record") == 0
    assert not np.array_equal(pixels("page.png"), before)
    assert run("undo", "page.png.record", "page.png", "--to", "old.png") == 0
    np.testing.assert_array_equal(pixels("old.png"), before)
    assert run("undo", "page.png.record/record.json", "page.png", "-q") == 0
    np.testing.assert_array_equal(pixels("page.png"), before)


def test_undo_of_a_deep_book_goes_page_by_page(folder: Path) -> None:
    pages = write_book(3, (2,), np.uint16)
    assert run("restore", "book.tif", "out.tif", "--mask", "masks", *TELEA, "--record", "-q") == 0
    with tifffile.TiffFile("out.tif") as book:
        assert [np.array_equal(new.asarray(), old) for new, old in zip(book.pages, pages, strict=True)] == [1, 0, 1]
    assert run("undo", "out.tif.record", "out.tif", "-q") == 0
    with tifffile.TiffFile("out.tif") as book:
        assert all(np.array_equal(new.asarray(), old) for new, old in zip(book.pages, pages, strict=True))


def test_undo_refuses_what_is_not_its_output(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("restore", "page.png", "out.png", "--mask", "mask.png", *TELEA, "--record", "-q") == 0
    before = Path("page.png").read_bytes()
    for code, arguments, message in [
        (1, ("undo", "out.png.record", "page.png"), "page.png is not the file that out.png.record is about"),
        (2, ("undo", "out.png.record", "mask.png", "--force"), "is of another image than page 1"),
        (5, ("undo", "none.record", "out.png"), "cannot be read"),
        (2, ("undo", "page.png", "out.png"), "page.png is no record of bokwon's"),
    ]:
        assert run(*arguments) == code
        said = capsys.readouterr().err
        assert message in said
        assert said.count("\n") == 1
    assert Path("page.png").read_bytes() == before
    # The hole's pixels are put back whatever else was changed, if that is wanted.
    changed = pixels("out.png")
    changed[0, 0] = 0
    Image.fromarray(changed).save("out.png")
    assert run("undo", "out.png.record", "out.png", "--force") == 0
    expected = pixels("page.png")
    expected[0, 0] = 0
    np.testing.assert_array_equal(pixels("out.png"), expected)


def test_undo_into_a_format_that_cannot_hold_it_is_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    noise = np.random.default_rng(3).integers(1, 256, (200, 300, 4)).astype(np.uint8)
    Image.fromarray(noise).save("page.png")
    assert run("restore", "page.png", "out.png", "--mask", "mask.png", *TELEA, "--record", "-q") == 0
    assert run("undo", "out.png.record", "out.png", "--to", "old.jpg") == 1
    assert "JPEG" in capsys.readouterr().err
    assert not Path("old.jpg").exists()
    assert run("undo", "out.png.record", "out.png", "--to", "old.tif", "-q") == 0
    np.testing.assert_array_equal(pixels("old.tif"), noise)


def test_explain_does_not_draw_over_its_image_or_mask(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = Path("page.png").read_bytes(), Path("mask.png").read_bytes()
    for out in ("page.png", "mask.png"):
        assert run("explain", "page.png", out, "--mask", "mask.png", "--no-features") == 1
        assert "OUT is the image or the mask itself" in capsys.readouterr().err
    assert (Path("page.png").read_bytes(), Path("mask.png").read_bytes()) == before


def test_a_folder_leaves_a_record_beside_each_output(folder: Path) -> None:
    Path("in").mkdir()
    shutil.copy("page.png", "in/page.png")
    shutil.copy("mask.png", "in/page-mask.png")
    assert run("restore", "in", "out", *TELEA, "--record", "-q") == 0
    assert run("undo", "out/page.png.record", "out/page.png", "-q") == 0
    np.testing.assert_array_equal(pixels("out/page.png"), pixels("page.png"))


def write_book(pages: int, masked: tuple[int, ...], dtype: type = np.uint8) -> list[np.ndarray]:
    """Write book.tif, and mask.png as the mask of some of its pages."""
    highest = np.iinfo(dtype).max
    samples = [np.random.default_rng(n).integers(0, highest, (200, 300, 3)).astype(dtype) for n in range(pages)]
    tifffile.imwrite("book.tif", np.stack(samples), photometric="rgb", metadata=None)
    Path("masks").mkdir()
    for number in masked:
        shutil.copy("mask.png", f"masks/book_p{number}.png")
    return samples


def test_a_folder_that_cannot_be_read_stops_no_other(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("in/shut").mkdir(parents=True)
    shutil.copy("page.png", "in/page.png")
    shutil.copy("mask.png", "in/page-mask.png")
    listed = os.scandir

    def scandir(path: str | Path) -> Iterator[os.DirEntry[str]]:
        # Rights do not stop the superuser, who runs many a test.
        if Path(path).name == "shut":
            raise PermissionError(13, "Permission denied", str(path))
        return listed(path)

    monkeypatch.setattr(os, "scandir", scandir)
    assert run("restore", "in", "out", *TELEA, "--recursive") == 4
    assert "in/shut cannot be listed: Permission denied; check the path and its rights" in capsys.readouterr().err
    assert Path("out/page.png").is_file()
    lines = [json.loads(line) for line in Path("out/report.jsonl").read_text().splitlines()]
    assert [(entry["file"], entry["status"]) for entry in lines] == [("page.png", "restored"), ("shut", "failed")]


def test_a_run_that_fails_leaves_the_earlier_record_as_it_was(folder: Path) -> None:
    pages = write_book(2, (1, 2))
    assert run("restore", "book.tif", "out.tif", "--mask", "masks", *TELEA, "--record", "-q") == 0
    before = {path.name: path.read_bytes() for path in Path("out.tif.record").iterdir()}
    # Page 1 goes well with another hole, page 2 does not.
    Image.fromarray(np.eye(200, 300, dtype=bool)).save("masks/book_p1.png")
    Image.fromarray(np.eye(20, 30, dtype=bool)).save("masks/book_p2.png")
    assert run("restore", "book.tif", "out.tif", "--mask", "masks", *TELEA, "--record", "-q") == 1
    assert {path.name: path.read_bytes() for path in Path("out.tif.record").iterdir()} == before
    assert run("restore", "book.tif", "new.tif", "--mask", "masks", *TELEA, "--record", "-q") == 1
    assert not Path("new.tif.record").exists()
    assert run("undo", "out.tif.record", "out.tif", "-q") == 0
    with tifffile.TiffFile("out.tif") as book:
        assert all(np.array_equal(new.asarray(), old) for new, old in zip(book.pages, pages, strict=True))


def test_a_record_of_fewer_pages_keeps_nothing_of_the_one_before(folder: Path) -> None:
    write_book(2, (1, 2))
    assert run("restore", "book.tif", "out.tif", "--mask", "masks", *TELEA, "--overlay", "-q") == 0
    Path("out.tif.record/seen by me.txt").write_text("well done")
    Path("masks/book_p1.png").unlink()
    assert run("restore", "book.tif", "out.tif", "--mask", "masks", *TELEA, "--record", "-q") == 0
    names = {"record.json", "original_p002.npz", "seen by me.txt"}
    names |= {f"{kind}_p002.png" for kind in ("hole", "evidence", "ink")}
    assert {path.name for path in Path("out.tif.record").iterdir()} == names


def test_what_was_restored_in_place_is_not_restored_over_its_record(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = pixels("page.png")
    assert run("restore", "page.png", "page.png", "--mask", "mask.png", *TELEA, "--record", "-q") == 0
    restored = Path("page.png").read_bytes()
    assert run("restore", "page.png", "page.png", "--mask", "mask.png", *TELEA, "--record") == 1
    assert "page.png is what page.png.record was written for: its original pixels would be lost" in (
        capsys.readouterr().err
    )
    assert Path("page.png").read_bytes() == restored
    # Another output has a record of its own.
    assert run("restore", "page.png", "two.png", "--mask", "mask.png", *TELEA, "--record", "-q") == 0
    assert run("undo", "page.png.record", "page.png", "-q") == 0
    np.testing.assert_array_equal(pixels("page.png"), before)
    assert run("restore", "page.png", "page.png", "--mask", "mask.png", *TELEA, "--record", "-q") == 0


def test_a_file_that_comes_out_as_it_was_is_restored_again(folder: Path) -> None:
    # White in white: the fill is what was there.
    Path("in").mkdir()
    blank = Image.new("1", (60, 40), 1)
    blank.save("in/page.tif", compression="group4")
    hole = np.zeros((40, 60), np.uint8)
    hole[10:20, 10:30] = 255
    Path("masks").mkdir(exist_ok=True)
    Image.fromarray(hole).save("masks/page.png")
    command = ("restore", "in", "out", "--masks", "masks", *TELEA, "--record", "--no-mark", "-q")
    assert run(*command) == 0
    assert Path("out/page.tif").read_bytes() == Path("in/page.tif").read_bytes()
    assert run(*command) == 0
    Path("out/report.jsonl").unlink()
    assert run(*command, "--resume") == 0
    assert run("undo", "out/page.tif.record", "out/page.tif", "-q") == 0


@pytest.mark.parametrize("when", ["before", "within"])
def test_an_interruption_once_the_output_is_in_place_loses_no_original_pixels(
    folder: Path, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    before = pixels("page.png")
    finish, replace, left = Recorder.finish, Path.replace, [3]

    def interrupted(self: Recorder) -> Path | None:
        monkeypatch.setattr(Recorder, "finish", finish)
        if when == "before":
            raise KeyboardInterrupt
        monkeypatch.setattr(Path, "replace", some)
        return finish(self)

    def some(self: Path, target: Path) -> Path:
        left[0] -= 1
        if not left[0]:
            monkeypatch.setattr(Path, "replace", replace)
            raise KeyboardInterrupt
        return replace(self, target)

    monkeypatch.setattr(Recorder, "finish", interrupted)
    assert run("restore", "page.png", "page.png", "--mask", "mask.png", *TELEA, "--record", "-q") == 130
    assert not np.array_equal(pixels("page.png"), before)
    assert {path.name for path in Path("page.png.record").iterdir()} == {
        "record.json",
        "hole_p001.png",
        "evidence_p001.png",
        "ink_p001.png",
        "original_p001.npz",
    }
    assert run("undo", "page.png.record", "page.png", "-q") == 0
    np.testing.assert_array_equal(pixels("page.png"), before)


def test_originals_stay_if_the_record_cannot_be_put_into_its_place(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: Recorder) -> Path | None:
        raise FileAccessError("no space", "make some")

    monkeypatch.setattr(Recorder, "finish", full)
    assert run("restore", "page.png", "page.png", "--mask", "mask.png", *TELEA, "--record", "-q") == 5
    (part,) = Path("page.png.record").iterdir()
    assert (part / "original_p001.npz").exists()
    # Where the output is not in its place nothing is kept.
    monkeypatch.setattr(Recorder, "prepare", lambda *_: full(None))
    assert run("restore", "page.png", "new.png", "--mask", "mask.png", *TELEA, "--record", "-q") == 5
    assert not Path("new.png").exists()
    assert not Path("new.png.record").exists()


def test_the_record_before_is_kept_of_a_file_that_was_changed_in_between(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before, hole = pixels("page.png"), pixels("mask.png") > 0
    assert run("restore", "page.png", "page.png", "--mask", "mask.png", *TELEA, "--record", "-q") == 0
    # As if another program had written a tag into it.
    with Image.open("page.png") as image:
        image.save("page.png", dpi=(300, 300))
    other = np.zeros_like(hole)
    other[20:30, 200:240] = True
    Image.fromarray(other).save("mask.png")
    for number in (1, 2):
        assert run("restore", "page.png", "page.png", "--mask", "mask.png", *TELEA, "--record") == 0
        said = capsys.readouterr().err
        assert f"note: the record of the restoration before this one is kept as page.png.{number}.record" in said
        with Image.open("page.png") as image:
            image.save("page.png", dpi=(300 + number, 300))
    assert run("undo", "page.png.1.record", "page.png", "--force", "-q") == 0
    np.testing.assert_array_equal(pixels("page.png")[hole], before[hole])


def test_transparent_pixels_are_no_evidence(folder: Path) -> None:
    page = np.random.default_rng(2).integers(0, 256, (200, 300, 4)).astype(np.uint8)
    page[..., 3] = 255
    hole = pixels("mask.png") > 0
    page[:, :299, 3] = 0
    Image.fromarray(page).save("cut.png")
    assert run("restore", "cut.png", "out.png", "--mask", "mask.png", *TELEA, "--record", "-q") == 0
    evidence = pixels("out.png.record/evidence_p001.png")
    np.testing.assert_array_equal(evidence > 0, hole)
    # The only pixels that are known stand a hundred columns to the right.
    assert evidence[hole].min() >= 5


def test_explain_draws_every_layer(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("explain", "page.png", "figure.png", "--mask", "mask.png", "--panel", "120", "--no-features") == 0
    figure = pixels("figure.png").astype(int)
    # Eight panels of 120 x 80 in two rows of four; missing is red, and less from layer to layer.
    red = (figure[..., 0] - figure[..., 1] > 100) & (figure[..., 2] < 100)
    cells = [
        red[16 + row * 140 : 96 + row * 140, 16 + column * 206 : 136 + column * 206]
        for row in (0, 1)
        for column in range(4)
    ]
    shares = [cell.mean() for cell in cells]
    assert shares[0] == pytest.approx((140 * 140 + 200) / 60000, abs=0.02)
    assert shares == sorted(shares, reverse=True)
    assert shares[1] > 0.1
    assert shares[-1] == 0
    Image.new("1", (10, 10)).save("small.png")
    assert run("explain", "page.png", "two.png", "--mask", "small.png") == 1
    assert "10x10 and the image 300x200" in capsys.readouterr().err
    assert not Path("two.png").exists()


def test_models_are_listed_and_shown(
    mean_model: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from bokwon.inpaint import models
    from bokwon.settings import MODELS

    monkeypatch.setattr(models, "WEIGHTS", mean_model.parent)
    monkeypatch.setitem(MODELS, "page", "mean")
    assert run("models", "list") == 0
    assert "mean" in (said := capsys.readouterr().out)
    assert "Apache-2.0 (default)" in said
    assert run("models", "show", "mean") == 0
    card = json.loads(capsys.readouterr().out)
    assert (card["name"], card["sha256"], card["has_card"]) == ("mean", sha256(str(mean_model)), True)
    assert run("models", "show", "letter") == 1
    assert "shipped models: mean" in capsys.readouterr().err
