from __future__ import annotations

import os
from pathlib import Path, PurePosixPath

import pytest

from bokwon.errors import FileAccessError
from bokwon.utilities.listing import IMAGE_SUFFIXES, list_files, list_folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("b.png", "a.JPG", "notes.txt", ".hidden.png", "sub/c.tif", "sub/ink/d.png", "sub.png/e.bmp"):
        path = tmp_path / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
    return tmp_path / "in"


def is_png(path: Path) -> bool:
    return path.suffix == ".png"


def test_files_are_listed_in_order_of_name_and_hidden_ones_left_out(folder: Path) -> None:
    names = [path.relative_to(folder).as_posix() for path in list_files(folder, "images")]
    assert names == ["a.JPG", "b.png", "sub/c.tif", "sub/ink/d.png", "sub.png/e.bmp"]
    without = list_files(folder, "images", without=("ink",))
    assert folder / "sub/ink/d.png" not in without
    assert len(without) == 4


def test_other_extensions_may_be_asked_for(folder: Path) -> None:
    assert list_files(folder, "texts", suffixes=(".txt",)) == [folder / "notes.txt"]
    assert set(IMAGE_SUFFIXES) == {suffix.lower() for suffix in IMAGE_SUFFIXES}


def test_a_folder_without_such_files_is_named(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(FileAccessError, match="is no folder") as error:
        list_files(tmp_path / "none", "mask images")
    assert "mask images" in error.value.fix
    with pytest.raises(FileAccessError, match="holds no fonts") as error:
        list_files(folder, "fonts", suffixes=(".ttf", ".otf"))
    assert ".otf, .ttf" in error.value.fix


def test_others_are_counted_and_folders_entered_as_told(folder: Path) -> None:
    everything = list_folder(folder, is_png)
    assert everything.files == [PurePosixPath(name) for name in (".hidden.png", "b.png", "sub/ink/d.png")]
    assert everything.others == 4
    assert everything.unlisted == {}
    flat = list_folder(folder, is_png, enter=lambda path: False)
    assert flat.files == [PurePosixPath(".hidden.png"), PurePosixPath("b.png")]


def test_links_to_files_are_followed_and_links_to_folders_are_not(folder: Path) -> None:
    (folder / "link.png").symlink_to(folder / "b.png")
    (folder / "lost.png").symlink_to(folder / "nowhere")
    (folder / "round.png").symlink_to(folder / "round.png")
    (folder / "circle").symlink_to(folder, target_is_directory=True)
    os.mkfifo(folder / "pipe.png")
    found = list_folder(folder, is_png)
    assert PurePosixPath("link.png") in found.files
    # What leads nowhere is listed, so that whoever reads it tells why it cannot.
    assert PurePosixPath("lost.png") in found.files
    assert PurePosixPath("round.png") in found.files
    assert not [name for name in found.files if name.parts[0] == "circle" or name.name == "pipe.png"]


def test_a_folder_that_cannot_be_listed_stops_no_other(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # The superuser may list anything, so the system is made to refuse.
    scandir = os.scandir

    def refuse(path: Path) -> object:
        if path == folder / "sub":
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    found = list_folder(folder, is_png)
    assert found.files == [PurePosixPath(".hidden.png"), PurePosixPath("b.png")]
    assert str(found.unlisted[PurePosixPath("sub")]).startswith(f"{folder / 'sub'} cannot be listed: Permission denied")
    with pytest.raises(FileAccessError, match="cannot be listed"):
        list_folder(folder / "sub", is_png)
