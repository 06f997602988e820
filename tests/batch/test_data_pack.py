"""Sets of scans and masks for others to train with and measure on."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bokwon.batch.data_pack import CONTENTS, Terms, check_set, pack_set
from bokwon.errors import ArgumentError, InputFileError

TERMS = Terms("CC-BY-4.0", "An archive", "Letters")


@pytest.fixture
def scans(tmp_path: Path) -> Path:
    """A photograph that lies on its side, with a mask as it is seen; a sound page; a page without a mask."""
    folder = tmp_path / "scans"
    folder.mkdir()
    exif = Image.Exif()
    exif[0x0112], exif[0x013B] = 6, "A. Person"
    stored = np.full((40, 60, 3), 200, np.uint8)
    stored[:5, :5] = (255, 0, 0)
    Image.fromarray(stored).save(folder / "Kim 1923.png", exif=exif, dpi=(300, 300))
    seen = np.zeros((60, 40), np.uint8)
    seen[50:, :6] = 255
    Image.fromarray(seen).save(folder / "Kim 1923_mask.png")
    for name, mask in (("sound", True), ("alone", False)):
        Image.fromarray(np.full((30, 30), 220, np.uint8)).save(folder / f"{name}.png")
        if mask:
            Image.fromarray(np.zeros((30, 30), np.uint8)).save(folder / f"{name}_mask.png")
    return folder


def samples(path: Path) -> np.ndarray:
    with Image.open(path) as picture:
        return np.array(picture)


def test_pages_stand_upright_and_carry_nothing_but_their_samples(scans: Path, tmp_path: Path) -> None:
    said: list[str] = []
    contents = pack_set(scans, tmp_path / "set", TERMS, say=said.append)
    assert [(page["name"], page["kind"]) for page in contents["pages"]] == [
        ("page_0001", "labelled"),
        ("page_0002", "sound"),
    ]
    assert "alone.png: no mask, left out" in said
    page = samples(tmp_path / "set" / "labelled" / "page_0001.png")
    assert page.shape == (60, 40, 3)
    # The red corner, at the upper left as it is stored, is at the upper right as it is seen.
    assert (page[:5, -5:] == (255, 0, 0)).all()
    assert not (page[:5, :5] == (255, 0, 0)).any()
    mask = samples(tmp_path / "set" / "labelled" / "page_0001_mask.png")
    assert mask[50:, :6].all()
    assert np.count_nonzero(mask) == 60
    assert np.array_equal(mask, samples(tmp_path / "set" / "masks" / "page_0001.png"))
    everything = b"".join(path.read_bytes() for path in (tmp_path / "set").rglob("*") if path.is_file())
    for secret in (b"A. Person", b"Kim", b"eXIf", b"pHYs"):
        assert secret not in everything


def test_what_was_found_and_corrected_is_told(scans: Path, tmp_path: Path) -> None:
    restored = tmp_path / "restored"
    restored.mkdir()
    Image.fromarray(np.zeros((40, 60), np.uint8)).save(restored / "Kim 1923.png.detected.png")
    contents = pack_set(scans, tmp_path / "set", TERMS, restored=restored, keep_names=True)
    [page] = [page for page in contents["pages"] if page["name"] == "Kim 1923"]
    assert page["corrected"] == page["damaged"] == 60 / 2400
    assert samples(tmp_path / "set" / "detected" / "Kim 1923.png").shape == (60, 40)


def test_a_changed_and_a_missing_file_are_found(scans: Path, tmp_path: Path) -> None:
    packed = tmp_path / "set"
    assert pack_set(scans, packed, TERMS) == check_set(packed)
    assert json.loads((packed / CONTENTS).read_text(encoding="utf-8"))["licence"] == "CC-BY-4.0"
    page = packed / "sound" / "page_0002.png"
    page.write_bytes(page.read_bytes() + b"x")
    with pytest.raises(InputFileError, match="was changed"):
        check_set(packed)
    page.unlink()
    with pytest.raises(InputFileError, match="is missing"):
        check_set(packed)
    (packed / CONTENTS).write_text("[]")
    with pytest.raises(InputFileError, match=CONTENTS):
        check_set(packed)


def test_sound_scans_and_masks_of_another_folder_are_taken(scans: Path, tmp_path: Path) -> None:
    masks, sound = tmp_path / "masks", tmp_path / "sound"
    masks.mkdir()
    (scans / "Kim 1923_mask.png").rename(masks / "Kim 1923.png")
    (scans / "sound_mask.png").unlink()
    sound.mkdir()
    (scans / "sound.png").rename(sound / "sound.png")
    contents = pack_set(scans, tmp_path / "set", TERMS, masks=masks, sound=sound)
    assert [page["kind"] for page in contents["pages"]] == ["labelled", "sound"]


def test_folders_inside_are_packed_where_asked(scans: Path, tmp_path: Path) -> None:
    masks, restored, out = (tmp_path / name for name in ("masks", "restored", "set"))
    for folder in (scans, masks, restored):
        (folder / "box 3").mkdir(parents=True)
    (scans / "Kim 1923.png").rename(scans / "box 3" / "Kim 1923.png")
    (scans / "Kim 1923_mask.png").rename(masks / "box 3" / "Kim 1923.png")
    (scans / "sound_mask.png").rename(masks / "sound.png")
    Image.fromarray(np.zeros((40, 60), np.uint8)).save(restored / "box 3" / "Kim 1923.png.detected.png")
    said: list[str] = []
    contents = pack_set(scans, out, TERMS, masks=masks, restored=restored, recursive=True, say=said.append)
    assert [(page["kind"], "corrected" in page) for page in contents["pages"]] == [("labelled", True), ("sound", False)]
    assert "box 3/Kim 1923.png: labelled, page_0001" in said
    # The set itself, once it lies among the scans, is no scan of another one.
    inside = pack_set(scans, scans / "set", TERMS, masks=masks, recursive=True)
    assert len(inside["pages"]) == 2
    assert len(pack_set(scans, tmp_path / "flat", TERMS, masks=masks)["pages"]) == 1


def test_its_readme_names_only_what_it_holds(scans: Path, tmp_path: Path) -> None:
    (scans / "sound_mask.png").unlink()
    said: list[str] = []
    pack_set(scans, tmp_path / "few", TERMS, restored=tmp_path, say=said.append)
    few = (tmp_path / "few" / "README.md").read_text(encoding="utf-8")
    assert f"{tmp_path} holds no damage that bokwon found by itself: the set is without detections" in said
    assert "bokwon evaluate-detect --out report --labelled labelled\n```" in few
    for name in ("sound", "detected"):
        assert f"`{name}/`" not in few
    pack_set(scans, tmp_path / "more", TERMS, sound=scans)
    more = (tmp_path / "more" / "README.md").read_text(encoding="utf-8")
    assert "--labelled labelled --sound sound\nbokwon train --preset detect" in more
    assert "--images sound --masks masks" in more
    assert "`detected/`" not in more


def test_a_mask_that_is_named_like_a_scan_is_of_no_other(tmp_path: Path) -> None:
    scans, masks = tmp_path / "scans", tmp_path / "masks"
    masks.mkdir()
    scans.mkdir()
    for name in ("a.png", "a_p001.png"):
        Image.fromarray(np.full((30, 30), 220, np.uint8)).save(scans / name)
    Image.fromarray(np.eye(30, dtype=bool)).save(masks / "a_p001.png")
    contents = pack_set(scans, tmp_path / "set", TERMS, masks=masks, keep_names=True)
    assert [page["name"] for page in contents["pages"]] == ["a_p001"]


def test_a_set_is_not_mixed_with_other_files(scans: Path, tmp_path: Path) -> None:
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "mine.txt").write_text("mine")
    with pytest.raises(ArgumentError, match="not an empty folder"):
        pack_set(scans, tmp_path / "set", TERMS)
    with pytest.raises(ArgumentError, match="needs a licence"):
        pack_set(scans, tmp_path / "new", Terms(" "))
    assert not (tmp_path / "new").exists()


def test_scans_without_any_mask_are_refused(tmp_path: Path) -> None:
    folder = tmp_path / "scans"
    folder.mkdir()
    Image.fromarray(np.full((30, 30), 220, np.uint8)).save(folder / "a.png")
    with pytest.raises(ArgumentError, match="has a mask"):
        pack_set(folder, tmp_path / "set", TERMS)
