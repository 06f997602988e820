"""Decoded pages: read once, and again when their file changed."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from bokwon.serve.problems import HttpError
from tests.serve.conftest import picture_of
from tests.serve.folder.conftest import Opened, box_hole, noise


def test_a_page_is_decoded_once_until_its_file_changes(opened: Opened) -> None:
    layers, entry = opened.workspace.layers, opened.entry("a.png")
    first = layers.original(entry)
    assert layers.original(entry) is first
    Image.fromarray(noise(9)).save(opened.folder / "a.png")
    again = layers.original(entry)
    assert (again.page.pixels == noise(9)).all()


def test_pages_of_a_document_are_read_one_by_one(opened: Opened) -> None:
    for index, seed in enumerate((3, 4, 5)):
        assert (
            opened.workspace.layers.original(opened.entry("c.tif", index)).page.pixels == noise(seed, 90, 120)
        ).all()


def test_memory_is_bounded(opened: Opened) -> None:
    layers = opened.workspace.layers
    layers._pages._limit = 100_000
    for index in range(3):
        layers.original(opened.entry("c.tif", index))
    for name in ("a.png", "b.jpg"):
        layers.original(opened.entry(name))
    assert layers._pages.held <= 100_000


def test_a_layer_that_is_not_there_is_told(opened: Opened) -> None:
    entry = opened.entry("a.png")
    for layer in ("restored", "evidence"):
        with pytest.raises(HttpError) as caught:
            opened.workspace.layers.layer(entry, layer)
        assert caught.value.status == 404


def test_what_is_filled_is_shown_before_it_is_written(opened: Opened) -> None:
    address = opened.page("a.png")
    opened.draw(address, (10, 10, 30, 30), (50, 10, 70, 30))
    entry, layers = opened.entry("a.png"), opened.workspace.layers
    desk = opened.desk
    settings = opened.workspace.settings
    # Nobody writes: the queue takes no work.
    opened.jobs._most_waiting = 0
    desk.restoring.restore_part(entry, box_hole((0, 0, 40, 90)), settings, lambda share: None)
    shown = layers.restored(entry)
    hole = box_hole((10, 10, 30, 30))
    assert (shown.page.pixels[hole] != noise(1)[hole]).any()
    assert (shown.page.pixels[~hole] == noise(1)[~hole]).all()
    desk.restoring.restore_part(entry, box_hole((40, 0, 80, 90)), settings, lambda share: None)
    assert layers.restored(entry) is shown
    assert (shown.page.pixels[10:30, 50:70] != noise(1)[10:30, 50:70]).any()
    assert not (opened.folder / "restored" / "a.png").exists()
    # The next start writes it.
    opened.jobs._most_waiting = 10
    assert opened.desk.restoring is not desk.restoring
    opened.settle()
    assert (opened.restored("a.png") == shown.page.pixels).all()
    assert opened.workspace.state.fills() == []


@pytest.mark.parametrize(("name", "again"), [("a.png", False), ("c.tif", False), ("b.jpg", True)])
def test_a_written_page_is_decoded_again_only_if_writing_changes_it(opened: Opened, name: str, again: bool) -> None:
    opened.draw(opened.page(name), (10, 10, 30, 30))
    entry, layers = opened.entry(name), opened.workspace.layers
    # Nobody writes: the queue takes no work.
    opened.jobs._most_waiting = 0
    part = np.ones(layers.original(entry).page.pixels.shape[:2], bool)
    opened.desk.restoring.restore_part(entry, part, opened.workspace.settings, lambda share: None)
    shown = layers.restored(entry)
    opened.desk.restoring.flush(entry, lambda share: None)
    assert (layers.restored(entry) is not shown) == again
    assert entry.target is not None
    written = layers._decode(entry, entry.target).pixels
    assert (layers.restored(entry).page.pixels == written).all()
    assert (shown.page.pixels != written).any() == again


def test_the_evidence_is_shown_of_what_has_a_record(opened: Opened) -> None:
    address = opened.page("a.png")
    opened.draw(address, (10, 10, 30, 30))
    opened.run(address + "/restore")
    tile = picture_of(opened.client.get(address + "/tiles/evidence/7/0_0").content)
    gray = np.ptp(tile.astype(int), axis=-1) == 0
    assert gray[~box_hole((10, 10, 30, 30))].all()
    assert not gray[10:30, 10:30].any()
