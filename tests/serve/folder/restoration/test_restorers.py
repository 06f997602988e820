"""Restorers that are kept, and the material of a page."""

from __future__ import annotations

import numpy as np
import pytest

from bokwon.image_io.metadata import Metadata
from bokwon.image_io.page import Page
from bokwon.inpaint import restorer
from bokwon.inpaint.material import Verdict
from bokwon.serve.folder.restoration import restorers
from bokwon.serve.folder.restoration.restorers import Restorers
from bokwon.serve.folder.view.shown import ShownPage
from bokwon.settings import Material, RestoreSettings
from tests.serve.folder.conftest import SIZE, box_hole, noise

HOLE = box_hole((10, 10, 30, 30))


def test_the_restorers_used_last_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(restorers, "_MOST_LOADED", 2)
    kept = Restorers()
    first, second, third = (RestoreSettings(method="telea", grow=grow) for grow in range(3))
    of_first, of_second = kept.of(first), kept.of(second)
    assert kept.of(first) is of_first
    kept.of(third)
    assert kept.of(first) is of_first
    assert kept.of(second) is not of_second


def test_a_page_is_classified_once_for_each_version_of_its_mask(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[int, ...]] = []
    shows: list[Material] = ["photo", "rubbing"]

    def classify(pixels: np.ndarray, mode: str, hole: np.ndarray) -> Verdict:
        asked.append(pixels.shape)
        return Verdict(shows[len(asked) - 1], True, "")

    monkeypatch.setattr(restorer, "classify", classify)
    shown, kept = ShownPage(Page(noise(1), "RGB", "PNG", Metadata())), Restorers()
    settings = RestoreSettings()
    assert [kept.of_page(settings, shown, HOLE, 1).material for _ in range(3)] == ["photo"] * 3
    assert [kept.of_page(settings, shown, HOLE, 2).material for _ in range(2)] == ["rubbing"] * 2
    assert asked == [(*SIZE, 3)] * 2


def test_settings_with_a_material_need_no_classification(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(restorer, "classify")
    shown, kept = ShownPage(Page(noise(1), "RGB", "PNG", Metadata())), Restorers()
    settings = RestoreSettings(material="rubbing")
    assert kept.of_page(settings, shown, HOLE, 1) is kept.of(settings)
    assert kept.of(settings).material == "rubbing"
