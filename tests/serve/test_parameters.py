"""Parameters: what is read, what is refused, and that the settings of a restoration are all there."""

from __future__ import annotations

import dataclasses

import pytest

from bokwon.errors import ArgumentError
from bokwon.image_io.masks import MaskOptions
from bokwon.serve.parameters import DETECT, MASKS, RESTORE, mask_options, read_parameters, restore_settings
from bokwon.settings import RestoreSettings


def test_defaults_are_those_of_the_command() -> None:
    values = read_parameters([], RESTORE)
    assert restore_settings(values, None) == RestoreSettings()
    assert mask_options(values) == MaskOptions()
    assert (values["certain"], values["format"], values["pages"], values["record"]) == (0.9, None, None, False)


def test_every_setting_of_the_pixels_is_a_parameter() -> None:
    of_the_machine = {"_", "engine", "precision", "tile", "threads"}
    settings = {item.name for item in dataclasses.fields(RestoreSettings)} - of_the_machine
    assert settings <= {item.name for item in RESTORE}


def test_texts_become_values() -> None:
    given = [("model", "photo"), ("grow", "3"), ("ensemble", "4"), ("allow_large", "true"), ("holes", "black")]
    values = read_parameters([*given, ("certain", "0.25"), ("format", "jpeg2000"), ("pages", "1,3-end")], RESTORE)
    assert restore_settings(values, 2) == RestoreSettings("photo", grow=3, ensemble=4, threads=2)
    assert mask_options(values) == MaskOptions(white_is_hole=False, allow_large=True)
    assert (values["certain"], values["format"], values["pages"]) == (0.25, "jpeg2000", "1,3-end")


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("grow", "33", "give a whole number from 0 to 32"),
        ("grow", "-1", "give a whole number from 0 to 32"),
        ("grow", "1.5", "give a whole number from 0 to 32"),
        ("certain", "nan", "give a number from 0.01 to 1"),
        ("certain", "inf", "give a number from 0.01 to 1"),
        ("certain", "", "give a number from 0.01 to 1"),
        ("ensemble", "3", "choose one of 1, 2, 4"),
        ("method", "magic", "choose one of model, telea, ns"),
        ("format", "pdf", "choose one of png, jpeg, tiff, webp, bmp, jpeg2000"),
        ("record", "yes", "choose one of true, false"),
        ("pages", "1" * 1001, "give at most 1000 characters"),
        ("threads", "4", "there is no parameter 'threads'"),
    ],
)
def test_values_that_cannot_be_are_refused(name: str, text: str, message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        read_parameters([(name, text)], RESTORE)


@pytest.mark.parametrize("model", ["/etc/passwd", "../document", "hf:owner/name", "document.onnx", "", "C:\\model"])
def test_models_are_named_and_never_paths_or_downloads(model: str) -> None:
    with pytest.raises(ArgumentError, match="model cannot be"):
        read_parameters([("model", model)], RESTORE)


def test_settings_that_contradict_each_other_are_refused() -> None:
    with pytest.raises(ArgumentError, match="method telea takes no model"):
        restore_settings(read_parameters([("method", "telea"), ("model", "photo")], RESTORE), None)


def test_what_is_given_twice_is_refused() -> None:
    with pytest.raises(ArgumentError, match="grow is given twice"):
        read_parameters([("grow", "1"), ("grow", "1")], RESTORE)


def test_pages_count_from_one() -> None:
    for known in (DETECT, MASKS):
        assert read_parameters([], known)["page"] == 1
        with pytest.raises(ArgumentError, match="page cannot be '0'"):
            read_parameters([("page", "0")], known)
