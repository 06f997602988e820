"""Pages as they are written, before ink and paper."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from bokwon.synthesis.pages.canvas import Canvas
from bokwon.synthesis.pages.fonts import Font
from bokwon.synthesis.pages.horizontal import write_lines
from bokwon.synthesis.pages.styles import Style
from bokwon.synthesis.pages.text import TextSource
from bokwon.synthesis.pages.vertical import write_columns
from bokwon.synthesis.pages.writer import Hand, Writer, choose_hand


def _lay_out(
    style: Style, fonts: Sequence[Font], seed: int = 0, height: int = 700, width: int = 600, size: float = 24
) -> Canvas:
    """Write a page without ink and paper."""
    rng = np.random.default_rng(seed)
    hand = choose_hand(rng, style.name, fonts)
    canvas = Canvas(height, width)
    write = write_columns if style.vertical else write_lines
    write(rng, canvas, Writer(Hand(style, hand.fonts, hand.script, hand.slant), size, TextSource()), height, width)
    return canvas


@pytest.fixture
def lay_out() -> Callable[..., Canvas]:
    """Writes a page of a style: no ink, no paper."""
    return _lay_out
