from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bokwon.errors import ArgumentError
from bokwon.synthesis.masks.bins import BINS
from bokwon.synthesis.masks.generate import KINDS, border_width, check_mask, make_mask, touches_border

SIZES = st.tuples(st.integers(1, 150), st.integers(1, 150))


def ratio_of(hole: np.ndarray) -> float:
    return int(hole.sum()) / hole.size


@settings(max_examples=150, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    size=SIZES,
    kind=st.sampled_from(KINDS),
    ratio=st.sampled_from([*BINS.values(), (0.0, 0.005), (0.85, 1.0), (0.3, 0.3001)]),
    border=st.sampled_from(["both", "touching", "inner"]),
)
def test_area_and_border_are_exactly_as_asked_or_refused(
    seed: int, size: tuple[int, int], kind: str, ratio: tuple[float, float], border: str
) -> None:
    low, high = ratio
    frame = border_width(size)
    room = max(size[0] - 2 * frame, 0) * max(size[1] - 2 * frame, 0) if border == "inner" else size[0] * size[1]
    possible = any(low < count / (size[0] * size[1]) <= high for count in range(1, room + 1))
    rng = np.random.default_rng(seed)
    if not possible:
        with pytest.raises(ArgumentError, match="hole ratio"):
            make_mask(rng, size, kind, ratio, border)  # type: ignore[arg-type]
        return
    hole = make_mask(rng, size, kind, ratio, border)  # type: ignore[arg-type]
    assert hole.dtype == np.bool_
    assert hole.shape == size
    assert low < ratio_of(hole) <= high
    if border != "both":
        assert touches_border(hole) is (border == "touching")


def test_narrow_images_come_to_an_end() -> None:
    # Of this one the search for how far to dilate once never ended: the box was wider than the image.
    hole = make_mask(np.random.default_rng(532), (4, 63), "mixed", (0.3, 0.4), "inner")
    assert 0.3 < ratio_of(hole) <= 0.4


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", [(512, 512), (300, 700)])
def test_every_cell_at_full_size(kind: str, size: tuple[int, int]) -> None:
    for number, (low, high) in BINS.items():
        for border in ("touching", "inner"):
            if size == (300, 700) and border == "inner" and number == 6:
                continue  # 58 px of border leave 240 x 641 px: 0.55 of the image is reached, 0.6 is not
            hole = make_mask(np.random.default_rng(number), size, kind, (low, high), border)  # type: ignore[arg-type]
            assert low < ratio_of(hole) <= high
            assert touches_border(hole) is (border == "touching")


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_state_gives_the_same_mask_and_another_one_another(kind: str) -> None:
    first, again, other = (make_mask(np.random.default_rng(seed), (96, 96), kind) for seed in (5, 5, 6))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_without_a_ratio_the_whole_catalog_is_drawn_from() -> None:
    ratios = [ratio_of(make_mask(np.random.default_rng(seed), (64, 64), "blobs")) for seed in range(60)]
    assert 0.01 < min(ratios) < 0.1
    assert 0.5 < max(ratios) <= 0.6
    grids = [ratio_of(make_mask(np.random.default_rng(seed), (64, 64), "grid")) for seed in range(60)]
    assert 0.7 < min(grids) < 0.8
    assert 0.98 < max(grids) <= 0.99


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "grid"])
def test_holes_are_regions_and_not_noise(kind: str) -> None:
    for seed in range(5):
        hole = make_mask(np.random.default_rng(seed), (256, 256), kind, (0.2, 0.3))
        # A pixel's right neighbour is almost always the same; of random pixels it would be in 62 %.
        assert (hole[:, 1:] == hole[:, :-1]).mean() > 0.85


def test_the_border_is_the_papers_50_pixels_at_512_in_proportion() -> None:
    assert border_width((512, 512)) == 50
    assert border_width((256, 256)) == 25
    assert border_width((1024, 512)) == 50
    assert border_width((3, 3)) == 1
    hole = np.zeros((512, 512), bool)
    hole[50:462, 50:462] = True
    assert not touches_border(hole)
    for row, column in ((49, 100), (462, 100), (100, 49), (100, 462)):
        touching = hole.copy()
        touching[row, column] = True
        assert touches_border(touching)


def test_check_mask_counts_pixels() -> None:
    # 100 pixels: more than 0.1 of them and at most 0.2.
    assert check_mask((10, 10), "blobs", (0.1, 0.2), "both") == (11, 20)
    # The frame of a 10 px image is 1 px wide and leaves 64 pixels.
    assert check_mask((10, 10), "blobs", (0.5, 0.9), "inner") == (51, 64)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"kind": "polka"}, "unknown kind"),
        ({"border": "left"}, "unknown border"),
        ({"size": (0, 5)}, "5x0"),
        ({"ratio": (0.5, 0.2)}, "interval"),
        ({"ratio": (0.2, 1.2)}, "interval"),
        ({"ratio": (0.7, 0.8), "border": "inner"}, "border"),
    ],
)
def test_bad_arguments_are_refused_with_the_fix(arguments: dict[str, object], told: str) -> None:
    with pytest.raises(ArgumentError, match=told) as error:
        make_mask(np.random.default_rng(0), **{"size": (64, 64), **arguments})  # type: ignore[arg-type]
    assert error.value.fix
