"""What a job says of the file to write."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from bokwon.batch.job import Job, Options, Outcome
from bokwon.batch.mask_matching import Masks
from bokwon.errors import ArgumentError
from bokwon.image_io.reader import Source


def job(target: str | None, file_format: str | None = None) -> Job:
    return Job(Source("page.png", data=b"1"), Masks(), Path(target) if target else None, file_format)


@pytest.mark.parametrize(
    ("target", "asked", "written"),
    [
        ("out.png", None, "PNG"),
        ("out.TIF", None, "TIFF"),
        ("out.jpg", "JPEG", "JPEG"),
        ("out.part", "TIFF", "TIFF"),
        ("out", "PNG", "PNG"),
        (None, None, "PNG"),
        (None, "TIFF", "TIFF"),
    ],
)
def test_the_format_is_the_one_asked_for_or_named(target: str | None, asked: str | None, written: str) -> None:
    assert job(target, asked).output_format == written


def test_a_name_of_another_format_than_the_one_asked_for_is_refused() -> None:
    with pytest.raises(ArgumentError, match=r"out\.jpg is named like JPEG and the format asked for is PNG; leave out"):
        _ = job("out.jpg", "PNG").output_format


@pytest.mark.parametrize("name", ["out", "out.txt"])
def test_a_name_of_no_format_is_refused(name: str) -> None:
    with pytest.raises(ArgumentError, match=f"cannot tell the format of {name} by its extension"):
        _ = job(name).output_format


def test_a_job_is_the_same_in_another_process() -> None:
    given = Job(
        Source("page.tif", Path("page.tif")),
        Masks(Source("mask.tif", data=b"2"), {3: Source("mask_p003.png")}, {3: "tear"}),
        Path("out.tif"),
        options=Options(pages="2-end", find=0.7),
    )
    assert pickle.loads(pickle.dumps(given)) == given


@pytest.mark.parametrize(
    ("restored", "left", "uncertain"),
    [
        (0, {}, False),
        (0, {"crease": 1}, True),
        (0, {"readable stain": 2}, False),
        (0, {"readable stain": 2, "tear": 1}, True),
        (1, {"crease": 1}, False),
    ],
)
def test_a_file_is_uncertain_if_damage_was_found_and_none_was_filled(
    restored: int, left: dict[str, int], uncertain: bool
) -> None:
    assert Outcome(2, restored, 0, 0, 0, searched=True, regions_left=left).uncertain is uncertain
