from __future__ import annotations

import pytest

from bokwon.errors import ArgumentError
from bokwon.synthesis.pages.fonts import FACES, SCRIPTS
from bokwon.synthesis.pages.ink import BLACKS
from bokwon.synthesis.pages.styles import STYLES, find_style


@pytest.mark.parametrize("name", sorted(STYLES))
def test_a_style_names_scripts_faces_and_inks_that_exist(name: str) -> None:
    style = find_style(name)
    assert style.name == name
    assert {script for script, _ in style.scripts} <= set(SCRIPTS)
    assert sum(share for _, share in style.scripts) == pytest.approx(1)
    assert set(style.faces) <= set(FACES)
    assert all(0 <= ink < len(BLACKS) for ink in style.inks)
    assert style.fill in ("even", "dipped", "typed")
    assert 1 <= style.pitch[0] < style.pitch[1]
    for chance in (style.rules, style.frame, style.spine, style.notes, style.marks, style.red, style.seal):
        assert 0 <= chance <= 1


def test_an_unknown_style_is_refused_with_those_there_are() -> None:
    with pytest.raises(ArgumentError, match="cave") as error:
        find_style("cave")
    assert "woodblock" in error.value.fix
