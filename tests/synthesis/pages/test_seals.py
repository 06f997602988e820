from __future__ import annotations

import numpy as np

from bokwon.synthesis.pages.canvas import Canvas
from bokwon.synthesis.pages.fonts import Font
from bokwon.synthesis.pages.seals import stamp_seal
from bokwon.synthesis.pages.text import TextSource
from bokwon.synthesis.pages.writer import Writer, choose_hand


def test_seals_are_red_on_the_page(system_fonts: list[Font]) -> None:
    rng = np.random.default_rng(0)
    for name in ("brush", "latin_print"):
        hand = choose_hand(rng, name, system_fonts)
        canvas = Canvas(300, 300)
        stamp_seal(rng, canvas, Writer(hand, 24, TextSource()), 300, 300)
        assert 0.001 < (canvas.layer("seals") > 127).mean() < 0.3
