"""Fonts for tests: one that Pillow carries, so that the tests need none installed, and those of the system."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import ImageFont

from bokwon.errors import MissingDependencyError
from bokwon.synthesis.pages.fonts import SCRIPTS, Font, find_fonts


@pytest.fixture(scope="session")
def latin_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one font that knows Latin letters only."""
    folder = tmp_path_factory.mktemp("fonts")
    stream = ImageFont.load_default(20).path
    assert isinstance(stream, io.BytesIO)
    (folder / "Aileron.ttf").write_bytes(stream.getvalue())
    return folder


@pytest.fixture(scope="session")
def latin_fonts(latin_folder: Path) -> list[Font]:
    """The font of `latin_folder`."""
    return find_fonts(["latin"], folder=latin_folder)


@pytest.fixture(scope="session")
def system_fonts() -> list[Font]:
    """The fonts of the system, if they cover every script."""
    try:
        fonts = find_fonts(SCRIPTS)
    except MissingDependencyError as error:
        pytest.skip(f"needs fonts: {error}")
    missing = sorted(set(SCRIPTS) - set().union(*(font.scripts for font in fonts)))
    if missing:
        pytest.skip(f"needs fonts for {', '.join(missing)}: apt install fonts-nanum-extra fonts-arphic-uming")
    return fonts
