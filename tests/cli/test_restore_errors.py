"""Every mistake a user can make with `bokwon restore`: its exit code, its one line, and that nothing is left behind."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bokwon.cli.main import main
from bokwon.image_io import document

Run = Callable[..., tuple[int, str]]


@pytest.fixture
def folder(tmp_path: Path, mean_model: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with a page, its mask, a model, and much that is wrong."""
    noise = np.random.default_rng(1).integers(0, 256, (40, 60, 3)).astype(np.uint8)
    page = Image.fromarray(noise)
    page.save(tmp_path / "page.png")
    page.convert("CMYK").save(tmp_path / "cmyk.tif")
    hole = np.zeros((40, 60), np.uint8)
    hole[10:20, 10:30] = 255
    Image.fromarray(hole).save(tmp_path / "mask.png")
    Image.fromarray(np.full_like(hole, 255)).save(tmp_path / "all.png")
    Image.fromarray(hole[:, :50]).save(tmp_path / "narrow.png")
    Image.fromarray(hole[::2, ::2]).save(tmp_path / "half.png")
    Image.fromarray(np.pad(hole, ((0, 0), (0, 1)))).save(tmp_path / "wide.png")
    Image.fromarray(hole.T).save(tmp_path / "turned-mask.png")
    turned = Image.Exif()
    turned[274] = 6
    page.save(tmp_path / "turned.png", exif=turned)
    for name in ("mean.onnx", "mean.json"):
        shutil.copy(mean_model.parent / name, tmp_path / name)
    shutil.copy(tmp_path / "mean.json", tmp_path / "other.json")
    (tmp_path / "other.onnx").write_bytes((tmp_path / "mean.onnx").read_bytes() + b"\0")
    (tmp_path / "broken.onnx").write_bytes(b"no model")
    (tmp_path / "card.onnx").write_bytes((tmp_path / "mean.onnx").read_bytes())
    (tmp_path / "card.json").write_text("{")
    (tmp_path / "text.png").write_text("a letter, not a picture of one")
    (tmp_path / "empty.png").touch()
    data = (tmp_path / "page.png").read_bytes()
    (tmp_path / "cut.png").write_bytes(data[: len(data) // 2])
    (tmp_path / "there.png").write_bytes(b"old")
    (tmp_path / "sub").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the command in this process; give its exit code and what it said on standard error."""

    def _run(*arguments: str) -> tuple[int, str]:
        with pytest.raises(SystemExit) as caught:
            main(["restore", *arguments])
        said = capsys.readouterr()
        assert said.out == ""
        return int(caught.value.code or 0), said.err

    return _run


MISTAKES = [
    # What is asked for makes no sense: 1.
    (
        1,
        "page.png out.png --mask beside",
        "no mask lies beside page.png; name the mask: --mask FILE, or call it page-mask.png",
    ),
    (1, "page.png --mask mask.png", "Missing argument 'OUTPUT'"),
    (1, "page.png out.png --mask mask.png --colour", "No such option: --colour"),
    (1, "page.png out.png --mask mask.png --holes red", "--holes"),
    (1, "page.png out.png --mask mask.png --method magic", "--method"),
    (1, "page.png out.png --mask mask.png -q -v", "contradict"),
    (1, "page.png out.png --mask mask.png --pages 2", "there is no page 2, only 1; write end"),
    (1, "page.png out.png --mask mask.png --pages two", "'two' names no pages"),
    (1, "page.png out.png --mask mask.png --pages 3-1", "'3-1' is no range"),
    (1, "page.png out.pdf --mask mask.png", "only a PDF can be written as PDF"),
    (1, "- out.png --mask -", "cannot both come from standard input"),
    (
        1,
        "page.png out.png --mask narrow.png",
        "50x40 and the image 60x40 pixels: they do not have the same shape; draw the mask on this",
    ),
    (1, "page.png out.png --mask turned-mask.png", "do not have the same shape"),
    (1, "page.png out.png --mask half.png", "same page at 0.5 times the resolution; add --fit-mask"),
    (1, "page.png out.png --mask wide.png", "it is one pixel wider than the image; add --fit-mask"),
    (
        1,
        "page.png out.png --mask mask.png --holes black",
        "calls 92% of the image hole; if it means the rest, add --hol",
    ),
    (1, "page.png there.png out.png --mask mask.png", "--mask mask.png is the mask of one image"),
    (1, "sub out --mask mask.png", "is the mask of one image; name a folder of masks or a table: --masks"),
    (1, "page.png sub out", "sub is a folder among several inputs"),
    (1, "page.png - out", "standard input is one image"),
    (1, "page.png there.png -", "standard output cannot hold several images"),
    (1, "- sub/ --mask mask.png", "standard input has no file name for a folder"),
    (1, "- out.png --mask beside", "standard input has no mask beside it; name the mask"),
    (5, "no*.png out", "no file matches no*.png"),
    (1, "page.png out.png --mask all.png", "covers everything"),
    (1, "page.png out.png --mask mask.png --model letter", "no model is named 'letter'"),
    (
        1,
        "page.png out.png --mask mask.png --model mean.onnx --method telea",
        "takes no model; leave out model",
    ),
    (1, "page.png out.xyz --mask mask.png", "name it one of .png"),
    (1, "page.png mask.png --mask mask.png", "OUTPUT is the mask"),
    (1, "cmyk.tif out.png --mask mask.png", "PNG cannot hold a 8-bit image of mode CMYK; write to a name that ends in"),
    # A file is damaged: 2.
    (2, "cut.png out.png --mask mask.png", "cut.png is damaged"),
    (2, "text.png out.png --mask mask.png", "text.png is not an image"),
    (2, "empty.png out.png --mask mask.png", "empty.png is empty"),
    (2, "page.png out.png --mask cut.png", "cut.png is damaged"),
    (2, "page.png out.png --mask text.png", "text.png is not an image"),
    (2, "page.png out.png --mask mask.png --model broken.onnx", "broken cannot be loaded"),
    (2, "page.png out.png --mask mask.png --model other.onnx", "is not the file its card describes"),
    (2, "page.png out.png --mask mask.png --model card.onnx", "card.json is not JSON"),
    # A file is not where it should be: 5.
    (5, "none.png out.png --mask mask.png", "none.png does not exist"),
    (5, "page.png out.png --mask none.png", "none.png does not exist"),
    (5, "page.png out.png --mask mask.png --model none.onnx", "none.onnx does not exist"),
    (1, "page.png out.png --mask sub", "folder sub holds no masks of page.png; name them page_p001.png"),
    (5, "page.png out.png --mask mask.png --model sub/", "is a folder"),
    (5, "page.png none/out.png --mask mask.png", "does not exist; create it"),
    (5, "page.png page.png/out.png --mask mask.png", "does not exist"),
    # The output is there: 6.
    (6, "page.png there.png --mask mask.png --no-overwrite", "there.png exists"),
]


@pytest.mark.parametrize(("code", "arguments", "message"), MISTAKES, ids=[mistake[1] for mistake in MISTAKES])
def test_a_mistake_is_one_line_with_its_code(folder: Path, run: Run, code: int, arguments: str, message: str) -> None:
    before = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    words = arguments.split()
    if "--model" not in words and "--method" not in words:
        words += ["--model", "mean.onnx"]
    actual, said = run(*words)
    assert said.startswith("bokwon: error: ")
    assert said.count("\n") == 1
    assert message in said
    assert actual == code
    assert {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()} == before


def test_an_output_that_is_a_folder_is_refused(folder: Path, run: Run) -> None:
    (folder / "sub.png").mkdir()
    code, said = run("page.png", "sub.png", "--mask", "mask.png", "--method", "telea")
    assert code == 5
    assert "sub.png is a folder" in said


def test_a_missing_engine_is_three(folder: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    code, said = run("page.png", "out.png", "--mask", "mask.png", "--model", "mean.onnx", "--engine", "onnx")
    assert code == 3
    assert "pip install onnxruntime" in said
    assert not (folder / "out.png").exists()


def test_a_mistake_of_ours_is_fifteen_and_leaves_nothing(
    folder: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def _fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr(document, "encode_page", _fail)
    code, said = run("page.png", "there.png", "--mask", "mask.png", "--method", "telea")
    assert code == 15
    assert said.startswith("bokwon: error: unexpected ZeroDivisionError: a bug")
    assert (folder / "there.png").read_bytes() == b"old"
    assert not list(folder.glob(".bokwon-*"))


def test_large_holes_are_filled_if_that_is_allowed(folder: Path, run: Run) -> None:
    arguments = ["page.png", "out.png", "--mask", "mask.png", "--model", "mean.onnx", "--holes", "black"]
    code, said = run(*arguments)
    assert code == 1
    assert "--holes white; add --allow-large" in said
    assert not (folder / "out.png").exists()
    code, said = run(*arguments, "--allow-large")
    assert (code, said) == (0, "bokwon: wrote out.png: 91.67% of page.png filled, mask mask.png: black is hole\n")


def test_a_mask_without_a_hole_gives_the_same_bytes_back(folder: Path, run: Run) -> None:
    Image.new("1", (60, 40)).save("none.png")
    code, said = run("page.png", "out.png", "--mask", "none.png", "--model", "mean.onnx")
    assert code == 0
    assert "warning: mask none.png has no hole: the image is returned unchanged" in said
    assert "wrote out.png: page.png unchanged, nothing is filled" in said
    assert (folder / "out.png").read_bytes() == (folder / "page.png").read_bytes()
    assert run("page.png", "out.tif", "--mask", "none.png", "--model", "mean.onnx")[0] == 0
    with Image.open("out.tif") as after, Image.open("page.png") as before:
        np.testing.assert_array_equal(np.array(after), np.array(before))


def test_quiet_says_nothing_and_verbose_says_engine_model_tiles_and_time(folder: Path, run: Run) -> None:
    Image.new("1", (60, 40)).save("none.png")
    # Nothing was done, which was not what was wanted: that is told in any case.
    warning = "bokwon: warning: mask none.png has no hole: the image is returned unchanged\n"
    assert run("page.png", "out.png", "--mask", "none.png", "--method", "ns", "-q") == (0, warning)
    _, said = run("page.png", "out.png", "--mask", "mask.png", "--model", "mean.onnx", "--engine", "onnx", "-v")
    assert "engine ONNX Runtime" in said
    assert "model mean, sha256" in said
    assert "PNG, 60x40, RGB, 8 bits, hole 8.33%" in said
    assert "wrote out.png: 8.33% of page.png filled, mask mask.png: white is hole" in said
    assert "bokwon: 1 tiles, " in said
    assert "no card" not in said
    (folder / "mean.json").unlink()
    _, said = run("page.png", "out.png", "--mask", "mask.png", "--model", "mean.onnx", "-v")
    assert "mean.onnx has no card" in said
    code, said = run("page.png", "out.png", "--mask", "mask.png", "--model", "mean.onnx")
    assert (code, said) == (0, "bokwon: wrote out.png: 8.33% of page.png filled, mask mask.png: white is hole\n")


def test_what_changes_by_the_format_is_said(folder: Path, run: Run) -> None:
    code, said = run("page.png", "out.jpg", "--mask", "mask.png", "--method", "telea")
    assert code == 0
    assert "note: JPEG is encoded anew, at quality 95" in said
    _, said = run("out.jpg", "out.jpg", "--mask", "mask.png", "--method", "telea")
    assert "at the input's quality" in said
    assert run("out.jpg", "out.jpg", "--mask", "mask.png", "--method", "telea", "-q") == (0, "")


def test_an_orientation_is_pointed_out(folder: Path, run: Run) -> None:
    code, said = run("turned.png", "out.png", "--mask", "mask.png", "--method", "telea")
    assert code == 0
    assert "it follows the image's pixels as stored, which viewers turn: 8.33% of turned.png will be filled" in said


def test_a_jpeg_mask_is_cut_at_half_and_it_is_said(folder: Path, run: Run) -> None:
    Image.open("mask.png").save("mask.jpg", quality=60)
    code, said = run("page.png", "out.png", "--mask", "mask.jpg", "--method", "telea")
    assert code == 0
    assert "note: mask mask.jpg: white is hole (190 gray pixels, as JPEG and smoothing make them" in said
    with Image.open("out.png") as after, Image.open("page.png") as before, Image.open("mask.png") as mask:
        known = np.array(mask) == 0
        np.testing.assert_array_equal(np.array(after)[known], np.array(before)[known])
