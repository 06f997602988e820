"""Sources of windows: which files are read, at which scale, and files that cannot be read."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from bokwon.errors import FileAccessError, InputFileError
from bokwon.synthesis.scenes.sources import Sources


@pytest.fixture(autouse=True)
def no_fonts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing here is rendered, so no fonts are looked for."""
    monkeypatch.setattr("bokwon.synthesis.scenes.sources.find_fonts", lambda scripts, exclude: [])


def only(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bokwon.synthesis.scenes.sources._SHARES", {kind: 1.0})


def write(path: Path, value: int, height: int = 300, width: int = 240) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    # Blue, green, red.
    cv2.imwrite(str(path), np.full((height, width, 3), (0, 0, value), np.uint8))
    return path


@pytest.mark.parametrize(
    ("kind", "told", "least", "most"),
    [
        # The longest side of 300 becomes 1750 * (0.7 to 1.1) pixels; the unit is 1/512 of the shorter.
        ("pages", "scan", 240 * 1750 / 300 * 0.7 / 512, 240 * 1750 / 300 * 1.1 / 512),
        ("crops", "scan", 2.3 * 0.7, 2.3 * 1.15),
        ("photos", "photo", 1.0, 3.0),
    ],
)
def test_windows_are_cut_from_files(
    kind: str, told: str, least: float, most: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    only(kind, monkeypatch)
    write(tmp_path / "one.png", 200)
    sources = Sources(**{kind: (str(tmp_path),)})
    bases = [sources.draw(np.random.default_rng(number), 64) for number in range(20)]
    for base in bases:
        assert (base.kind, base.name) == (told, "one")
        assert base.image.shape == (64, 64, 3)
        assert (base.image == (200, 0, 0)).all()
        assert least <= base.unit <= most
    assert len({base.unit for base in bases}) == 20


def test_files_of_all_folders_are_drawn_but_those_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    only("crops", monkeypatch)
    for number, name in enumerate(("a/one.png", "a/torn.png", "a/.hidden.png", "b/two.PNG", "b/three.bmp")):
        write(tmp_path / name, number)
    sources = Sources(crops=(str(tmp_path / "a"), str(tmp_path / "b")), exclude=("torn",))
    names = {sources.draw(np.random.default_rng(number), 32).name for number in range(30)}
    assert names == {"one", "two"}


def test_kinds_without_files_are_left_to_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bokwon.synthesis.scenes.sources._SHARES", {"pages": 0.99, "photos": 0.01})
    write(tmp_path / "one.png", 9)
    sources = Sources(photos=(str(tmp_path),))
    assert {sources.draw(np.random.default_rng(number), 32).kind for number in range(10)} == {"photo"}


def test_film_damage_is_of_the_kinds_asked_for(tmp_path: Path) -> None:
    for value, kind in ((50, "hair"), (100, "lint"), (150, "dirt")):
        (tmp_path / kind).mkdir()
        cv2.imwrite(str(tmp_path / kind / "one.png"), np.full((40, 30), value, np.uint8))
    sources = Sources(films=str(tmp_path))
    assert sources.has_films
    films = [sources.film(np.random.default_rng(number), ("hair", "dirt")) for number in range(20)]
    assert {film.shape for film in films} == {(40, 30)}
    assert {int(film.max()) for film in films} == {50, 150}
    assert not Sources().has_films


def test_small_papers_are_enlarged(tmp_path: Path) -> None:
    write(tmp_path / "a.png", 80, 100, 200)
    write(tmp_path / "b.png", 80, 700, 600)
    assert [paper.shape for paper in Sources(papers=str(tmp_path)).textures] == [(600, 1200, 3), (700, 600, 3)]


def test_folders_and_files_that_cannot_be_read_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for wrong in ({"pages": (str(tmp_path / "nowhere"),)}, {"films": str(tmp_path / "nowhere")}):
        with pytest.raises(FileAccessError, match="nowhere"):
            Sources(**wrong)
    only("pages", monkeypatch)
    (tmp_path / "bad.png").write_bytes(b"no image")
    sources = Sources(pages=(str(tmp_path),))
    with pytest.raises(InputFileError, match=r"bad\.png"):
        sources.draw(np.random.default_rng(0), 64)
