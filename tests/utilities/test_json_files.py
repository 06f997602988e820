from __future__ import annotations

from pathlib import Path

import pytest

from bokwon.errors import FileAccessError, InputFileError
from bokwon.utilities.json_files import read_object


def test_an_object_is_read(tmp_path: Path) -> None:
    path = tmp_path / "card.json"
    path.write_text('{"이름": "복원", "number": 1}', encoding="utf-8")
    assert read_object(path, "mend it") == {"이름": "복원", "number": 1}


@pytest.mark.parametrize(
    ("content", "said"),
    [("[1]", "holds no JSON object; mend it"), ("{", "is not JSON: "), ("[" * 100_000, "is not JSON: ")],
)
def test_what_is_no_object_is_refused(tmp_path: Path, content: str, said: str) -> None:
    path = tmp_path / "card.json"
    path.write_text(content)
    with pytest.raises(InputFileError, match=said):
        read_object(path, "mend it")


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(FileAccessError, match=r"card.json cannot be read: No such file or directory; name another"):
        read_object(tmp_path / "card.json", "name another")
