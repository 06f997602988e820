"""Settings of a restoration: what is refused, what `finish` stands for, and that every way in has the same defaults."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import bokwon
from bokwon.cli.main import main
from bokwon.errors import ArgumentError
from bokwon.settings import RestoreSettings, choices


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"method": "magic"}, "method cannot be 'magic'; choose model, telea or ns"),
        ({"method": "telea", "precision": "int9"}, "precision cannot be 'int9'"),
        ({"method": "telea", "precision": "int8"}, "method telea takes no precision"),
        ({"method": "ns", "engine": "onnx"}, "method ns takes no engine"),
        ({"method": "ns", "model": "photo"}, "leave out model or method"),
        ({"threads": -2}, "threads cannot be -2; give a whole number from 1 up"),
        ({"threads": 0}, "threads cannot be 0"),
        ({"threads": True}, "threads cannot be True"),
        ({"threads": 2.0}, "threads cannot be 2.0"),
        ({"grow": -1}, "grow cannot be -1; give a whole number from 0 to 32"),
        ({"grow": 33}, "grow cannot be 33"),
        ({"grow": None}, "grow cannot be None"),
        ({"grow": False}, "grow cannot be False"),
        ({"tile": "large"}, "tile cannot be 'large'"),
        ({"ensemble": 3}, "ensemble cannot be 3; choose 1, 2 or 4"),
        ({"ensemble": True}, "ensemble cannot be True"),
        ({"ensemble": "2"}, "ensemble cannot be '2'"),
        ({"ensemble": 2.0}, "ensemble cannot be 2.0"),
        ({"engine": "steam"}, "engine cannot be 'steam'"),
        ({"material": "wood"}, "material cannot be 'wood'; choose auto, page, photo or rubbing"),
        ({"material": "photo", "method": "ns"}, "method ns takes no material"),
        ({"material": "photo", "model": "photo"}, "material photo and model photo cannot be given together"),
        ({"finish": "glossy"}, "finish cannot be 'glossy'; choose standard, conservative or off"),
        ({"ink": ["patches"]}, r"ink cannot be \['patches'\]"),
        ({"grain": None}, "grain cannot be None"),
        ({"letters": np.zeros(2)}, "letters cannot be array"),
        ({"model": 3}, "model cannot be 3; give a name or a path"),
    ],
)
def test_nonsense_is_refused(given: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        bokwon.restore(np.zeros((8, 8), np.uint8), np.eye(8, dtype=bool), **given)


def test_settings_cannot_change_and_have_no_others() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        RestoreSettings().grow = 2  # type: ignore[misc]
    with pytest.raises(TypeError, match="widen"):
        RestoreSettings(widen=2)  # type: ignore[call-arg]


@pytest.mark.parametrize(
    ("given", "for_pages", "expected"),
    [
        ({}, True, ("patches", "off", "restore")),
        ({}, False, ("off", "off", "restore")),
        ({"finish": "conservative"}, True, ("patches", "off", "leave")),
        ({"finish": "conservative"}, False, ("off", "off", "leave")),
        ({"finish": "off"}, True, ("off", "off", "restore")),
        ({"finish": "off", "ink": "patches", "letters": "leave"}, True, ("patches", "off", "leave")),
        ({"finish": "conservative", "letters": "restore", "grain": "match"}, True, ("patches", "match", "restore")),
        ({"grain": "match"}, False, ("off", "match", "restore")),
    ],
)
def test_finish_stands_for_three_settings_which_override_it(
    given: dict[str, Any], for_pages: bool, expected: tuple[str, str, str]
) -> None:
    decided = RestoreSettings(**given).resolved(for_pages=for_pages)
    assert (decided.ink, decided.grain, decided.letters) == expected
    assert decided.finish == given.get("finish", "standard")
    assert decided.resolved(for_pages=not for_pages) == decided


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, ("off", "copy", "restore")),
        ({"finish": "conservative"}, ("off", "copy", "leave")),
        ({"finish": "off"}, ("off", "off", "restore")),
        ({"grain": "match"}, ("off", "match", "restore")),
        ({"ink": "patches"}, ("patches", "off", "restore")),
    ],
)
def test_photographs_get_texture(given: dict[str, Any], expected: tuple[str, str, str]) -> None:
    decided = RestoreSettings(**given).resolved(for_pages=False, for_photographs=True)
    assert (decided.ink, decided.grain, decided.letters) == expected


@pytest.mark.parametrize("given", [{}, {"ink": "patches"}])
def test_patches_and_texture_exclude_each_other(given: dict[str, Any]) -> None:
    with pytest.raises(ArgumentError, match="have its grain already") as error:
        RestoreSettings(grain="copy", **given).resolved(for_pages=True)
    assert "--ink off" in error.value.fix
    assert RestoreSettings(grain="copy", ink="off").resolved(for_pages=True).grain == "copy"


def test_every_setting_has_a_sentence_of_help_and_a_panel() -> None:
    for item in dataclasses.fields(RestoreSettings):
        assert item.metadata["help"].endswith(".")
        assert item.metadata["panel"] in ("Masks", "Model", "Advanced")
        assert not choices(item.name) or item.default in choices(item.name)


@pytest.mark.parametrize("finish", [None, "conservative", "off"])
def test_class_function_and_command_give_the_same_pixels(
    finish: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(3)
    page = np.clip(200 + 4 * rng.standard_normal((200, 300)), 0, 255).astype(np.uint8)
    page[::20] = page[1::20] = page[2::20] = 30
    hole = np.zeros(page.shape, bool)
    hole[60:140, 60:240] = True
    given: dict[str, Any] = {} if finish is None else {"finish": finish}
    by_function = bokwon.restore(page, hole, **given).image
    by_class = bokwon.Restorer(RestoreSettings(**given) if given else None).restore(page, hole).image
    np.testing.assert_array_equal(by_class, by_function)
    monkeypatch.chdir(tmp_path)
    Image.fromarray(page).save("page.png")
    Image.fromarray(hole).save("mask.png")
    options = [f"--{name}={value}" for name, value in given.items()]
    with pytest.raises(SystemExit) as caught:
        main(["restore", "page.png", "out.png", "--mask", "mask.png", *options])
    assert not caught.value.code
    with Image.open("out.png") as image:
        np.testing.assert_array_equal(np.array(image), by_function)
    # The three differ from one another: by whether patches are put, and by what lies deep in the hole.
    others = [each for each in choices("finish") if each != (finish or "standard")]
    for other in others:
        assert (bokwon.restore(page, hole, finish=other).image[hole] != by_function[hole]).any()
