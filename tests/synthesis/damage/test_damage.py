from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from bokwon.errors import ArgumentError
from bokwon.synthesis.damage.damage import KINDS, Damaged, apply_damage
from bokwon.types import DamageClass

BACKGROUNDS = st.sampled_from(["leaf", "paper", "black", "white", (12, 200, 90), None])


def page(height: int = 160, width: int = 160, seed: int = 0) -> NDArray[np.uint8]:
    """Warm paper with lines of dark rectangles for words."""
    rng = np.random.default_rng(seed)
    image = np.clip(np.array([226, 208, 172]) + rng.normal(0, 3, (height, width, 1)), 0, 255).astype(np.uint8)
    for top in range(6, height - 8, 16):
        left = 4
        while left < width - 8:
            right = left + int(rng.integers(5, 22))
            image[top : top + 8, left : min(right, width - 4)] = (38, 30, 26)
            left = right + 5
    return image


def damage(kind: str, seed: int = 0, image: NDArray[np.uint8] | None = None, **values: object) -> Damaged:
    given_image = page() if image is None else image
    return apply_damage(given_image, np.random.default_rng(seed), [kind], **values)  # type: ignore[arg-type]


def brightness(image: NDArray[np.uint8]) -> NDArray[np.float64]:
    return image.astype(float).mean(2)


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    height=st.integers(1, 120),
    width=st.integers(1, 120),
    kinds=st.none() | st.sets(st.sampled_from(KINDS), min_size=1, max_size=4),
    strength=st.floats(0, 1),
    coverage=st.none() | st.floats(0.001, 0.6),
    background=BACKGROUNDS,
)
def test_what_is_not_damaged_is_untouched_and_every_hole_has_a_class(
    seed: int,
    height: int,
    width: int,
    kinds: set[str] | None,
    strength: float,
    coverage: float | None,
    background: object,
) -> None:
    image = page(height, width)
    before = image.copy()
    arguments = {"kinds": kinds, "strength": strength, "coverage": coverage, "background": background}
    result = apply_damage(image, np.random.default_rng(seed), **arguments)  # type: ignore[arg-type]
    again = apply_damage(image, np.random.default_rng(seed), **arguments)  # type: ignore[arg-type]
    np.testing.assert_array_equal(image, before)
    assert result.image.shape == image.shape
    assert result.image.dtype == np.uint8
    assert result.hole.shape == result.classes.shape == (height, width)
    assert result.hole.dtype == np.bool_
    assert result.classes.dtype == np.uint8
    untouched = result.classes == DamageClass.NONE
    np.testing.assert_array_equal(result.image[untouched], image[untouched])
    assert not (result.hole & untouched).any()
    done = [record.kind for record in result.records]
    assert set(np.unique(result.classes)) <= {0, *(DamageClass[kind.upper()] for kind in done)}
    if kinds is not None:
        assert sorted(done) == sorted(kinds)
    for record in result.records:
        assert 0 <= record.hole <= record.touched <= 1
        assert record.strength == pytest.approx(strength)
    for one, two in ((result.image, again.image), (result.hole, again.hole), (result.classes, again.classes)):
        np.testing.assert_array_equal(one, two)
    assert result.records == again.records


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_can_be_seen_and_differs_by_seed(kind: str) -> None:
    image = page()
    # Scratches and creases are thin; 3 % is much for either.
    results = [damage(kind, seed, image, coverage=0.03, strength=0.8) for seed in range(4)]
    for result in results:
        changed = np.abs(result.image.astype(int) - image).max(2)
        assert (changed > 12).mean() > 0.004, kind
        assert (result.classes == DamageClass[kind.upper()]).any()
    assert len({result.classes.tobytes() for result in results}) == 4


@pytest.mark.parametrize("kind", ["insect", "tear", "burn", "abrasion", "mould", "flaking", "stain"])
def test_coverage_is_met_within_a_factor_of_two(kind: str) -> None:
    for wanted in (0.03, 0.12):
        shares = []
        for seed in range(6):
            result = damage(kind, seed, page(256, 256), coverage=wanted, strength=0.9)
            record = result.records[0]
            shares.append(record.touched if kind == "stain" else record.hole)
        assert wanted / 2 < np.mean(shares) < wanted * 2, (kind, wanted, shares)


@pytest.mark.parametrize("kind", KINDS)
def test_more_coverage_damages_more(kind: str) -> None:
    little, much = (
        np.mean([damage(kind, seed, coverage=share, strength=0.7).records[0].touched for seed in range(6)])
        for share in (0.01, 0.2)
    )
    assert much > 1.5 * little


