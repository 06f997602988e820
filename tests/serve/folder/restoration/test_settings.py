"""The settings that a request asks for."""

from __future__ import annotations

import pytest

from bokwon.errors import ArgumentError
from bokwon.serve.folder.restoration.settings import settings_of
from bokwon.settings import RestoreSettings

MODELS = ("document", "photo")


def test_a_request_changes_what_it_names() -> None:
    default = RestoreSettings("photo", ensemble=2, threads=1)
    assert settings_of(default, {}, MODELS) == default
    assert settings_of(default, {"model": "document", "finish": "off"}, MODELS) == RestoreSettings(
        "document", ensemble=2, threads=1, finish="off"
    )
    # A classical method takes none of a model's settings.
    assert settings_of(default, {"method": "ns"}, MODELS) == RestoreSettings(method="ns", threads=1)
    telea = RestoreSettings(method="telea")
    assert settings_of(telea, {"method": "model", "model": "photo"}, MODELS) == RestoreSettings("photo")


@pytest.mark.parametrize(
    "told", [{"model": "/etc/passwd"}, {"model": "hf:a/b"}, {"model": 5}, {"method": "magic"}, {"finish": ["off"]}]
)
def test_no_other_file_is_loaded_and_no_other_way_taken(told: dict[str, object]) -> None:
    with pytest.raises(ArgumentError):
        settings_of(RestoreSettings(), told, MODELS)


def test_a_request_names_a_material_or_a_model() -> None:
    own = RestoreSettings("photo")
    assert settings_of(own, {"material": "page"}, MODELS) == RestoreSettings(material="page")
    assert settings_of(RestoreSettings(material="page"), {"model": "photo"}, MODELS) == own
    assert settings_of(RestoreSettings(material="page"), {"method": "ns"}, MODELS) == RestoreSettings(method="ns")
    for told in ({"material": "wood"}, {"material": "page", "model": "photo"}):
        with pytest.raises(ArgumentError):
            settings_of(RestoreSettings(), told, MODELS)
