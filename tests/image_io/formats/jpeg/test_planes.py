from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from bokwon.image_io.formats.jpeg import planes
from bokwon.image_io.metadata import JpegSettings

TABLES = (tuple(range(3, 67)), tuple(range(5, 69)))


def picture(width: int, height: int) -> Image.Image:
    down, across = np.mgrid[:height, :width]
    waves = [120 + 90 * np.sin(across / 9 + down / 17), 2.0 * across, 200 - down + 20 * np.cos(across / 5)]
    return Image.fromarray(np.stack(waves, -1).clip(0, 255).astype(np.uint8))


def encoded(image: Image.Image, layout: tuple[tuple[int, int, int], ...], progressive: bool) -> Image.Image:
    settings = JpegSettings(TABLES, 0, progressive, (), layout=layout)
    return Image.open(io.BytesIO(planes.encode(image, settings)))


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("size", [(97, 75), (64, 64), (1, 1), (16, 131)])
@pytest.mark.parametrize(("across", "down", "preset"), [(1, 1, 0), (2, 1, 1), (2, 2, 2)])
def test_presets_come_out_as_libjpeg_writes_them(
    across: int, down: int, preset: int, size: tuple[int, int], progressive: bool
) -> None:
    image = picture(*size)
    ours = encoded(image, ((1, across, down), (2, 1, 1), (3, 1, 1)), progressive)
    stream = io.BytesIO()
    tables = [list(table) for table in TABLES]
    image.save(stream, "JPEG", qtables=tables, subsampling=preset, progressive=progressive)
    theirs = Image.open(stream)
    assert ours.layer == theirs.layer
    assert bool(ours.info.get("progressive")) == progressive
    assert ours.quantization == theirs.quantization
    difference = np.abs(np.array(ours).astype(int) - np.array(theirs))
    # Chroma is shrunk, and rounded, by another library.
    assert difference.mean() < 1
    assert difference.max() <= 24


@pytest.mark.parametrize("layout", [((1, 1, 2), (2, 1, 1), (3, 1, 1)), ((1, 4, 1), (2, 1, 1), (3, 2, 1))])
def test_layouts_without_a_preset_are_kept(layout: tuple[tuple[int, int, int], ...]) -> None:
    image = picture(101, 77)
    ours = encoded(image, layout, False)
    assert tuple(part[:3] for part in ours.layer) == layout
    assert np.abs(np.array(ours).astype(int) - np.array(image)).mean() < 6


def test_what_cannot_be_encoded() -> None:
    assert planes.can_encode(((1, 2, 2), (2, 1, 1), (3, 1, 1)))
    assert not planes.can_encode(((1, 2, 2), (2, 1, 1)))
    assert not planes.can_encode(((1, 3, 1), (2, 2, 1), (3, 1, 1)))
    assert not planes.can_encode(((1, 1, 1), (2, 2, 1), (3, 1, 1)))
    assert not planes.can_encode(((1, 2, 1), (1, 1, 1), (3, 1, 1)))
