from __future__ import annotations

import dataclasses

import pytest

from bokwon.image_io.metadata import JpegSettings, Metadata, TiffSettings, plausible_dpi


@pytest.mark.parametrize(
    ("across", "down", "expected"),
    [
        (300.0, 150.0, (300.0, 150.0)),
        (1.0, 50_000.0, (1.0, 50_000.0)),
        (0.0, 0.0, None),
        (300.0, 0.5, None),
        (50_001.0, 300.0, None),
        (float("nan"), 300.0, None),
        (float("inf"), 300.0, None),
    ],
)
def test_only_a_resolution_that_means_something_is_kept(
    across: float, down: float, expected: tuple[float, float] | None
) -> None:
    assert plausible_dpi(across, down) == expected


def test_a_page_carries_nothing_unless_told() -> None:
    metadata = Metadata()
    told = {field.name: getattr(metadata, field.name) for field in dataclasses.fields(metadata)}
    assert told.pop("orientation") == 1
    assert set(told.values()) == {None, False}


@pytest.mark.parametrize("settings", [Metadata(), JpegSettings((), 0, False, ()), TiffSettings("raw", {})])
def test_what_was_read_does_not_change(settings: object) -> None:
    name = dataclasses.fields(settings)[0].name  # type: ignore[arg-type]
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(settings, name, None)
