"""Which pages of an output can stay as they are."""

from __future__ import annotations

from bokwon.serve.folder.restoration.writer import Writer
from tests.serve.folder.conftest import Opened

BOX = (10, 10, 30, 30)


def test_pages_stay_while_the_output_is_the_one_of_its_record(opened: Opened) -> None:
    for index in (0, 1):
        opened.draw(opened.page("c.tif", index), BOX)
        opened.run(opened.page("c.tif", index) + "/restore")
    writer, entry = Writer(opened.workspace), opened.entry("c.tif")
    assert writer.kept_pages(entry, frozenset({1})) == {2}
    assert writer.kept_pages(entry, frozenset({3})) == {1, 2}
    output = opened.folder / "restored" / "c.tif"
    output.write_bytes(output.read_bytes() + b"\0")
    assert writer.kept_pages(entry, frozenset({1})) is None
    # A file of one page is made anew each time.
    opened.draw(opened.page("a.png"), BOX)
    opened.run(opened.page("a.png") + "/restore")
    assert writer.kept_pages(opened.entry("a.png"), frozenset({1})) is None


def test_all_masks_of_a_file_are_told(opened: Opened) -> None:
    for index in (0, 2):
        opened.draw(opened.page("c.tif", index), BOX)
    masks = Writer(opened.workspace).masks_of(opened.entry("c.tif", 1))
    assert {number: source.name for number, source in masks.pages.items()} == {
        1: "c_mask_p001.png",
        3: "c_mask_p003.png",
    }
