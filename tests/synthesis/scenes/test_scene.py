"""Scenes: the labels say where damage is, the rest is as it was."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from bokwon.synthesis.scenes.classes import CLASSES, IGNORE, NOT_DAMAGE
from bokwon.synthesis.scenes.scene import draw_scene
from bokwon.synthesis.scenes.sources import Sources

SIZE = 160


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A folder of pages, photographs, films and papers, all made here."""
    rng = np.random.default_rng(0)
    root = tmp_path_factory.mktemp("sources")
    for name in ("pages", "photos", "papers", "films/hair", "films/lint", "films/dirt", "films/spots"):
        (root / name).mkdir(parents=True)
    for name in ("sprinkles", "scratches", "dots", "smut", "stain"):
        (root / "films" / name).mkdir()
    page = np.full((300, 240, 3), 225, np.uint8)
    for row in range(30, 280, 20):
        cv2.putText(page, "bokwon page", (20, row), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (40, 30, 30), 1)
    cv2.imwrite(str(root / "pages/one.png"), page)
    photo = cv2.resize(rng.integers(0, 256, (12, 12, 3), dtype=np.uint8), (200, 200), interpolation=cv2.INTER_CUBIC)
    cv2.imwrite(str(root / "photos/one.png"), photo)
    cv2.imwrite(str(root / "papers/one.png"), np.full((100, 100, 3), 180, np.uint8))
    film = np.zeros((100, 100), np.uint8)
    cv2.line(film, (10, 20), (90, 70), 255, 3)
    for kind in (root / "films").iterdir():
        cv2.imwrite(str(kind / "one.png"), film)
    return {name: str(root / name) for name in ("pages", "photos", "films", "papers")}


@pytest.fixture(scope="module")
def sources(folders: dict[str, str]) -> Sources:
    return Sources(
        pages=(folders["pages"],), photos=(folders["photos"],), films=folders["films"], papers=folders["papers"]
    )


def test_a_sound_scene_has_no_damage(sources: Sources) -> None:
    for number in range(8):
        scene = draw_scene(np.random.default_rng(number), sources, SIZE, damaged=False)
        assert scene.image.shape == (SIZE, SIZE, 3)
        assert set(np.unique(scene.labels)) <= {0, 1, NOT_DAMAGE}
        assert (scene.image == scene.clean).all()


def test_damage_is_where_the_labels_say(sources: Sources) -> None:
    seen: set[int] = set()
    for number in range(40):
        scene = draw_scene(np.random.default_rng((1, number)), sources, SIZE, damaged=True)
        labels = {int(value) for value in np.unique(scene.labels)}
        assert labels <= {*range(len(CLASSES)), NOT_DAMAGE, IGNORE}
        seen |= labels
        untouched = (scene.labels < 2) | (scene.labels == NOT_DAMAGE)
        changed = np.abs(scene.image.astype(int) - scene.clean).max(-1)
        # Faint changes may be left unlabelled; what is plain to see may not.
        assert not untouched.any() or np.percentile(changed[untouched], 99) <= 25
    assert {CLASSES.index(kind) for kind in ("missing paper", "tear", "crease", "scratch", "film and dust")} <= seen


def test_the_same_numbers_give_the_same_scene(folders: dict[str, str]) -> None:
    first, second = (
        draw_scene(np.random.default_rng(5), Sources(pages=(folders["pages"],)), SIZE, damaged=True) for _ in range(2)
    )
    assert (first.image == second.image).all()
    assert (first.labels == second.labels).all()


def test_without_films_there_is_no_film_damage(folders: dict[str, str]) -> None:
    sources = Sources(pages=(folders["pages"],))
    for number in range(15):
        scene = draw_scene(np.random.default_rng((2, number)), sources, SIZE, damaged=True)
        assert not (scene.labels == CLASSES.index("film and dust")).any()
