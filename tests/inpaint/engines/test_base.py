"""Every engine derives from one class, whose traits say how pages are cut and filled for it."""

from __future__ import annotations

import inspect

import numpy as np
import pytest

from bokwon.errors import InputFileError
from bokwon.evaluation.measure.methods import IdentityEngine
from bokwon.inpaint import engines
from bokwon.inpaint.engines.base import Engine, ModelEngine
from bokwon.inpaint.runtime_facts import DEFAULT_FACTS, LowPass, RuntimeFacts

TRAITS = ("tile", "multiple", "square", "reach", "concurrency", "takes_scale", "lowpass")


class Gray(ModelEngine):
    """A model that answers with whatever it is given."""

    description = "gray"

    def __init__(self, output: np.ndarray | Exception, facts: RuntimeFacts = DEFAULT_FACTS) -> None:
        super().__init__("gray", facts)
        self._output = output

    def run(self, light: np.ndarray, missing: np.ndarray, scale: float) -> np.ndarray:
        if isinstance(self._output, Exception):
            raise self._output
        return self._output


LIGHT, MISSING = np.zeros((4, 6, 3), np.uint8), np.zeros((4, 6), bool)


def test_every_engine_is_an_engine() -> None:
    kinds = [kind for name in engines.__all__ if inspect.isclass(kind := getattr(engines, name)) and "Engine" in name]
    assert len(kinds) == 8
    assert all(issubclass(kind, Engine) for kind in [*kinds, IdentityEngine])


def test_classical_engines_fill_to_any_depth_one_tile_at_a_time() -> None:
    engine = IdentityEngine()
    assert [getattr(engine, trait) for trait in TRAITS] == [2048, 128, True, None, 1, False, LowPass()]
    assert engine.shared([(4, 6), (4, 6)]) is engine


def test_the_traits_of_a_model_are_those_of_its_card() -> None:
    facts = RuntimeFacts(reach=30, multiple=64, tile={"float32": 256}, lowpass=LowPass(cell=8))
    engine = Gray(np.zeros((1, 3, 4, 6), np.float32), facts)
    assert [getattr(engine, trait) for trait in TRAITS] == [256, 64, True, 30, 1, False, LowPass(cell=8)]
    assert (engine.name, engine.precision) == ("gray", "float32")
    assert engine.shared([(4, 6)]) is engine


def test_what_a_model_gives_is_turned_into_light() -> None:
    output = np.stack([np.full((4, 6), value, np.float32) for value in (0.2, 0.5, 0.9)])[None]
    np.testing.assert_allclose(Gray(output).fill(LIGHT, MISSING)[0, 0], [0.2, 0.5, 0.9])
    gray = Gray(output).fill(LIGHT[..., :1], MISSING)
    assert gray.shape == (4, 6, 1)
    assert gray[0, 0, 0] == pytest.approx(0.299 * 0.2 + 0.587 * 0.5 + 0.114 * 0.9)


@pytest.mark.parametrize(
    ("output", "says"),
    [
        (RuntimeError("a shape is wrong"), "gray cannot be run: a shape is wrong"),
        (np.zeros((1, 3, 4, 5), np.float32), r"gray turns \(1, 3, 4, 6\) into \(1, 3, 4, 5\)"),
        (np.full((1, 3, 4, 6), np.inf, np.float32), "gray gives values that are not numbers"),
    ],
)
def test_a_model_that_fails_is_an_input_file_error(output: np.ndarray | Exception, says: str) -> None:
    with pytest.raises(InputFileError, match=says):
        Gray(output).fill(LIGHT, MISSING)
