from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from bokwon.synthesis.pages.canvas import Canvas
from bokwon.synthesis.pages.fonts import Font
from bokwon.synthesis.pages.styles import STYLES

HORIZONTAL = [name for name, style in STYLES.items() if not style.vertical]
LayOut = Callable[..., Canvas]


@pytest.mark.parametrize("style", HORIZONTAL)
def test_lines_run_from_left_to_right(style: str, system_fonts: list[Font], lay_out: LayOut) -> None:
    canvas = lay_out(replace(STYLES[style], sway=0), system_fonts, size=18)
    assert " " in canvas.text
    centres = np.array([((c.box[0] + c.box[2]) / 2, (c.box[1] + c.box[3]) / 2) for c in canvas.characters])
    steps = np.diff(centres, axis=0)
    # Within a line to the right; a jump back to the left is a new line, lower on the page or in the next column.
    returns = steps[:, 0] < 0
    lines = canvas.text.strip().count("\n") + 1
    assert lines - 3 <= returns.sum() + 1 <= lines + 3
    assert (steps[~returns, 0] > 0).all()


def test_typed_letters_differ_in_strength(system_fonts: list[Font], lay_out: LayOut) -> None:
    canvas = lay_out(STYLES["typescript"], system_fonts, size=18)
    assert canvas.loads is not None
    loads = [canvas.loads[c.box[1], c.box[0]] for c in canvas.characters]
    assert np.std(loads) > 10