def test_through_holes_show_the_background() -> None:
    image = page(256, 256)
    for kind in ("insect", "tear", "burn"):
        tones = {}
        for background in ("black", "white"):
            result = damage(kind, 3, image, coverage=0.15, strength=0.3, background=background)
            tones[background] = brightness(result.image)[result.hole].mean()
        assert tones["white"] > tones["black"] + 40, kind
    red = damage("tear", 3, image, coverage=0.2, strength=0.2, background=(200, 20, 20)).image
    assert ((red[..., 0].astype(int) - red[..., 1]) > 100).mean() > 0.05


def test_the_edge_casts_a_shadow_into_the_hole() -> None:
    image = np.full((256, 256, 3), 220, np.uint8)
    result = damage("tear", 1, image, coverage=0.25, strength=1.0, background="white")
    inside = brightness(result.image)[result.hole]
    # Far from the edge the white background is white, near it it is much darker.
    assert inside.max() > 225
    assert np.quantile(inside, 0.05) < inside.max() - 25


def test_insect_holes_are_many_thin_tunnels() -> None:
    import cv2

    hole = damage("insect", 5, page(512, 512), coverage=0.04).hole.astype(np.uint8)
    assert cv2.connectedComponents(hole)[0] > 4
    assert 2 * cv2.distanceTransform(hole, cv2.DIST_L2, 5).max() < 40


def test_tears_start_at_the_edge_of_the_sheet() -> None:
    import cv2

    for seed in range(5):
        hole = damage("tear", seed, page(200, 240), coverage=0.08).hole.astype(np.uint8)
        _, labels, sizes, _ = cv2.connectedComponentsWithStats(hole)
        edge = np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])
        for label, size in enumerate(sizes[1:, cv2.CC_STAT_AREA], start=1):
            assert label in edge or size < 200


def test_creases_are_lines_brighter_than_ink() -> None:
    image = np.full((256, 256, 3), 60, np.uint8)
    result = damage("crease", 2, image, strength=1.0, coverage=0.02)
    assert brightness(result.image)[result.hole].mean() > 90
    assert brightness(result.image).max() > 150
    assert result.hole.mean() < 0.1


def test_burns_are_charred_inside_and_scorched_around() -> None:
    image = page(256, 256)
    result = damage("burn", 4, image, coverage=0.1, strength=0.8, background="white")
    scorched = (result.classes == DamageClass.BURN) & ~result.hole
    assert scorched.mean() > 0.05
    assert (brightness(result.image)[scorched] < brightness(image)[scorched] + 1).mean() > 0.97
    assert (brightness(result.image)[result.hole] < 60).mean() > 0.05
    # Scorched paper turns brown: blue goes first.
    strong = scorched & (brightness(image) > 150) & (brightness(image) - brightness(result.image) > 30)
    assert (result.image[strong][:, 0].astype(int) - result.image[strong][:, 2]).mean() > 60


def test_abrasion_and_flaking_pale_the_ink() -> None:
    image = page(256, 256)
    ink = brightness(image) < 80
    for kind in ("abrasion", "flaking"):
        result = damage(kind, 1, image, coverage=0.15, strength=1.0)
        assert (result.hole & ink).any()
        assert brightness(result.image)[result.hole & ink].mean() > 120, kind


def test_flaking_takes_ink_only() -> None:
    image = page(256, 256)
    result = damage("flaking", 1, image, coverage=0.1)
    # Within a pixel or two of a stroke.
    import cv2

    near = cv2.dilate((brightness(image) < 120).astype(np.uint8), np.ones((7, 7), np.uint8)) > 0
    assert not (result.hole & ~near).any()
    blank = apply_damage(np.full((64, 64, 3), 230, np.uint8), np.random.default_rng(0), ["flaking"], coverage=0.3)
    assert not blank.hole.any()
    assert (blank.image == 230).all()


def test_mould_is_dark_spots_in_a_halo() -> None:
    image = np.full((256, 256, 3), 225, np.uint8)
    result = damage("mould", 1, image, coverage=0.03, strength=1.0)
    assert brightness(result.image)[result.hole].mean() < 110
    halo = (result.classes == DamageClass.MOULD) & ~result.hole
    assert halo.sum() > result.hole.sum() / 2
    assert 110 < brightness(result.image)[halo].mean() < 222


def test_stains_leave_the_text_readable_and_are_no_hole() -> None:
    image = page(256, 256)
    for seed in range(5):
        result = damage("stain", seed, image, coverage=0.3, strength=1.0)
        assert not result.hole.any()
        stained = result.classes == DamageClass.STAIN
        assert 0.2 < stained.mean() < 0.45
        text, paper = stained & (brightness(image) < 60), stained & (brightness(image) > 180)
        assert brightness(result.image)[paper].mean() > brightness(result.image)[text].mean() + 45
        assert brightness(result.image)[paper].mean() < brightness(image)[paper].mean() - 10


