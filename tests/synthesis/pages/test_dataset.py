from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from bokwon.cli.main import main
from bokwon.errors import ArgumentError, FileAccessError, MissingDependencyError, OutputExistsError
from bokwon.synthesis.pages import dataset
from bokwon.synthesis.pages.dataset import PageSet, make_pages
from bokwon.synthesis.pages.render import render_crop, render_page


@pytest.fixture
def settings(latin_folder: Path) -> PageSet:
    return PageSet(count=5, size=(90, 80), fonts=str(latin_folder), seed=4)


def _files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def _run(*arguments: object) -> int:
    with pytest.raises(SystemExit) as leaving:
        main([str(argument) for argument in arguments])
    return int(leaving.value.code or 0)


def test_a_set_is_complete_and_described(settings: PageSet, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    manifest = make_pages(settings, tmp_path / "set", progress=lambda done, total: seen.append((done, total)))
    assert seen == [(done, 5) for done in range(6)]
    lines = [json.loads(line) for line in manifest.read_text().splitlines()]
    assert [line["image"] for line in lines] == [f"{number:06d}.png" for number in range(5)]
    for line in lines:
        image = cv2.imread(str(manifest.parent / line["image"]))
        ink = cv2.imread(str(manifest.parent / line["ink_mask"]), cv2.IMREAD_UNCHANGED)
        assert image.shape == (90, 80, 3)
        assert ink.shape == (90, 80)
        assert set(np.unique(ink)) <= {0, 255}
        assert line["ink"] == pytest.approx((ink > 0).mean(), abs=1e-4)
        described = json.loads((manifest.parent / line["text"]).read_text())
        assert described["style"] == line["style"]
        assert len(described["characters"]) == line["characters"]
        assert "".join(described["text"].split()) == "".join(one["text"] for one in described["characters"])
    assert not (manifest.parent / "INCOMPLETE").exists()


def test_what_is_written_is_what_is_rendered(settings: PageSet, tmp_path: Path) -> None:
    make_pages(settings, tmp_path / "set")
    fonts = dataset.find_fonts(["latin"], folder=settings.fonts)
    page = render_page(np.random.default_rng([4, 2]), (90, 80), fonts=fonts)
    stored = cv2.cvtColor(cv2.imread(str(tmp_path / "set" / "000002.png")), cv2.COLOR_BGR2RGB)
    assert np.array_equal(stored, page.image)


def test_the_number_of_processes_changes_nothing(settings: PageSet, tmp_path: Path) -> None:
    make_pages(settings, tmp_path / "one", jobs=1)
    make_pages(settings, tmp_path / "two", jobs=2)
    assert _files(tmp_path / "one") == _files(tmp_path / "two")


def test_an_interrupted_set_is_marked_and_goes_on(
    settings: PageSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_pages(settings, tmp_path / "whole")

    def stop(done: int, total: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make_pages(settings, tmp_path / "set", progress=stop)
    assert (tmp_path / "set" / "INCOMPLETE").exists()
    assert not (tmp_path / "set" / "manifest.jsonl").exists()
    rendered: list[int] = []
    make = dataset._Worker.make
    monkeypatch.setattr(
        dataset._Worker, "make", lambda self, root, index: rendered.append(index) or make(self, root, index)
    )
    make_pages(settings, tmp_path / "set")
    assert rendered == [2, 3, 4]
    assert _files(tmp_path / "set") == _files(tmp_path / "whole")


def test_no_temporary_file_is_left(settings: PageSet, tmp_path: Path) -> None:
    make_pages(settings, tmp_path / "set")
    names = {path.name for path in (tmp_path / "set").iterdir()}
    pages = {f"{number:06d}.{kind}" for number in range(5) for kind in ("png", "json")}
    assert names == pages | {"ink", "manifest.jsonl", "settings.json"}


def test_another_set_is_never_mixed_in(settings: PageSet, tmp_path: Path) -> None:
    make_pages(settings, tmp_path / "set")
    other = PageSet(count=5, size=(90, 80), fonts=settings.fonts, seed=5)
    before = _files(tmp_path / "set")
    with pytest.raises(OutputExistsError, match="another set"):
        make_pages(other, tmp_path / "set")
    assert _files(tmp_path / "set") == before
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("keep me")
    with pytest.raises(OutputExistsError, match="not empty"):
        make_pages(settings, tmp_path / "mine")
    assert set(_files(tmp_path / "mine")) == {"letter.txt"}


def test_a_set_may_grow_but_not_shrink(settings: PageSet, tmp_path: Path) -> None:
    make_pages(replace(settings, count=2), tmp_path / "grown")
    make_pages(settings, tmp_path / "grown")
    make_pages(settings, tmp_path / "whole")
    assert _files(tmp_path / "grown") == _files(tmp_path / "whole")
    with pytest.raises(OutputExistsError):
        make_pages(replace(settings, count=2), tmp_path / "whole")


def test_crops_and_text_files(latin_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "words.txt").write_text("salt pepper " * 50)
    settings = PageSet(2, (64, 64), fonts=str(latin_folder), texts=(str(tmp_path / "words.txt"),), crops=True)
    make_pages(settings, tmp_path / "set")
    worker = dataset._Worker(settings)
    crop = render_crop(np.random.default_rng([0, 1]), 64, fonts=worker.fonts, text=worker.text)
    stored = json.loads((tmp_path / "set" / "000001.json").read_text())
    assert stored["text"] == crop.text
    assert set(stored["text"]) <= set("saltper \n")


@pytest.mark.parametrize(
    "changes",
    [{"count": 0}, {"seed": -1}, {"size": (0, 80)}, {"styles": ("cave",)}, {"crops": True, "size": (80, 90)}],
)
def test_impossible_sets_are_refused(changes: dict[str, object]) -> None:
    with pytest.raises(ArgumentError):
        PageSet(**{"count": 1, **changes})  # type: ignore[arg-type]


def test_errors_leave_no_folder_behind(settings: PageSet, latin_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ArgumentError):
        make_pages(settings, tmp_path / "set", jobs=0)
    with pytest.raises(MissingDependencyError):
        make_pages(PageSet(1, fonts=str(latin_folder), styles=("brush",)), tmp_path / "set")
    with pytest.raises(FileAccessError):
        make_pages(PageSet(1, fonts=str(latin_folder), paper=str(tmp_path / "nowhere")), tmp_path / "set")
    with pytest.raises(FileAccessError):
        make_pages(PageSet(1, fonts=str(latin_folder), texts=("nowhere.txt",)), tmp_path / "set")
    assert not (tmp_path / "set").exists()
    (tmp_path / "file").write_text("")
    with pytest.raises(FileAccessError, match="cannot write"):
        make_pages(settings, tmp_path / "file" / "set")


def test_the_command_makes_a_set(latin_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["pages", "make", tmp_path / "set", "--count", 3, "--size", "70x64", "--fonts", latin_folder]
    arguments += ["--style", "latin_print", "--style", "latin_hand", "--seed", 9, "-j", 2]
    assert _run(*arguments) == 0
    output = capsys.readouterr()
    assert output.out.strip() == str(tmp_path / "set" / "manifest.jsonl")
    assert "3/3" in output.err
    styles = {json.loads(line)["style"] for line in (tmp_path / "set" / "manifest.jsonl").read_text().splitlines()}
    assert styles <= {"latin_print", "latin_hand"}
    # Once more: nothing to do, and no error.
    assert _run(*arguments, "--quiet") == 0
    assert not capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--size", "0"], 1, "0 x 0 pixels"),
        (["--size", "large"], 1, "no size"),
        (["--count", "0"], 1, "0 pages"),
        (["--style", "cave"], 1, "woodblock"),
        (["--exclude-fonts", "pillow, aileron"], 3, "apt install"),
        (["--text", "nowhere.txt"], 5, "nowhere.txt"),
    ],
)
def test_the_command_names_mistakes(
    arguments: list[str],
    code: int,
    message: str,
    latin_folder: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    command = ["pages", "make", tmp_path / "set", "--count", "1", "--size", "64", "--fonts", latin_folder, *arguments]
    assert _run(*command) == code
    error = capsys.readouterr().err
    assert message in error
    assert "Traceback" not in error
    assert not (tmp_path / "set").exists()
