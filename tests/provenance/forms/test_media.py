"""Media types of the formats of the table."""

from __future__ import annotations

from pathlib import PurePath

from bokwon.image_io.formats.table import FORMATS
from bokwon.provenance.forms.media import media_type_of, media_type_of_format


def test_every_format_has_a_media_type() -> None:
    for name, item in FORMATS.items():
        assert media_type_of_format(name) != media_type_of_format("")
        for extension in item.extensions:
            assert media_type_of(PurePath(f"page{extension.upper()}")) == media_type_of_format(name)
    assert media_type_of(PurePath("page.txt")) == "application/octet-stream"
