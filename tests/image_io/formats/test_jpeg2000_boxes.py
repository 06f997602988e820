from __future__ import annotations

import struct

import pytest

from bokwon.image_io.formats import jpeg2000_boxes as boxes


def test_boxes_are_read_as_they_were_written() -> None:
    parts = [(b"xml ", b"<ead/>"), (b"jp2c", b"")]
    assert list(boxes.read_boxes(b"".join(boxes.box(*part) for part in parts))) == parts


def test_the_last_box_may_go_to_the_end_and_a_long_one_has_its_own_length() -> None:
    long = struct.pack(">I4sQ", 1, b"xml ", 19) + b"abc"
    assert list(boxes.read_boxes(long + struct.pack(">I4s", 0, b"jp2c") + b"rest")) == [
        (b"xml ", b"abc"),
        (b"jp2c", b"rest"),
    ]


@pytest.mark.parametrize("length", [4, 15])
def test_a_box_that_does_not_fit_is_refused(length: int) -> None:
    with pytest.raises(ValueError, match="do not fit"):
        list(boxes.read_boxes(struct.pack(">I4s", length, b"jp2h") + b"abcdef"))


def test_resolution_counts_pixels_where_the_grid_is_finer() -> None:
    # 11811 in a metre are 300 in an inch; vertical comes first.
    content = struct.pack(">HHHHbb", 11811, 1, 11811, 2, 0, 0)
    header = boxes.box(b"res ", boxes.box(b"resc", content))
    assert boxes.resolution(header, (1, 1)) == pytest.approx((150, 300), rel=1e-4)
    assert boxes.resolution(header, (2, 3)) == pytest.approx((75, 100), rel=1e-4)