def test_tape_hides_the_text_or_lets_it_through() -> None:
    image = page(256, 256)
    text = brightness(image) < 60
    seen = set()
    for seed in range(14):
        result = damage("tape", seed, image, coverage=0.15, strength=0.5)
        opaque = bool(result.hole.any())
        seen.add(opaque)
        taped = result.classes == DamageClass.TAPE
        if opaque:
            assert brightness(result.image)[result.hole & text].mean() > 120
        else:
            assert brightness(result.image)[taped & text].mean() < 110
    assert seen == {True, False}


def test_scratches_are_thin() -> None:
    import cv2

    result = damage("scratch", 1, np.full((512, 512, 3), 90, np.uint8), coverage=0.01, strength=0.7)
    assert 2 * cv2.distanceTransform(result.hole.astype(np.uint8), cv2.DIST_L2, 5).max() < 14
    assert np.abs(brightness(result.image)[result.hole] - 90).mean() > 40


@pytest.mark.parametrize("kind", KINDS)
def test_a_grey_scan_stays_grey(kind: str) -> None:
    grey = np.repeat(brightness(page()).astype(np.uint8)[..., None], 3, axis=2)
    result = damage(kind, 2, grey, strength=1.0, coverage=0.1)
    assert np.ptp(result.image, axis=2).max() <= 1


def test_strength_shows() -> None:
    image = page(256, 256)
    for kind in ("stain", "burn", "crease", "mould"):
        weak, strong = (
            np.mean(
                [
                    np.abs(damage(kind, seed, image, coverage=0.1, strength=s).image.astype(int) - image).mean()
                    for seed in range(4)
                ]
            )
            for s in (0.05, 1.0)
        )
        assert strong > 1.2 * weak, kind


def test_random_combinations_reach_every_kind_and_vary_in_number() -> None:
    seen: set[str] = set()
    numbers: set[int] = set()
    for seed in range(60):
        kinds = [r.kind for r in apply_damage(page(48, 48), np.random.default_rng(seed)).records]
        seen |= set(kinds)
        numbers.add(len(kinds))
    assert seen == set(KINDS)
    assert numbers == {1, 2, 3}


def test_later_damage_lies_over_earlier_one() -> None:
    result = apply_damage(page(200, 200), np.random.default_rng(0), {"tear", "stain"}, coverage=0.4)
    assert [record.kind for record in result.records] == ["stain", "tear"]
    assert (result.classes[result.hole] == DamageClass.TEAR).all()


def test_sizes_follow_the_unit() -> None:
    import cv2

    widths = {0.5: [], 2.0: []}
    for unit, found in widths.items():
        for seed in range(4):
            hole = damage("insect", seed, page(400, 400), coverage=0.05, unit=unit).hole.astype(np.uint8)
            found.append(cv2.distanceTransform(hole, cv2.DIST_L2, 5)[hole > 0].mean())
    assert np.mean(widths[2.0]) > 1.5 * np.mean(widths[0.5])


@pytest.mark.slow
def test_a_whole_page_at_300_dpi() -> None:
    image = page(3508, 2480)
    result = apply_damage(image, np.random.default_rng(1), ["insect"], coverage=0.03)
    assert result.hole.any()
    assert (result.image[result.classes == 0] == image[result.classes == 0]).all()


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"kinds": ["rust"]}, "rust"),
        ({"kinds": []}, "no kind"),
        ({"coverage": 0.0}, "coverage"),
        ({"coverage": (0.5, 0.2)}, "coverage"),
        ({"strength": 1.5}, "strength"),
        ({"background": "green"}, "background"),
        ({"background": (1, 2, 300)}, "background"),
        ({"unit": 0.0}, "unit"),
    ],
)
def test_bad_arguments_are_refused_with_the_fix(values: dict[str, object], told: str) -> None:
    with pytest.raises(ArgumentError, match=told) as error:
        apply_damage(page(32, 32), np.random.default_rng(0), **values)  # type: ignore[arg-type]
    assert error.value.fix


@pytest.mark.parametrize(
    "image",
    [np.zeros((8, 8), np.uint8), np.zeros((8, 8, 4), np.uint8), np.zeros((8, 8, 3)), np.zeros((0, 8, 3), np.uint8)],
)
def test_images_of_another_kind_are_refused(image: NDArray[np.uint8]) -> None:
    with pytest.raises(ArgumentError, match="uint8"):
        apply_damage(image, np.random.default_rng(0))
