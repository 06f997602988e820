from __future__ import annotations

import unicodedata
from pathlib import Path, PurePosixPath

import pytest

from bokwon.batch.mask_table import TableRow, read_table
from bokwon.errors import FileAccessError, InputFileError


def test_a_table_names_masks_pages_and_damage(tmp_path: Path) -> None:
    table = tmp_path / "table.csv"
    text = "\ufeffimage,mask,page,damage\na.png,m/a.png,,\nsub\\b.tif,m/b1.png,1, tear \nsub/b.tif,m/b2.png,2,\n"
    table.write_text(text, encoding="utf-8")
    assert read_table(table) == {
        PurePosixPath("a.png"): {0: TableRow(tmp_path / "m/a.png")},
        PurePosixPath("sub/b.tif"): {
            1: TableRow(tmp_path / "m/b1.png", "tear"),
            2: TableRow(tmp_path / "m/b2.png"),
        },
    }


def test_a_table_from_windows_is_understood(tmp_path: Path) -> None:
    (tmp_path / "m").mkdir()
    (tmp_path / "m/Leaf1.PNG").touch()
    name = unicodedata.normalize("NFD", "복원.png")
    (tmp_path / "m" / name).touch()
    table = tmp_path / "table.csv"
    expected = {
        PurePosixPath("in/leaf1.jpg"): {0: TableRow(tmp_path / "m/Leaf1.PNG")},
        PurePosixPath("복원.jpg"): {0: TableRow(tmp_path / "m" / name)},
    }
    for separator in (", ", ",", ";", "\t"):
        lines = ("Image|Mask", r"in\Leaf1.JPG|m\leaf1.png", r"복원.JPG|m\복원.png", "")
        text = "\r\n".join(lines).replace("|", separator)
        table.write_bytes(b"\xef\xbb\xbf" + text.encode())
        assert read_table(table) == expected, separator


@pytest.mark.parametrize("encoding", ["cp949", "utf-16"])
def test_another_encoding_is_named_with_the_remedy(tmp_path: Path, encoding: str) -> None:
    table = tmp_path / "table.csv"
    table.write_bytes("image,mask\n가.png,가-mask.png\n".encode(encoding))
    with pytest.raises(InputFileError, match=f"probably in {encoding.upper()}") as error:
        read_table(table)
    assert "CSV UTF-8" in error.value.fix
    assert f"iconv -f {encoding.upper()} -t UTF-8 table.csv" in error.value.fix


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("picture,mask\na.png,b.png\n", "lacks the columns"),
        ("", "lacks the columns"),
        ("image,mask\na.png,\n", "line 2"),
        ("image,mask,page\na.png,b.png,one\n", "line 2"),
        ("image,mask\na.png,b.png\na.png,c.png\n", "two masks for a.png"),
    ],
)
def test_a_damaged_table_is_named(tmp_path: Path, text: str, told: str) -> None:
    table = tmp_path / "table.csv"
    table.write_text(text)
    with pytest.raises(InputFileError, match=told):
        read_table(table)
    table.write_bytes(b"image,mask\n\xff\xff.png,b.png\n")
    with pytest.raises(InputFileError, match="UTF-8"):
        read_table(table)
    with pytest.raises(FileAccessError, match="cannot be read"):
        read_table(tmp_path / "none.csv")
