from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from bokwon.errors import ArgumentError, FileAccessError, InputFileError
from bokwon.synthesis.pages.paper import Paper, list_textures, render_paper, texture_paper

PLAIN = Paper(mottle=0, grain=0, fibres=0, laid=0, shading=0, foxing=0, show_through=0)


def test_plain_paper_is_one_tone() -> None:
    image = render_paper(np.random.default_rng(0), 40, 50, replace(PLAIN, tone=(200, 190, 170)))
    assert image.shape == (40, 50, 3)
    assert np.allclose(image, [200, 190, 170])


@pytest.mark.parametrize(
    ("name", "value"), [("mottle", 6), ("grain", 4), ("fibres", 4), ("laid", 3), ("shading", 40), ("foxing", 400)]
)
def test_every_trait_of_age_shows(name: str, value: float) -> None:
    aged = render_paper(np.random.default_rng(5), 200, 200, replace(PLAIN, **{name: value}))
    assert aged.std(axis=(0, 1)).min() > 0.15
    again = render_paper(np.random.default_rng(5), 200, 200, replace(PLAIN, **{name: value}))
    assert np.array_equal(aged, again)


def test_foxing_browns() -> None:
    image = render_paper(np.random.default_rng(5), 300, 300, replace(PLAIN, foxing=300))
    red, _, blue = (image - np.array(PLAIN.tone, np.float32)).reshape(-1, 3).mean(0)
    assert blue < red < 0


@pytest.mark.parametrize("east", [True, False])
def test_drawn_papers_are_plausible(east: bool) -> None:
    rng = np.random.default_rng(0)
    for _ in range(50):
        paper = Paper.draw(rng, east)
        red, green, blue = paper.tone
        # Old paper is light, and rather yellow than blue.
        assert red > 120
        assert red + 6 > green > blue - 8


def _write_texture(path: Path, level: int) -> None:
    ramp = np.linspace(0.2, 1.0, 300)[None, :, None] * np.full((200, 1, 3), level)
    assert cv2.imwrite(str(path), ramp.astype(np.uint8))


def test_real_paper_is_cut_to_size_and_its_shading_kept_within_bounds(tmp_path: Path) -> None:
    _write_texture(tmp_path / "a.png", 240)
    (tmp_path / "notes.txt").write_text("no picture")
    files = list_textures(tmp_path)
    assert [file.name for file in files] == ["a.png"]
    for size in ((100, 80), (700, 500)):
        sheet, tone = texture_paper(np.random.default_rng(1), *size, files)
        assert sheet.shape == (*size, 3)
        assert sheet.mean(-1).std() < 25
        assert tone == pytest.approx(sheet.reshape(-1, 3).mean(0), abs=0.5)


def test_bad_paper_folders_are_named(tmp_path: Path) -> None:
    with pytest.raises(FileAccessError, match="nowhere"):
        list_textures(tmp_path / "nowhere")
    with pytest.raises(FileAccessError, match="no photographs of blank paper"):
        list_textures(tmp_path)
    (tmp_path / "broken.png").write_bytes(b"no picture")
    with pytest.raises(InputFileError, match=r"broken\.png"):
        texture_paper(np.random.default_rng(0), 50, 50, list_textures(tmp_path))
    with pytest.raises(ArgumentError):
        texture_paper(np.random.default_rng(0), 50, 50, [])
