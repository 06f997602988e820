"""Options that several commands have: sizes and numbers of processes."""

from __future__ import annotations

import os

import pytest

from bokwon.cli.options import MAX_MPIXELS, parse_size, pixels_of, workers
from bokwon.errors import ArgumentError
from bokwon.image_io import MAX_PIXELS
from bokwon.utilities import processes


def test_commands_and_python_refuse_images_of_the_same_size() -> None:
    assert pixels_of(MAX_MPIXELS) == MAX_PIXELS


def test_a_size_is_width_times_height() -> None:
    assert parse_size("640x480") == parse_size("640X480") == parse_size(" 640×480") == (480, 640)
    assert parse_size("512") == (512, 512)
    for text in ("0", "x", "12x", "2x3x4", "-5", "1.5", "640x0", ""):
        with pytest.raises(ArgumentError, match="is no size; give a side such as 512, or WIDTHxHEIGHT"):
            parse_size(text)


@pytest.mark.parametrize(("cores", "gibibytes", "expected"), [(8, 64, 8), (8, 6, 4), (8, 5.9, 3), (2, 0.5, 1)])
def test_by_default_there_is_a_process_a_core_if_memory_is_enough(
    cores: int, gibibytes: float, expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = {"SC_PHYS_PAGES": int(gibibytes * (1 << 18)), "SC_PAGE_SIZE": 4096}
    monkeypatch.setattr(processes, "available_cores", lambda: cores)
    monkeypatch.setattr(os, "sysconf", values.__getitem__, raising=False)
    monkeypatch.setattr(os, "sysconf_names", values, raising=False)
    assert workers(None) == expected
    assert workers(5) == 5
    monkeypatch.setattr(os, "sysconf_names", {}, raising=False)
    assert workers(None) == cores
