from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bokwon.errors import FileAccessError, OutputExistsError
from bokwon.synthesis.masks.bins import Cell
from bokwon.synthesis.masks.files import close_set, mask_record, open_set, save_mask, writing_into


def test_a_mask_is_one_bit_and_white_is_hole(tmp_path: Path) -> None:
    hole = np.zeros((9, 13), bool)
    hole[2:5, 3:11] = True
    save_mask(tmp_path / "new" / "mask.png", hole)
    with Image.open(tmp_path / "new" / "mask.png") as image:
        assert image.mode == "1"
        np.testing.assert_array_equal(np.array(image), hole)
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["mask.png"]


def test_a_line_of_the_manifest_tells_the_share() -> None:
    hole = np.zeros((10, 10), bool)
    hole[:3] = True
    expected = {"file": "a.png", "kind": "blobs", "ratio": 0.3, "bin": 3, "border": True, "seed": [1, 2]}
    assert mask_record("a.png", hole, Cell(3, True), "blobs", [1, 2]) == expected


def test_a_set_is_marked_until_it_is_closed(tmp_path: Path) -> None:
    out = tmp_path / "set"
    assert open_set(out, {"seed": 1}) is False
    assert (out / "INCOMPLETE").exists()
    assert open_set(out, {"seed": 1}) is False
    (out / "manifest.jsonl.part").write_text("{}")
    close_set(out, [{"file": "a.png"}, {"file": "b.png"}])
    lines = (out / "manifest.jsonl").read_text().splitlines()
    assert [json.loads(line)["file"] for line in lines] == ["a.png", "b.png"]
    assert sorted(path.name for path in out.iterdir()) == ["manifest.jsonl", "settings.json"]
    assert open_set(out, {"seed": 1}) is True


def test_other_sets_and_files_are_kept(tmp_path: Path) -> None:
    open_set(tmp_path / "set", {"seed": 1})
    with pytest.raises(OutputExistsError, match="another set"):
        open_set(tmp_path / "set", {"seed": 2})
    (tmp_path / "set" / "settings.json").write_text("{")
    with pytest.raises(OutputExistsError, match="damaged"):
        open_set(tmp_path / "set", {"seed": 1})
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("keep me")
    with pytest.raises(OutputExistsError, match="other files"):
        open_set(tmp_path / "mine", {"seed": 1})
    (tmp_path / "file").write_text("")
    with pytest.raises(FileAccessError, match="cannot write to"):
        open_set(tmp_path / "file" / "set", {"seed": 1})


def test_an_unwritable_folder_is_named_with_the_reason() -> None:
    told = "cannot write to out: No space left on device; name a folder"
    with pytest.raises(FileAccessError, match=told), writing_into(Path("out")):
        raise OSError(28, "No space left on device")
